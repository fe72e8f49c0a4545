"""Parcels, bags, clothes and devices."""

from __future__ import annotations

import numpy as np
from shapes import ball, block, curve, hoop, lathe, loft, plate, tube
from surfaces import Palette

from goods.home import smooth_profile
from goods.part import Part, each

Rng = np.random.Generator


def carton(rng: Rng, of: Palette) -> list[Part]:
    x, y, z = rng.uniform(0.3, 1.2, 3)
    parts = [Part(block(x, y, z), of(str(rng.choice(["print", "main"]))), 0.01)]
    for _ in range(int(rng.integers(0, 3))):
        wide, tall = x * rng.uniform(0.2, 0.8), z * rng.uniform(0.15, 0.5)
        label = block(wide, 0.006, tall).moved(0, -y / 2 - 0.001, float(rng.uniform(0.05, 0.95)) * (z - tall))
        parts.append(Part(label, of(str(rng.choice(["print", "light", "second"])))))
    return parts


def books(rng: Rng, of: Palette) -> list[Part]:
    parts, z = [], 0.0
    for kind in rng.choice(["main", "second", "print", "cloth", "dark"], int(rng.integers(1, 6))):
        wide, deep, thick = rng.uniform(0.8, 1.1), rng.uniform(1.1, 1.5), rng.uniform(0.08, 0.25)
        turn = float(rng.uniform(-25, 25))
        pages = block(wide * 0.97, deep * 0.97, thick - 0.03).moved(x=wide * 0.015, z=z + 0.015)
        covers = [block(wide, deep, 0.02).moved(z=z), block(wide, deep, 0.02).moved(z=z + thick - 0.02)]
        spine = block(0.02, deep, thick).moved(x=-wide / 2, z=z)
        parts.append(Part(pages.turned("z", turn), of("light")))
        parts += [Part(mesh.turned("z", turn), of(str(kind)), 0.004) for mesh in (*covers, spine)]
        z += thick
    return parts


def suitcase(rng: Rng, of: Palette) -> list[Part]:
    wide, deep, high = rng.uniform(0.8, 1.1), rng.uniform(0.35, 0.5), rng.uniform(1.1, 1.6)
    parts = [Part(block(wide, deep, high).moved(z=0.12), of("main"), 0.1)]
    for x in np.linspace(-0.4, 0.4, int(rng.integers(2, 8))):
        parts.append(
            Part(block(0.04, deep + 0.03, high * 0.9).moved(x=x * wide, z=0.12 + high * 0.05), of("main"), 0.02)
        )
    for x in (-wide / 2 + 0.1, wide / 2 - 0.1):
        for y in (-deep / 3, deep / 3):
            parts.append(Part(ball(0.06, 0.06, 0.07).moved(x, y, 0.07), of("rubber")))
    top, half = high + 0.12 + rng.uniform(0.1, 0.7), wide * 0.2
    bow = [(-half, 0, high), (-half, 0, top), (half, 0, top), (half, 0, high)]
    return [*parts, Part(tube(curve(bow, per_piece=12), 0.025), of("metal"))]


def handbag(rng: Rng, of: Palette) -> list[Part]:
    wide, deep, high = rng.uniform(0.9, 1.4), rng.uniform(0.25, 0.5), rng.uniform(0.7, 1.1)
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    soft = np.sign(circle) * np.abs(circle) ** rng.uniform(0.35, 0.8)
    rings = []
    for z in np.linspace(0, 1, 14):
        ends = 1 - 0.6 * max(0.0, 0.12 - z) / 0.12
        size = np.array([wide / 2 * (1 - rng.uniform(0.1, 0.12) * z), deep / 2 * (1 - 0.75 * z**1.5)]) * ends
        rings.append(np.concatenate([soft * size, np.full((48, 1), z * high)], 1))
    cover = of(str(rng.choice(["main", "cloth", "second"])))
    parts = [Part(loft(rings), cover)]
    drop, half, thick = rng.uniform(0.3, 1.0), wide * rng.uniform(0.2, 0.38), rng.uniform(0.018, 0.04)
    for y in (-0.06, 0.06) if rng.random() < 0.7 else (0.0,):
        lean = y * rng.uniform(1, 6)
        bow = [(-half, y, high * 0.8), (-half, y + lean, high + drop * 0.6), (0, y + lean * 1.4, high + drop)]
        bow += [(-x, *yz) for x, *yz in reversed(bow[:2])]
        parts.append(Part(tube(curve(bow), thick), of("second")))
        parts += [Part(hoop(0.06, 0.014).turned("x", 90).moved(x, y, high * 0.8), of("metal")) for x in (-half, half)]
    if rng.random() < 0.6:
        flap = block(wide * 0.6, 0.02, high * 0.45).moved(0, -deep * 0.36, high * 0.5)
        parts.append(Part(flap.turned("x", -6), of("second"), 0.01))
        parts.append(Part(ball(0.06, 0.03, 0.06).moved(0, -deep * 0.42, high * 0.52), of("metal")))
    return parts


