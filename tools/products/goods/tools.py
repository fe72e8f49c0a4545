"""Tools, cutlery and small things that lie flat."""

from __future__ import annotations

import numpy as np
from shapes import ball, block, curve, hoop, lathe, plate, tube
from surfaces import Palette

from goods.home import smooth_profile
from goods.part import Part, each

Rng = np.random.Generator


def hammer(rng: Rng, of: Palette) -> list[Part]:
    grip = of(str(rng.choice(["wood", "main"])))
    parts = [
        Part(tube([(0, -1.2, 0.1), (0, -0.2, 0.1), (0, 0.75, 0.1)], [0.1, 0.075, 0.06]).scaled(1, 1, 0.9), grip),
        Part(block(0.5, 0.24, 0.24).moved(x=0.1, y=0.8, z=-0.02), of("metal"), 0.04),
        Part(lathe([(0.14, 0), (0.15, 0.15)], smooth=False).turned("y", 90).moved(0.35, 0.8, 0.1), of("metal"), 0.02),
    ]
    if rng.random() < 0.6:
        for y in (-0.07, 0.07):
            claw = curve([(-0.1, 0.8 + y, 0.12), (-0.4, 0.78 + y, 0.1), (-0.62, 0.6 + y * 1.4, 0.06)])
            parts.append(Part(tube(claw, np.linspace(0.08, 0.025, len(claw))), of("metal")))
    if rng.random() < 0.5:
        parts.append(Part(tube([(0, -1.22, 0.1), (0, -0.4, 0.1)], 0.115).scaled(1, 1, 0.9), of("rubber")))
    return parts


def screwdriver(rng: Rng, of: Palette) -> list[Part]:
    length = rng.uniform(0.6, 1.5)
    grip = [(1e-4, 0), *smooth_profile([(0.13, 0.02), (0.17, 0.2), (0.13, 0.65), (0.16, 0.8), (0.06, 0.95)])]
    shaft = tube([(0, 0, 0.9), (0, 0, 0.9 + length)], 0.045)
    tip = block(0.13, 0.03, 0.12).moved(z=0.88 + length)
    parts = [Part(lathe(grip, sides=int(rng.choice([6, 8, 32]))), of("main")), Part(shaft, of("metal"))]
    parts.append(Part(tip, of("metal"), 0.01))
    return each(parts, lambda mesh: mesh.turned("x", 90).moved(z=0.17))


def wrench(rng: Rng, of: Palette) -> list[Part]:
    opening, reach = rng.uniform(0.12, 0.22), rng.uniform(0.3, 0.4)
    around = np.radians(np.linspace(125, 415, 24))
    jaw = [(reach * np.cos(a), reach * np.sin(a)) for a in around]
    mouth = [(opening, reach * 0.85), (opening, 0.0), (-opening, 0.0), (-opening, reach * 0.85)]
    head = plate([*jaw, *mouth], 0.12)
    parts = [
        Part(head.moved(y=1.0), of("metal"), 0.015),
        Part(block(0.24, 1.7, 0.09).moved(y=0.0, z=0.015), of("metal"), 0.03),
        Part(hoop(0.24, 0.085).scaled(1, 1, 0.8).moved(y=-1.0, z=0.06), of("metal")),
    ]
    return parts


def scissors(rng: Rng, of: Palette) -> list[Part]:
    spread, length = float(rng.uniform(2, 30)), rng.uniform(0.9, 1.4)
    parts = []
    for side in (-1, 1):
        blade = plate([(-0.09, -0.1), (0.07, -0.1), (0.06, length * 0.6), (0.0, length), (-0.05, length * 0.7)], 0.03)
        stem = curve([(0, -0.05), (side * 0.12, -0.35), (side * 0.16, -0.5)])
        stem3 = np.concatenate([stem, np.full((len(stem), 1), 0.04)], 1)
        ring = hoop(0.26, 0.06).scaled(0.8, 1.15, 0.8).moved(side * 0.2, -0.78, 0.05)
        for mesh, kind, bevel in ((blade, "metal", 0.005), (tube(stem3, 0.065), "main", 0), (ring, "main", 0)):
            parts.append(Part(mesh.turned("z", side * spread).moved(z=0.02 * side + 0.03), of(kind), bevel))
    return [*parts, Part(lathe([(0.06, 0.0), (0.06, 0.12)], smooth=False), of("metal"), 0.01)]


