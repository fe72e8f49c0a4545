"""A part of a thing."""

from __future__ import annotations

from dataclasses import dataclass

from shapes import Mesh
from surfaces import Surface


@dataclass(frozen=True)
class Part:
    """A mesh with its surface; ``bevel`` is the radius of its edges, in units of length."""

    mesh: Mesh
    surface: Surface
    bevel: float = 0.0