def backpack(rng: Rng, of: Palette) -> list[Part]:
    wide, high = rng.uniform(0.8, 1.0), rng.uniform(1.2, 1.5)
    parts = [
        Part(block(wide, 0.5, high), of("cloth"), 0.18),
        Part(block(wide * 0.8, 0.25, high * 0.5).moved(y=-0.3, z=0.1), of("second"), 0.1),
    ]
    for x in (-0.25, 0.25):
        strap = curve([(x, 0.2, high * 0.95), (x * 1.3, 0.55, high * 0.8), (x * 1.5, 0.5, 0.4), (x * 1.6, 0.2, 0.15)])
        parts.append(Part(tube(strap, 0.05).scaled(1.2, 1, 1), of("cloth")))
    loop = curve(
        [(-0.12, 0.1, high * 0.97), (-0.1, 0.1, high + 0.15), (0.1, 0.1, high + 0.15), (0.12, 0.1, high * 0.97)]
    )
    return [*parts, Part(tube(loop, 0.03), of("cloth"))]


def shoe(rng: Rng, of: Palette) -> list[Part]:
    """A pair, one turned away a little."""
    ankle, toe = rng.uniform(0.45, 1.1), rng.uniform(0.2, 0.32)
    heel = rng.uniform(0.03, 0.08) if rng.random() < 0.7 else rng.uniform(0.2, 0.5)
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    stations = np.linspace(0, 1, 18)
    high = np.interp(stations, [0, 0.05, 0.25, 0.5, 0.8, 0.95, 1], [0.3, ankle, ankle, 0.42, toe * 1.2, toe, 0.05])
    wide = np.interp(stations, [0, 0.08, 0.3, 0.7, 0.93, 1], [0.1, 0.2, 0.2, 0.28, 0.2, 0.05])
    rise = np.interp(stations, [0, 0.3, 0.65, 1], [heel, heel, 0.05, 0.07])
    upper, sole = [], []
    for t, h, w, r in zip(stations, high, wide, rise, strict=True):
        section = np.stack([np.full(32, t * 1.6 - 0.8), np.cos(turn) * w, r + h * (0.5 + 0.5 * np.sin(turn))], 1)
        upper.append(section)
        sole.append(np.stack([section[:, 0], section[:, 1] * 1.1, r - 0.02 + 0.05 * np.sin(turn)], 1))
    shapes = [Part(loft(upper), of("main")), Part(loft(sole), of("second"))]
    if heel > 0.15:
        shapes.append(Part(block(0.16, 0.2, heel).moved(x=-0.68), of("second"), 0.02))
    else:
        for x in np.linspace(-0.1, 0.25, 4):
            lace = curve([(x, -0.16, 0.36), (x, 0, 0.52 - 0.3 * (x + 0.1)), (x, 0.16, 0.36)])
            shapes.append(Part(tube(lace, 0.018), of("light")))
    angle, apart = float(rng.uniform(-20, 40)), rng.uniform(0.35, 0.45)
    pair = each(shapes, lambda mesh: mesh.moved(y=-apart))
    return pair + each(shapes, lambda mesh: mesh.turned("z", angle).moved(y=apart))