def pliers(rng: Rng, of: Palette) -> list[Part]:
    parts = [Part(lathe([(0.17, 0), (0.17, 0.16)], smooth=False), of("metal"), 0.02)]
    spread = float(rng.uniform(3, 18))
    for side in (-1, 1):
        jaw = plate([(0, -0.1), (0.16, 0), (0.13, 0.4), (0.04, 0.75), (0.0, 0.75)], 0.14)
        jaw = jaw if side > 0 else jaw.turned("y", 180).moved(z=0.14)
        path = curve(
            [(side * 0.03, -0.05, 0.08), (side * 0.22, -0.5, 0.08), (side * 0.2, -1.1, 0.08), (side * 0.28, -1.4, 0.08)]
        )
        parts.append(Part(jaw.turned("z", -side * spread * 0.5), of("metal"), 0.01))
        parts.append(Part(tube(path, 0.085).turned("z", side * spread), of("main")))
    return parts


def cutlery(rng: Rng, of: Palette) -> list[Part]:
    kind = rng.choice(["spoon", "fork", "knife"])
    path = curve([(0, -1.3, 0.04), (0, -0.3, 0.07), (0, 0.5, 0.1)])
    grip = of("metal" if rng.random() < 0.7 else "main")
    parts = [Part(tube(path, np.linspace(0.08, 0.045, len(path))).scaled(1.3, 1, 0.6), grip)]
    if kind == "spoon":
        dish = [(1e-4, 0), *smooth_profile([(0.15, 0.02), (0.27, 0.1)]), (0.25, 0.11), (0.13, 0.05), (1e-4, 0.04)]
        parts.append(Part(lathe(dish).scaled(0.9, 1.5, 1).moved(y=0.85), of("metal")))
    elif kind == "fork":
        parts.append(
            Part(
                plate(curve([(-0.06, 0.45), (0.06, 0.45), (0.19, 0.8), (-0.19, 0.8)], closed=True), 0.04).moved(z=0.06),
                of("metal"),
            )
        )
        for x in np.linspace(-0.15, 0.15, 4):
            tine = curve([(x, 0.75, 0.08), (x, 1.0, 0.06), (x, 1.3, 0.1)])
            parts.append(Part(tube(tine, np.linspace(0.035, 0.018, len(tine))), of("metal")))
    else:
        blade = plate(curve([(-0.1, 0.4), (0.1, 0.4), (0.14, 1.0), (0.02, 1.7), (-0.1, 1.5)], closed=True), 0.03)
        parts.append(Part(blade.moved(z=0.05), of("metal")))
    return parts


def key(rng: Rng, of: Palette) -> list[Part]:
    bit = [(-0.06, -1.1), (0.06, -1.1)]
    for y in np.linspace(-1.0, -0.5, 7):
        bit += [(rng.uniform(0.1, 0.24), y), (rng.uniform(0.1, 0.24), y + 0.05)]
    outline = [*bit, (0.07, -0.3), (-0.07, -0.3)]
    parts = [
        Part(plate(outline, 0.06), of("metal"), 0.008),
        Part(hoop(0.24, 0.07).scaled(1.1, 1, 0.5).moved(y=-0.02, z=0.03), of("metal")),
    ]
    if rng.random() < 0.6:
        parts.append(Part(hoop(0.3, 0.02).turned("x", 25).moved(0.1, 0.4, 0.12), of("metal")))
        parts.append(
            Part(block(0.3, 0.55, 0.1).turned("z", float(rng.uniform(-60, 60))).moved(0.2, 0.95), of("main"), 0.04)
        )
    return parts


