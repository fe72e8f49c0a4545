"""What has wheels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from shapes import Mesh, ball, block, curve, hoop, lathe, plate, tube
from surfaces import Palette

from goods.part import Part

Rng = np.random.Generator


def wheel(radius: float, width: float) -> tuple[Mesh, Mesh]:
    """Tyre and rim, upright, rolling along x, about the origin."""
    tyre = [(0.68, -1), (0.95, -1), (1, -0.6), (1, 0.6), (0.95, 1), (0.68, 1)]
    rim = [(1e-4, -0.3), (0.2, -0.5), (0.66, -0.9), (0.7, -0.9), (0.7, 0.9), (1e-4, 0.8)]
    meshes = [lathe([(r * radius, z * width / 2) for r, z in profile]).turned("x", 90) for profile in (tyre, rim)]
    return meshes[0], meshes[1]


def car(rng: Rng, of: Palette) -> list[Part]:
    long, roof = rng.uniform(2.8, 3.6), rng.uniform(0.95, 1.5)
    bonnet, hip = rng.uniform(0.5, 0.75), rng.uniform(0.55, 0.85)
    front, back = rng.uniform(0.25, 0.38), rng.uniform(0.6, 0.97)
    wide = rng.uniform(1.2, 1.5)
    lower = [(0, 0.2), (long, 0.2), (long, hip), (long * 0.97, hip + 0.06), (0.06, bonnet), (0, bonnet - 0.2)]
    cabin = [(long * front, bonnet), (long * back, hip), (long * (back - 0.08), roof), (long * (front + 0.14), roof)]
    glass = [(x + (0.05 if i in (0, 3) else -0.05), z + (0.03 if i < 2 else -0.07)) for i, (x, z) in enumerate(cabin)]
    parts = []
    for outline, depth, kind, bevel in ((lower, wide, "main", 0.09), (cabin, wide * 0.86, "main", 0.1)):
        # Outlines are drawn in x and z; a plate lies in x and y.
        solid = plate(outline, depth).turned("x", 90).moved(y=depth / 2)
        parts.append(Part(solid, of(kind), bevel))
    windows = plate(glass, wide * 0.865).turned("x", 90).moved(y=wide * 0.4325)
    parts.append(Part(windows, of("dark"), 0.06))
    for x in (long * 0.2, long * 0.8):
        for y in (-wide / 2 + 0.08, wide / 2 - 0.08):
            tyre, rim = wheel(rng.uniform(0.29, 0.33), 0.22)
            parts += [Part(tyre.moved(x, y, 0.3), of("rubber")), Part(rim.moved(x, y, 0.3), of("metal"))]
    for y in (-wide * 0.35, wide * 0.35):
        parts.append(Part(ball(0.06, 0.14, 0.08).moved(0.01, y, bonnet - 0.12), of("light")))
        parts.append(Part(block(0.05, 0.22, 0.1).moved(long, y, hip - 0.15), of("second"), 0.02))
    parts.append(Part(block(0.08, wide * 0.9, 0.12).moved(x=-0.03, z=0.22), of("dark"), 0.03))
    for y in (-wide / 2 - 0.05, wide / 2 + 0.05):
        parts.append(Part(block(0.08, 0.14, 0.1).moved(long * (front + 0.06), y, bonnet + 0.08), of("main"), 0.03))
    return parts


def bicycle(rng: Rng, of: Palette) -> list[Part]:
    apart, radius = rng.uniform(1.6, 1.8), rng.uniform(0.5, 0.6)
    thin = rng.uniform(0.02, 0.045)
    parts = []
    for x in (0, apart):
        spin = float(rng.uniform(0, 30))
        rim = hoop(radius, thin).turned("x", 90).moved(x, 0, radius)
        parts += [
            Part(rim, of("rubber")),
            Part(hoop(radius * 0.94, 0.015).turned("x", 90).moved(x, 0, radius), of("metal")),
        ]
        for angle in np.radians(np.arange(0, 360, 15) + spin):
            end = (x + radius * 0.94 * np.cos(angle), 0, radius + radius * 0.94 * np.sin(angle))
            parts.append(Part(tube([(x, 0.03, radius), end], 0.005, sides=5), of("metal")))
        parts.append(Part(lathe([(0.05, -0.06), (0.05, 0.06)]).turned("x", 90).moved(x, 0, radius), of("metal")))
    crank, seat, head = (
        (apart * 0.42, 0, radius * 0.95),
        (apart * 0.3, 0, radius + 0.6),
        (apart * 0.82, 0, radius + 0.62),
    )
    rear, fore = (0, 0, radius), (apart, 0, radius)
    lines = [(rear, crank), (rear, seat), (crank, seat), (seat, head), (crank, head), (head, fore)]
    parts += [Part(tube(line, 0.035), of("main")) for line in lines]
    parts.append(Part(tube([seat, (seat[0] - 0.04, 0, seat[2] + 0.18)], 0.025), of("metal")))
    parts.append(Part(ball(0.2, 0.09, 0.05).moved(seat[0] - 0.04, 0, seat[2] + 0.22), of("dark")))
    x, _, z = head
    bar = curve([(x - 0.15, -0.4, z + 0.12), (x, -0.2, z + 0.2), (x, 0.2, z + 0.2), (x - 0.15, 0.4, z + 0.12)])
    parts += [Part(tube([head, (x, 0, z + 0.2)], 0.025), of("metal")), Part(tube(bar, 0.025), of("metal"))]
    parts.append(Part(hoop(0.14, 0.02).turned("x", 90).moved(*crank), of("metal")))
    for side in (-1, 1):
        pedal = (crank[0] + side * 0.1, side * 0.15, crank[2] - side * 0.15)
        parts.append(Part(tube([(crank[0], side * 0.06, crank[2]), pedal], 0.02), of("metal")))
        parts.append(Part(block(0.14, 0.12, 0.03).moved(*pedal), of("rubber"), 0.01))
    if rng.random() < 0.3:
        parts.append(Part(block(0.35, 0.3, 0.25).moved(x + 0.3, 0, z - 0.05), of("wood"), 0.02))
    return parts


def pram(rng: Rng, of: Palette) -> list[Part]:
    turn = np.linspace(0, np.pi, 20)
    shell = plate(np.stack([0.7 * np.cos(np.pi + turn), 0.5 * np.sin(np.pi + turn)], 1), 0.6)
    hood = plate(np.stack([0.55 * np.cos(turn * 0.6), 0.6 * np.sin(turn * 0.6)], 1).tolist() + [(0.0, 0.0)], 0.6)
    parts = [
        Part(shell.turned("x", 90).moved(y=0.3, z=1.2), of("cloth"), 0.04),
        Part(hood.turned("x", 90).moved(0.1, 0.3, 1.2), of("cloth"), 0.03),
    ]
    for x in (-0.5, 0.5):
        for y in (-0.35, 0.35):
            parts.append(Part(hoop(0.28, 0.03).turned("x", 90).moved(x, y, 0.3), of("rubber")))
            parts.append(Part(tube([(x, y, 0.3), (-x * 0.8, y, 0.95)], 0.02), of("metal")))
            for angle in np.radians(np.arange(0, 360, 45)):
                end = (x + 0.27 * np.cos(angle), y, 0.3 + 0.27 * np.sin(angle))
                parts.append(Part(tube([(x, y, 0.3), end], 0.008, sides=5), of("metal")))
    for y in (-0.3, 0.3):
        parts.append(Part(tube(curve([(-0.6, y, 1.0), (-0.9, y, 1.35), (-1.1, y, 1.55)]), 0.025), of("metal")))
    return [*parts, Part(tube([(-1.1, -0.3, 1.55), (-1.1, 0.3, 1.55)], 0.035), of("dark"))]


def trolley(rng: Rng, of: Palette) -> list[Part]:
    long, wide = rng.uniform(1.2, 1.6), rng.uniform(0.7, 0.9)
    parts = []
    for z in (0.55, 0.75, 0.95, 1.15):
        corners = [
            (-long / 2, -wide / 2, z),
            (long / 2, -wide / 2, z),
            (long / 2, wide / 2, z),
            (-long / 2, wide / 2, z),
        ]
        parts += [
            Part(tube([a, b], 0.018), of("metal")) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
        ]
    for x in np.linspace(-long / 2, long / 2, 12):
        for y in (-wide / 2, wide / 2):
            parts.append(Part(tube([(x, y, 0.55), (x, y, 1.15)], 0.009, sides=6), of("metal")))
    for y in np.linspace(-wide / 2, wide / 2, 8):
        ends = [(x, y, z) for x, z in ((-long / 2, 1.15), (-long / 2, 0.55), (long / 2, 0.55), (long / 2, 1.15))]
        parts += [Part(tube([a, b], 0.009, sides=6), of("metal")) for a, b in pairwise(ends)]
    for x in (-long / 2 + 0.1, long / 2 - 0.1):
        for y in (-wide / 2 + 0.05, wide / 2 - 0.05):
            tyre, rim = wheel(0.1, 0.06)
            parts += [Part(tyre.moved(x, y, 0.1), of("rubber")), Part(rim.moved(x, y, 0.1), of("metal"))]
            parts.append(Part(tube([(x, y, 0.1), (x, y, 0.55)], 0.02), of("metal")))
    bar = [(-long / 2 - 0.15, -wide / 2, 1.25), (-long / 2 - 0.15, wide / 2, 1.25)]
    return [*parts, Part(tube(bar, 0.04), of("main"))]
