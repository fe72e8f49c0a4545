"""Meshes of simple solids, in numpy: what the goods are put together from.

A mesh is closed unless it says otherwise; z points up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mesh:
    """Points ``(n, 3)``, faces as indices of their corners, and whether it is shaded smoothly."""

    points: Points
    faces: tuple[tuple[int, ...], ...]
    smooth: bool = True

    def moved(self, x: float = 0, y: float = 0, z: float = 0) -> Mesh:
        """The same mesh elsewhere."""
        return replace(self, points=self.points + (x, y, z))

    def scaled(self, x: float, y: float, z: float) -> Mesh:
        """Scaled about the origin, by positive factors."""
        return replace(self, points=self.points * (x, y, z))

    def turned(self, axis: str, degrees: float) -> Mesh:
        """Turned about the axis ``x``, ``y`` or ``z`` through the origin, counterclockwise seen from its end."""
        first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        points = self.points.copy()
        points[:, first] = cos * self.points[:, first] - sin * self.points[:, second]
        points[:, second] = sin * self.points[:, first] + cos * self.points[:, second]
        return replace(self, points=points)

    def bent(self, shape: Callable[[Points], Points]) -> Mesh:
        """Its points moved by a function of all of them."""
        return replace(self, points=shape(self.points))


def loft(rings: npt.ArrayLike, *, closed: bool = False, smooth: bool = True) -> Mesh:
    """A skin over rings of points.

    Args:
        rings: ``(k, n, 3)``, each ring in the same sense.
        closed: the last ring joins the first; else both ends get a lid.
        smooth: shade it so.
    """
    rings = np.asarray(rings, float)
    k, n, _ = rings.shape
    index = np.arange(k * n).reshape(k, n)
    faces = []
    for i in range(k if closed else k - 1):
        here, there = index[i], index[(i + 1) % k]
        faces += [(here[j], here[(j + 1) % n], there[(j + 1) % n], there[j]) for j in range(n)]
    if not closed:
        faces += [tuple(index[0][::-1]), tuple(index[-1])]
    return Mesh(rings.reshape(-1, 3), tuple(tuple(int(i) for i in face) for face in faces), smooth)


def lathe(profile: Sequence[tuple[float, float]], *, sides: int = 48, smooth: bool = True) -> Mesh:
    """A profile of ``(radius, z)``, bottom to top, turned about the z axis."""
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn), np.zeros(sides)], 1)
    return loft([circle * max(r, 1e-4) + (0, 0, z) for r, z in profile], smooth=smooth)


def ball(x: float, y: float, z: float) -> Mesh:
    """An ellipsoid with these radii about the origin."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, 25)
    return lathe([(float(np.cos(a)), float(np.sin(a))) for a in angles]).scaled(x, y, z)


def block(x: float, y: float, z: float) -> Mesh:
    """A box with these sides, standing on z = 0, its middle above the origin."""
    corners = np.array([(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)])
    return loft([corners, corners + (0, 0, 1)], smooth=False).scaled(x, y, z)


def plate(outline: npt.ArrayLike, thickness: float) -> Mesh:
    """An outline ``(n, 2)`` in x and y, counterclockwise, as thick as said from z = 0 upwards."""
    outline = np.asarray(outline, float)
    flat = np.concatenate([outline, np.zeros((len(outline), 1))], 1)
    return loft([flat, flat + (0, 0, thickness)], smooth=False)


def tube(path: npt.ArrayLike, radius: npt.ArrayLike, *, closed: bool = False, sides: int = 14) -> Mesh:
    """A pipe along points ``(k, 3)``; its radius is one number or ``(k,)``."""
    path = np.asarray(path, float)
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    # A frame carried from point to point does not twist where the path bends.
    across = np.cross(along[0], (0.31, 0.47, 0.83))
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
    rings = []
    for point, direction, r in zip(path, along, np.broadcast_to(radius, len(path)), strict=True):
        across = across - direction * (across @ direction)
        across /= np.linalg.norm(across)
        rings.append(point + r * (np.cos(turn) * across + np.sin(turn) * np.cross(direction, across)))
    return loft(rings, closed=closed)


def hoop(radius: float, thickness: float) -> Mesh:
    """A ring in x and y about the origin; ``thickness`` is the radius of its tube."""
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    path = np.stack([np.cos(turn), np.sin(turn), np.zeros(64)], 1) * radius
    return tube(path, thickness, closed=True)


def curve(points: npt.ArrayLike, *, closed: bool = False, per_piece: int = 8) -> Points:
    """A smooth line through points ``(k, d)``: Catmull-Rom, ``per_piece`` points from one to the next."""
    points = np.asarray(points, float)
    if closed:
        around = np.concatenate([points[-1:], points, points[:2]])
    else:
        around = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, per_piece, endpoint=False)[:, None]
    pieces = []
    for before, start, end, after in zip(around, around[1:], around[2:], around[3:], strict=False):
        pieces.append(
            0.5
            * (
                2 * start
                + (end - before) * t
                + (2 * before - 5 * start + 4 * end - after) * t**2
                + (3 * start - before - 3 * end + after) * t**3
            )
        )
    return np.concatenate(pieces if closed else [*pieces, points[-1:]])