def glasses(rng: Rng, of: Palette) -> list[Part]:
    frame, tall = rng.uniform(0.02, 0.06), rng.uniform(0.7, 1.0)
    parts = []
    for side in (-1, 1):
        rim = hoop(0.42, frame).scaled(1, tall, 1).turned("x", 90).moved(side * 0.52, 0, 0.4)
        parts.append(Part(rim, of("main")))
        if rng.random() < 0.5:
            parts.append(Part(ball(0.42, 0.01, 0.42 * tall).moved(side * 0.52, 0, 0.4), of("dark")))
        temple = curve(
            [(side * 0.93, 0, 0.45), (side * 0.96, 0.7, 0.45), (side * 0.94, 1.15, 0.4), (side * 0.92, 1.4, 0.1)]
        )
        parts.append(Part(tube(temple, frame), of("main")))
    bridge = curve([(-0.12, 0, 0.46), (0, 0, 0.52), (0.12, 0, 0.46)])
    return [*parts, Part(tube(bridge, frame), of("main"))]


def watch(rng: Rng, of: Palette) -> list[Part]:
    width, turn = rng.uniform(0.16, 0.26), np.linspace(np.radians(20), np.radians(340), 60)
    path = np.stack([0.62 * np.sin(turn), np.zeros(60), 0.75 + 0.7 * np.cos(turn)], 1)
    strap = of(str(rng.choice(["main", "metal", "rubber"])))
    case = [(1e-4, 0), (0.38, 0), (0.42, 0.06), (0.4, 0.15), (0.35, 0.17), (1e-4, 0.17)]
    parts = [
        Part(tube(path, 0.045).scaled(1, width / 0.045, 1), strap),
        Part(lathe(case).moved(z=1.4), of("metal")),
        Part(lathe([(0.34, 0.172), (0.34, 0.175)]).moved(z=1.4), of("dark" if rng.random() < 0.5 else "light")),
        Part(ball(0.05, 0.05, 0.05).moved(x=0.44, z=1.48), of("metal")),
    ]
    tip = float(rng.uniform(50, 110))
    return each(parts, lambda mesh: mesh.turned("x", tip).moved(z=0.5))


def brush(rng: Rng, of: Palette) -> list[Part]:
    grip = tube(curve([(0, -1.3, 0.1), (0, -0.5, 0.12), (0, 0.3, 0.1)]), 0.09).scaled(1, 1, 0.8)
    wide = rng.uniform(0.15, 0.5)
    parts = [Part(grip, of("wood")), Part(block(wide * 2, 0.3, 0.16).moved(y=0.4), of("metal"), 0.02)]
    hair = of("second")
    for x, z in zip(rng.uniform(-wide, wide, 160), rng.uniform(0.02, 0.14, 160), strict=True):
        end = (x * 1.05 + rng.normal(0, 0.02), 1.0 + rng.uniform(-0.05, 0.05), z)
        parts.append(Part(tube([(x, 0.5, z), end], 0.012, sides=5), hair))
    return parts


def racket(rng: Rng, of: Palette) -> list[Part]:
    parts = [
        Part(hoop(0.6, 0.045).scaled(0.85, 1.1, 1).moved(y=0.9, z=0.06), of("main")),
        Part(tube([(0, -1.3, 0.06), (0, -0.6, 0.06)], 0.075), of("rubber")),
        Part(tube([(0, -0.7, 0.06), (0, -0.2, 0.06)], 0.045), of("main")),
    ]
    for side in (-1, 1):
        parts.append(
            Part(tube(curve([(0, -0.2, 0.06), (side * 0.12, 0.0, 0.06), (side * 0.3, 0.36, 0.06)]), 0.045), of("main"))
        )
    for t in np.linspace(-0.9, 0.9, 15):
        half = np.sqrt(1 - t * t)
        across = [(-0.51 * half, 0.9 + 0.66 * t, 0.06), (0.51 * half, 0.9 + 0.66 * t, 0.06)]
        along = [(0.51 * t, 0.9 - 0.66 * half, 0.06), (0.51 * t, 0.9 + 0.66 * half, 0.06)]
        parts += [Part(tube(line, 0.007, sides=5), of("light")) for line in (across, along)]
    return parts