def hat(rng: Rng, of: Palette) -> list[Part]:
    brim, high = rng.uniform(0.75, 1.3), rng.uniform(0.4, 0.7)
    crown = smooth_profile(
        [(brim, float(rng.uniform(-0.05, 0.15))), (0.55, 0.06), (0.5, high * 0.8), (0.3, high), (1e-4, high)]
    )
    band = lathe([(0.565, 0.08), (0.55, 0.18)])
    return [Part(lathe([(1e-4, 0.03), *crown]), of("cloth")), Part(band, of("second"))]


def phone(rng: Rng, of: Palette) -> list[Part]:
    wide, high = rng.uniform(0.7, 1.6), rng.uniform(1.4, 1.6)
    body = block(wide, 0.09, high)
    screen = block(wide * 0.92, 0.01, high * 0.9).moved(y=-0.045, z=high * 0.05)
    lean = float(rng.uniform(-20, -5))
    parts = [Part(body, of("main"), 0.04), Part(screen, of("print" if rng.random() < 0.6 else "dark"))]
    return each(parts, lambda mesh: mesh.turned("x", lean))


def laptop(rng: Rng, of: Palette) -> list[Part]:
    lid = float(rng.uniform(5, 35))
    base = [Part(block(1.5, 1.0, 0.06), of("metal"), 0.02)]
    for y in np.linspace(-0.05, 0.35, 5):
        for x in np.linspace(-0.62, 0.62, 14):
            base.append(Part(block(0.075, 0.07, 0.012).moved(x, y, 0.06), of("dark")))
    back = [
        Part(block(1.5, 0.04, 1.0), of("metal"), 0.015),
        Part(block(1.42, 0.01, 0.9).moved(y=-0.022, z=0.06), of("print" if rng.random() < 0.7 else "dark")),
    ]
    return base + each(back, lambda mesh: mesh.turned("x", -lid).moved(y=0.48, z=0.05))


def camera(rng: Rng, of: Palette) -> list[Part]:
    wide = rng.uniform(1.1, 1.5)
    barrel = [(0.36, 0.25), (0.36, 0.55), (0.32, 0.6), (0.34, 0.62), (0.34, float(rng.uniform(0.8, 1.3)))]
    tip = barrel[-1][1]
    lens = lathe([(1e-4, 0.2), *barrel, (0.29, tip), (0.27, tip - 0.1)]).turned("x", 90).moved(z=0.45)
    parts = [
        Part(block(wide, 0.5, 0.9), of("main"), 0.08),
        Part(block(wide * 1.005, 0.505, 0.55).moved(z=0.15), of("rubber"), 0.05),
        Part(block(0.45, 0.4, 0.25).moved(z=0.86), of("main"), 0.05),
        Part(lens, of("rubber")),
        Part(ball(0.27, 0.05, 0.27).moved(0, -tip + 0.08, 0.45), of("dark")),
        Part(lathe([(0.13, 0.88), (0.13, 1.0)], smooth=False).moved(x=wide * 0.35), of("metal"), 0.01),
    ]
    if rng.random() < 0.5:
        strap = curve(
            [(-wide / 2, 0, 0.8), (-wide, 0.4, 0.2), (-0.2, 0.9, 0.03), (wide, 0.5, 0.03), (wide / 2, 0, 0.8)]
        )
        parts.append(Part(tube(strap, 0.03), of("cloth")))
    return parts


def headphones(rng: Rng, of: Palette) -> list[Part]:
    angles = np.linspace(-15, 195, 40)
    band = np.stack([np.cos(np.radians(angles)), np.zeros(40), np.sin(np.radians(angles)) + 0.5], 1)
    parts = [Part(tube(band, rng.uniform(0.035, 0.07)).scaled(1, 2, 1), of("main"))]
    for side in (-1, 1):
        cup = smooth_profile([(0.25, 0), (0.36, 0.06), (0.34, 0.2), (0.2, 0.26)])
        pad = hoop(0.26, 0.1).turned("y", 90).moved(side * 0.86, 0, 0.36)
        shell = lathe([(1e-4, 0), *cup, (1e-4, 0.26)]).turned("y", 90 * side).moved(side * 0.9, 0, 0.36)
        parts += [Part(shell, of("main")), Part(pad, of("rubber"))]
    return parts


