"""A part of a thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from shapes import Mesh
from surfaces import Surface


@dataclass(frozen=True)
class Part:
    """A mesh with its surface; ``bevel`` is the radius of its edges, in units of length."""

    mesh: Mesh
    surface: Surface
    bevel: float = 0.0


def each(parts: Iterable[Part], change: Callable[[Mesh], Mesh]) -> list[Part]:
    """The same parts, every mesh changed in the same way."""
    return [replace(part, mesh=change(part.mesh)) for part in parts]
