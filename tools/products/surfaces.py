"""What a surface looks like, as numbers; Blender's materials are made of them in ``stage.py``."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float]
PATTERNS = ("plain", "noise", "wood", "weave", "checker", "spots", "photo")


@dataclass(frozen=True)
class Surface:
    """A principled surface.

    Attributes:
        colour, other: linear RGB in [0, 1]; a pattern runs from one to the other.
        rough, metal, coat: in [0, 1].
        pattern: one of ``PATTERNS``.
        scale: of the pattern, in repeats per unit of length.
    """

    colour: Colour
    other: Colour
    rough: float = 0.5
    metal: float = 0.0
    coat: float = 0.0
    pattern: str = "plain"
    scale: float = 4.0


def any_colour(rng: np.random.Generator) -> Colour:
    """Of things as people buy them: white, grey and black more often than red."""
    kind = rng.choice(["white", "grey", "black", "muted", "strong"], p=[0.18, 0.14, 0.16, 0.26, 0.26])
    if kind in ("white", "grey", "black"):
        low, high = {"white": (0.6, 0.9), "grey": (0.1, 0.45), "black": (0.005, 0.04)}[kind]
        return tinted(rng, float(rng.uniform(low, high)), 0.08)
    saturation, value = ((0.2, 0.5), (0.08, 0.6)) if kind == "muted" else ((0.6, 0.95), (0.1, 0.8))
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
    return red, green, blue


def tinted(rng: np.random.Generator, value: float, amount: float) -> Colour:
    """A grey of this value, each channel off by a share of up to ``amount``."""
    red, green, blue = value * (1 + rng.uniform(-amount, amount, 3))
    return red, green, blue


def near(rng: np.random.Generator, colour: Colour) -> Colour:
    """A colour that is hard to tell from this one."""
    red, green, blue = np.clip(np.array(colour) * rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3), 0.003, 0.92)
    return red, green, blue


class Palette:
    """The surfaces of one thing: parts that ask for the same kind look the same.

    Args:
        rng: where chance comes from.
        like: a colour that the thing resembles, or None.
    """

    def __init__(self, rng: np.random.Generator, like: Colour | None = None) -> None:
        self.rng, self.like = rng, like
        self.known: dict[str, Surface] = {}

    def __call__(self, kind: str) -> Surface:
        """``main``, ``second`` (any matter), ``metal``, ``dark``, ``wood``, ``cloth``, ``rubber`` or ``light``."""
        if kind not in self.known:
            self.known[kind] = self._make(kind)
        return self.known[kind]

    def _make(self, kind: str) -> Surface:
        rng = self.rng
        if kind in ("main", "second"):
            matters = ["paint", "enamel", "metal", "wood", "cloth", "print"]
            kind = str(rng.choice(matters, p=[0.26, 0.3, 0.14, 0.1, 0.1, 0.1]))
        if kind in ("cloth", "print", "enamel", "paint"):
            return self._coloured(kind)
        if kind == "metal":
            worn = tinted(rng, float(rng.uniform(0.35, 0.85)), 0.06)
            if rng.random() < 0.2:
                worn = (0.8, 0.5, 0.18)
            return Surface(worn, near(rng, worn), float(rng.uniform(0.08, 0.45)), 1.0, 0.0, "noise", 3.0)
        if kind == "wood":
            red = float(rng.uniform(0.08, 0.6))
            brown = (red, red * float(rng.uniform(0.45, 0.7)), red * float(rng.uniform(0.15, 0.4)))
            dark = (brown[0] * 0.5, brown[1] * 0.45, brown[2] * 0.4)
            return Surface(brown, dark, float(rng.uniform(0.25, 0.7)), 0.0, 0.0, "wood", float(rng.uniform(1, 4)))
        if kind == "rubber":
            grey = tinted(rng, float(rng.uniform(0.01, 0.05)), 0.1)
            return Surface(grey, near(rng, grey), 0.8, pattern="noise", scale=12)
        if kind == "dark":
            return Surface((0.01, 0.011, 0.013), (0.02, 0.02, 0.02), float(rng.uniform(0.05, 0.3)), coat=0.5)
        return Surface((0.85, 0.83, 0.78), (0.8, 0.8, 0.8), 0.5)

    def _coloured(self, kind: str) -> Surface:
        rng = self.rng
        colour = self._colour()
        other = near(rng, colour) if rng.random() < 0.5 else self._colour()
        if kind == "cloth":
            pattern = str(rng.choice(["weave", "checker", "noise", "spots"]))
            return Surface(colour, other, 0.95, pattern=pattern, scale=float(rng.uniform(3, 30)))
        if kind == "print":
            return Surface(colour, other, float(rng.uniform(0.2, 0.6)), pattern="photo", scale=1.0)
        if kind == "enamel":
            return Surface(colour, colour, float(rng.uniform(0.03, 0.25)), coat=float(rng.uniform(0, 1)))
        pattern = str(rng.choice(["plain", "noise", "spots", "checker"], p=[0.5, 0.3, 0.1, 0.1]))
        return Surface(colour, other, float(rng.uniform(0.4, 0.9)), pattern=pattern, scale=float(rng.uniform(1, 8)))

    def _colour(self) -> Colour:
        return any_colour(self.rng) if self.like is None else near(self.rng, self.like)