def mug_of_pens(rng: Rng, of: Palette) -> list[Part]:
    parts = [Part(lathe([(1e-4, 0), (0.35, 0), (0.38, 0.9), (0.34, 0.9), (0.32, 0.05), (1e-4, 0.05)]), of("main"))]
    for _ in range(int(rng.integers(2, 9))):
        foot, top = rng.normal(0, 0.12, 2), rng.normal(0, 0.35, 2)
        kind = str(rng.choice(["second", "metal", "wood", "dark", "light"]))
        end = (*top, rng.uniform(1.1, 1.7))
        parts.append(Part(tube([(*foot, 0.1), end], rng.uniform(0.02, 0.045)), of(kind)))
        if rng.random() < 0.3:
            parts.append(Part(ball(0.09, 0.09, 0.14).moved(*end), of("light")))
    return parts


def toy_bear(rng: Rng, of: Palette) -> list[Part]:
    fur, pale = of("cloth"), of("second")
    parts = [
        Part(ball(0.5, 0.42, 0.6).moved(z=0.6), fur),
        Part(ball(0.42, 0.4, 0.38).moved(z=1.4), fur),
        Part(ball(0.2, 0.18, 0.15).moved(0, -0.36, 1.32), pale),
        Part(ball(0.06, 0.05, 0.04).moved(0, -0.53, 1.36), of("dark")),
    ]
    for side in (-1, 1):
        parts += [
            Part(ball(0.15, 0.08, 0.15).moved(side * 0.32, 0, 1.7), fur),
            Part(ball(0.05, 0.03, 0.05).moved(side * 0.16, -0.36, 1.5), of("dark")),
            Part(ball(0.17, 0.17, 0.4).turned("y", side * -50).moved(side * 0.6, -0.1, 0.85), fur),
            Part(ball(0.2, 0.42, 0.2).turned("z", side * 20).moved(side * 0.35, -0.45, 0.2), fur),
        ]
    return parts


def ball_toy(rng: Rng, of: Palette) -> list[Part]:
    parts = [Part(ball(0.8, 0.8, 0.8).turned("x", float(rng.uniform(0, 90))).moved(z=0.8), of("cloth"))]
    for angle in rng.uniform(0, 180, int(rng.integers(0, 4))):
        ring = hoop(0.802, 0.012).turned("x", float(angle)).turned("z", float(rng.uniform(0, 180)))
        parts.append(Part(ring.moved(z=0.8), of("dark")))
    return parts


def guitar(rng: Rng, of: Palette) -> list[Part]:
    waist = rng.uniform(0.3, 0.42)
    half = [(0.02, -0.9), (0.5, -0.75), (0.6, -0.4), (waist, 0.0), (0.42, 0.35), (0.3, 0.62), (0.05, 0.68)]
    outline = curve([*half, *[(-x, y) for x, y in reversed(half)]], closed=True)
    parts = [
        Part(plate(outline, 0.22), of("wood" if rng.random() < 0.6 else "main"), 0.03),
        Part(lathe([(0.17, 0.22), (0.17, 0.226)]).moved(y=0.2), of("dark")),
        Part(block(0.13, 1.5, 0.07).moved(y=1.2, z=0.2), of("wood"), 0.02),
        Part(block(0.22, 0.4, 0.06).moved(y=2.1, z=0.19), of("wood"), 0.02),
        Part(block(0.4, 0.06, 0.04).moved(y=-0.35, z=0.22), of("dark")),
    ]
    for x in np.linspace(-0.05, 0.05, 6):
        parts.append(Part(tube([(x, -0.35, 0.27), (x, 2.0, 0.28)], 0.006, sides=6), of("metal")))
    for y in (1.97, 2.1, 2.23):
        parts += [Part(ball(0.05, 0.04, 0.03).moved(x, y, 0.22), of("metal")) for x in (-0.16, 0.16)]
    if rng.random() < 0.5:
        return parts
    return each(parts, lambda mesh: mesh.turned("x", 75).moved(z=0.9))
