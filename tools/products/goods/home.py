"""Vessels, furniture and what else stands in a home."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from shapes import Mesh, ball, block, curve, hoop, lathe, loft, tube
from surfaces import Palette

from goods.part import Part, each

Rng = np.random.Generator
Profile = list[tuple[float, float]]


def smooth_profile(corners: Profile, per_piece: int = 6) -> Profile:
    """A profile for ``lathe`` through these corners, without sharp ones."""
    return [(max(0.0, float(r)), float(z)) for r, z in curve(corners, per_piece=per_piece)]


def hollow(outside: Profile, wall: float) -> Profile:
    """A vessel: up the outside, over the rim and down the inside."""
    inside = [(max(1e-4, r - wall), max(z, outside[0][1] + wall)) for r, z in reversed(outside)]
    return [(1e-4, outside[0][1]), *outside, *inside, (1e-4, inside[-1][1])]


def handle(rng: Rng, x: float, low: float, high: float, thickness: float) -> Mesh:
    """A bow from ``(x, 0, low)`` to ``(x, 0, high)``, away from the z axis."""
    out = x + (high - low) * float(rng.uniform(0.45, 0.8))
    middle = (low + high) / 2
    bow = curve([(x - thickness, 0, low), (out, 0, low + 0.15 * (high - low)), (out + 0.05, 0, middle), (x, 0, high)])
    return tube(bow, thickness)


def bottle(rng: Rng, of: Palette) -> list[Part]:
    body, neck = rng.uniform(0.22, 0.5), rng.uniform(0.08, 0.2)
    shoulder, top = rng.uniform(0.9, 1.5), rng.uniform(1.7, 2.3)
    outside = smooth_profile(
        [(body * 0.94, 0), (body, 0.06), (body, shoulder), (neck, shoulder + 0.35), (neck, top), (neck * 1.05, top)]
    )
    parts = [Part(lathe([(1e-4, 0), *outside, (1e-4, top)]), of("main"))]
    if rng.random() < 0.8:
        parts.append(Part(lathe([(neck * 1.2, top - 0.2), (neck * 1.2, top + 0.05)], smooth=False), of("second"), 0.02))
    if rng.random() < 0.7:
        low, high = sorted(rng.uniform(0.15, shoulder - 0.05, 2))
        parts.append(Part(lathe([(body * 1.012, low), (body * 1.012, high + 0.1)]), of("print")))
    return parts


def vase(rng: Rng, of: Palette) -> list[Part]:
    heights = np.linspace(0, rng.uniform(1.2, 2.4), 6)
    outside = smooth_profile([(float(rng.uniform(0.18, 0.7)), float(z)) for z in heights])
    parts = [Part(lathe(hollow(outside, 0.05)), of("main"))]
    for _ in range(int(rng.integers(0, 6))):
        lean = rng.normal(0, 0.35, 2)
        top = heights[-1] + rng.uniform(0.4, 1.5)
        stem = curve([(0, 0, 0.3), (lean[0] * 0.3, lean[1] * 0.3, heights[-1]), (lean[0] * 2, lean[1] * 2, top)])
        parts.append(Part(tube(stem, 0.015, sides=6), of("wood")))
        bud = ball(*rng.uniform(0.05, 0.16, 3)).moved(*stem[-1])
        parts.append(Part(bud, of("cloth")))
    return parts


def cup(rng: Rng, of: Palette) -> list[Part]:
    foot, rim, height = rng.uniform(0.3, 0.5), rng.uniform(0.42, 0.65), rng.uniform(0.6, 1.1)
    belly = max(foot, rim) * rng.uniform(0.95, 1.15)
    outside = smooth_profile([(foot, 0), (belly, height * 0.4), (rim, height)])
    parts = [Part(lathe(hollow(outside, 0.04)), of("main"))]
    at = min(belly, rim) * 0.97
    parts.append(Part(handle(rng, at, height * 0.2, height * 0.8, rng.uniform(0.035, 0.07)), of("main")))
    if rng.random() < 0.35:
        saucer = smooth_profile([(0.3, -0.08), (0.7, -0.03), (0.95, 0.06)])
        parts.append(Part(lathe(hollow(saucer, 0.04)), of("main")))
    return parts


def kettle(rng: Rng, of: Palette) -> list[Part]:
    body = smooth_profile([(0.6, 0), (0.72, 0.2), (0.6, 0.7), (0.3, 0.95), (0.1, 1.0)])
    spout = curve([(0.55, 0, 0.3), (0.85, 0, 0.5), (1.05, 0, 0.95)])
    lid = lathe([(0.28, 0.93), (0.24, 1.02), (1e-4, 1.06)])
    bow = curve([(-0.55, 0, 0.75), (-0.5, 0, 1.35), (0, 0, 1.6), (0.5, 0, 1.35), (0.55, 0, 0.7)])
    parts = [
        Part(lathe([(1e-4, 0), *body]), of("main")),
        Part(tube(spout, np.linspace(0.16, 0.07, len(spout))), of("main")),
        Part(lid, of("main")),
        Part(ball(0.08, 0.08, 0.08).moved(z=1.1), of("second")),
    ]
    if rng.random() < 0.5:
        return [*parts, Part(tube(bow, 0.045), of("second"))]
    return [*parts, Part(handle(rng, 0.6, 0.2, 0.85, 0.06).turned("z", 180), of("second"))]


def pan(rng: Rng, of: Palette) -> list[Part]:
    depth = rng.uniform(0.2, 0.9)
    outside = smooth_profile([(0.65, 0), (0.78, depth * 0.4), (0.82, depth)])
    parts = [Part(lathe(hollow(outside, 0.035)), of("metal"))]
    if rng.random() < 0.6:
        path = curve([(0.75, 0, depth * 0.8), (1.2, 0, depth), (1.9, 0, depth * 1.1)])
        parts.append(Part(tube(path, 0.065).scaled(1, 1.3, 1), of("dark")))
    else:
        grip = handle(rng, 0, -0.3, 0.3, 0.045).turned("x", 90).moved(0.72, 0, depth * 0.8)
        parts += [Part(grip, of("dark")), Part(grip.turned("z", 180), of("dark"))]
    if rng.random() < 0.4:
        lid = smooth_profile([(0.84, depth), (0.6, depth + 0.16), (1e-4, depth + 0.24)])
        parts.append(Part(lathe([(1e-4, depth), *lid]), of("metal")))
        parts.append(Part(ball(0.1, 0.1, 0.09).moved(z=depth + 0.3), of("dark")))
    return parts


def bowl(rng: Rng, of: Palette) -> list[Part]:
    outside = smooth_profile([(0.3, 0), (0.7, 0.25), (float(rng.uniform(0.85, 1.1)), float(rng.uniform(0.35, 0.7)))])
    parts = [Part(lathe(hollow(outside, 0.05)), of("main"))]
    for _ in range(int(rng.integers(0, 8))):
        angle, r = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.45)
        size = rng.uniform(0.15, 0.26)
        fruit = ball(size, size, size * rng.uniform(0.8, 1.2))
        parts.append(Part(fruit.moved(r * np.cos(angle), r * np.sin(angle), rng.uniform(0.3, 0.55)), of("second")))
    return parts


def lamp(rng: Rng, of: Palette) -> list[Part]:
    low, high, top = rng.uniform(0.5, 0.75), rng.uniform(0.25, 0.5), rng.uniform(1.6, 2.4)
    base = smooth_profile([(float(rng.uniform(0.3, 0.5)), 0), (0.28, 0.08), (0.04, 0.16)])
    shade = [(low, top - 0.6), (high, top), (high - 0.02, top), (low - 0.02, top - 0.6)]
    return [
        Part(lathe([(1e-4, 0), *base]), of("metal")),
        Part(tube([(0, 0, 0.1), (0, 0, top - 0.2)], 0.035), of("metal")),
        Part(lathe(shade), of("cloth" if rng.random() < 0.5 else "main")),
    ]


def chair(rng: Rng, of: Palette) -> list[Part]:
    kind = "wood" if rng.random() < 0.5 else "main"
    wide, deep, seat, back = rng.uniform(0.8, 1.1), rng.uniform(0.8, 1.0), rng.uniform(0.85, 1.0), rng.uniform(0.8, 1.3)
    leg, splay = rng.uniform(0.03, 0.07), rng.uniform(0, 0.15)
    parts = [Part(block(wide, deep, 0.08).moved(z=seat), of("second"), 0.03)]
    x, y = wide / 2 - leg, deep / 2 - leg
    for sx in (-1, 1):
        for sy in (-1, 1):
            parts.append(Part(tube([(sx * (x + splay), sy * (y + splay), 0), (sx * x, sy * y, seat)], leg), of(kind)))
        parts.append(Part(tube([(sx * x, y, seat), (sx * x, y + 0.15, seat + back)], leg), of(kind)))
        if rng.random() < 0.4:
            arm = curve([(sx * x, y, seat + 0.45), (sx * (x + 0.06), 0, seat + 0.45), (sx * x, -y, seat)])
            parts.append(Part(tube(arm, leg), of(kind)))
    if rng.random() < 0.5:
        for z in np.linspace(0.25, back, int(rng.integers(2, 6))):
            parts.append(
                Part(tube([(-x, y + 0.15 * z / back, seat + z), (x, y + 0.15 * z / back, seat + z)], leg), of(kind))
            )
    else:
        parts.append(Part(tube([(-x, y + 0.15, seat + back), (x, y + 0.15, seat + back)], leg), of(kind)))
        for sx in np.linspace(-x, x, int(rng.integers(4, 9)))[1:-1]:
            parts.append(Part(tube([(sx, y, seat), (sx, y + 0.15, seat + back)], leg * 0.7), of(kind)))
    return parts


def armchair(rng: Rng, of: Palette) -> list[Part]:
    wide = rng.uniform(1.0, 2.4)
    soft = of("cloth")
    parts = [
        Part(block(wide, 1, 0.35).moved(z=0.2), soft, 0.12),
        Part(block(wide, 0.25, 0.95).moved(y=0.5, z=0.3), soft, 0.11),
    ]
    for sx in (-1, 1):
        parts.append(Part(block(0.25, 1.05, 0.6).moved(x=sx * (wide / 2 + 0.1), z=0.2), soft, 0.11))
        for y in (-0.4, 0.5):
            parts.append(Part(tube([(sx * wide / 2, y, 0), (sx * wide / 2, y, 0.22)], 0.05), of("wood")))
    return parts


def table(rng: Rng, of: Palette) -> list[Part]:
    wide, deep, high = rng.uniform(0.9, 2.2), rng.uniform(0.7, 1.2), rng.uniform(0.6, 1.3)
    leg = rng.uniform(0.03, 0.08)
    parts = []
    if rng.random() < 0.5:
        parts.append(Part(lathe([(deep * 0.7, high), (deep * 0.7, high + 0.07)], smooth=False), of("main"), 0.02))
        reach = deep * 0.45
        feet = [(reach, reach), (reach, -reach), (-reach, reach), (-reach, -reach)]
    else:
        parts.append(Part(block(wide, deep, 0.07).moved(z=high), of("main"), 0.02))
        feet = [(sx * (wide / 2 - leg), sy * (deep / 2 - leg)) for sx in (-1, 1) for sy in (-1, 1)]
    for x, y in feet:
        parts.append(Part(tube([(x * 1.1, y * 1.1, 0), (x, y, high)], leg), of("wood")))
    if rng.random() < 0.4:
        parts.append(Part(block(wide * 0.85, deep * 0.8, 0.05).moved(z=high * 0.4), of("main"), 0.02))
    return parts


def basket(rng: Rng, of: Palette) -> list[Part]:
    height, low, high = rng.uniform(0.6, 1.1), rng.uniform(0.45, 0.65), rng.uniform(0.6, 0.9)
    kind, wire = ("metal", 0.015) if rng.random() < 0.5 else ("wood", 0.035)
    parts = []
    for z in np.linspace(0, 1, int(rng.integers(4, 9))):
        parts.append(Part(hoop(low + (high - low) * z, wire * 1.2).moved(z=z * height), of(kind)))
    for angle in np.linspace(0, 360, int(rng.integers(12, 36)), endpoint=False):
        rod = tube([(0, 0, 0.0), (low, 0, 0.0), (high, 0, height)], wire, sides=8)
        parts.append(Part(rod.turned("z", float(angle)), of(kind)))
    bow = curve([(-high, 0, height), (-high * 0.7, 0, height * 1.7), (high * 0.7, 0, height * 1.7), (high, 0, height)])
    return [*parts, Part(tube(bow, wire * 2), of(kind))] if rng.random() < 0.6 else parts


def ladder(rng: Rng, of: Palette) -> list[Part]:
    high, kind = rng.uniform(1.6, 2.6), "wood" if rng.random() < 0.5 else "metal"
    parts = []
    for y in (-1, 1):
        for x in (-0.35, 0.35):
            parts.append(Part(tube([(x, y * 0.45, 0), (x * 0.7, 0.03 * y, high)], 0.035), of(kind)))
        for t in np.linspace(0.12, 0.95, int(rng.integers(4, 8))):
            half, back = 0.35 - 0.105 * t, y * (0.45 - 0.42 * t)
            parts.append(Part(tube([(-half, back, t * high), (half, back, t * high)], 0.025), of(kind)))
    return parts


def candlestick(rng: Rng, of: Palette) -> list[Part]:
    heights = np.linspace(0.1, rng.uniform(0.8, 1.6), 9)
    knobs = [(float(rng.uniform(0.05, 0.2)), float(z)) for z in heights]
    stand = smooth_profile([(0.4, 0), (0.36, 0.05), *knobs, (0.22, heights[-1] + 0.1)])
    top = heights[-1] + 0.1
    candle = tube([(0, 0, top), (0, 0, top + rng.uniform(0.3, 0.9))], 0.09)
    return [Part(lathe([(1e-4, 0), *stand]), of("main")), Part(candle, of("light"))]


def clock(rng: Rng, of: Palette) -> list[Part]:
    dial = lathe([(0.8, 0), (0.86, 0.06), (0.86, 0.2), (0.76, 0.22), (0.76, 0.15)], smooth=False)
    parts = [Part(dial, of("main")), Part(lathe([(0.76, 0.14), (0.76, 0.16)]), of("light"))]
    for angle, length in zip(rng.uniform(0, 360, 2), (0.4, 0.62), strict=True):
        hand = block(0.04, length, 0.02).moved(y=length / 2, z=0.16)
        parts.append(Part(hand.turned("z", float(angle)), of("dark")))
    for angle in range(0, 360, 30):
        parts.append(Part(block(0.03, 0.1, 0.01).moved(y=0.66, z=0.16).turned("z", angle), of("dark")))
    parts = each(parts, lambda mesh: mesh.turned("x", 90).moved(z=0.86))
    feet = [Part(ball(0.1, 0.1, 0.1).moved(x=x, z=0.06), of("second")) for x in (-0.45, 0.45)]
    bells = [Part(ball(0.26, 0.16, 0.2).moved(x=x, y=-0.1, z=1.75), of("metal")) for x in (-0.4, 0.4)]
    return [*parts, *feet, *(bells if rng.random() < 0.5 else [])]


def shelf(rng: Rng, of: Palette) -> list[Part]:
    wide, high, boards = rng.uniform(0.8, 1.6), rng.uniform(1.2, 2.2), int(rng.integers(3, 6))
    parts = [Part(block(0.05, 0.5, high).moved(x=x), of("wood"), 0.01) for x in (-wide / 2, wide / 2)]
    levels = np.linspace(0.05, high - 0.05, boards)
    parts += [Part(block(wide, 0.5, 0.05).moved(z=float(z)), of("wood"), 0.01) for z in levels]
    for low, high_ in pairwise(levels):
        x = -wide / 2 + 0.08
        while x < wide / 2 - 0.15 and rng.random() < 0.9:
            thick = rng.uniform(0.05, 0.13)
            tall = (high_ - low) * rng.uniform(0.5, 0.85)
            kind = str(rng.choice(["main", "second", "cloth", "dark", "light"]))
            parts.append(Part(block(thick, 0.4, tall).moved(x=x + thick / 2, z=float(low) + 0.05), of(kind), 0.008))
            x += thick * 1.05
    return parts


def cushion(rng: Rng, of: Palette) -> list[Part]:
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    square = np.sign(circle) * np.abs(circle) ** 0.4
    levels = np.linspace(-1, 1, 17)
    rings = [np.concatenate([square * (1 - 0.999 * z**2) ** 0.35, np.full((48, 1), 0.4 * z)], 1) for z in levels]
    return [Part(loft(rings).turned("x", float(rng.uniform(60, 85))).moved(z=0.8), of("cloth"))]
