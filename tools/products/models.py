"""Puts models of a catalogue on the stage: things side by side, or people in a group, and others far behind them."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from catalogue import Model
from mathutils import Matrix

Rng = np.random.Generator
# From the axes of a model, y up and z to the front, to those of the stage, z up and the camera at negative y.
UPRIGHT = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
# Two units are what a subject is wide or high.
SUBJECT = 2.0
PEOPLE_SHARE = 0.22


class Models:
    """What can stand on the stage.

    Args:
        models: at least one.
        folder: where they are unpacked.
        rng: where chance comes from.
    """

    def __init__(self, models: list[Model], folder: Path, rng: Rng) -> None:
        self.people = [model for model in models if model.person]
        self.things = [model for model in models if not model.person]
        self.folder, self.rng = folder, rng

    def subject(self) -> tuple[list[bpy.types.Object], np.ndarray, bool]:
        """One to three things, or one to five people.

        Returns:
            Objects, all their points ``(n, 3)``, and whether they are people.
        """
        rng = self.rng
        people = bool(self.people) and (not self.things or rng.random() < PEOPLE_SHARE)
        pool = self.people if people else self.things
        number = int(rng.integers(1, 6) if people else rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
        objects: list[bpy.types.Object] = []
        right = 0.0
        for _ in range(number):
            # People keep their size beside each other; things have about the same, whatever they are.
            size = 0.0 if people else float(rng.uniform(0.7, 1.3)) * SUBJECT
            thing = self.build(pool[rng.integers(len(pool))], size, self._angle(people))
            low, high = extent(thing)
            gap = float(rng.uniform(-0.3, 0.4)) * (high[0] - low[0])
            depth = float(rng.uniform(-0.35, 0.35)) * (high[0] - low[0]) if number > 1 else 0.0
            move(thing, (right - low[0], depth - (low[1] + high[1]) / 2, -low[2] + 0.002))
            right += (high[0] - low[0]) + (gap if people else max(gap, -0.1))
            objects += thing
        low, high = extent(objects)
        scale = SUBJECT / float(np.max(high - low)) if people else 1.0
        middle = (low + high) / 2
        shift = Matrix.Translation((-middle[0], -middle[1], 0))
        apply(objects, Matrix.Scale(scale, 4) @ shift)
        return objects, points_of(objects), people

    def company(self, behind: float, far: float) -> list[bpy.types.Object]:
        """Up to five others that stand between ``behind`` and ``far`` away: background, however whole they look."""
        rng = self.rng
        found: list[bpy.types.Object] = []
        pool = self.people if self.people and rng.random() < 0.3 else self.things
        for _ in range(int(rng.integers(1, 6))):
            size = float(rng.uniform(0.6, 1.8)) * SUBJECT
            thing = self.build(pool[rng.integers(len(pool))], size, float(rng.uniform(0, 360)))
            low, high = extent(thing)
            y = float(rng.uniform(behind, far))
            x = float(rng.uniform(-1, 1)) * (2 + 0.5 * y)
            move(thing, (x - (low[0] + high[0]) / 2, y - low[1], -low[2] + 0.002))
            found += thing
        return found

    def build(self, model: Model, size: float, degrees: float) -> list[bpy.types.Object]:
        """Reads a model and turns it about its upright axis; ``size`` is its longest side, 0 for metres."""
        path = self.folder / model.path
        if not path.exists():
            model.extract(self.folder)
        before = set(bpy.data.objects)
        bpy.ops.wm.obj_import(filepath=str(path), forward_axis="Y", up_axis="Z", validate_meshes=True)
        objects = [thing for thing in bpy.data.objects if thing not in before and thing.type == "MESH"]
        apply(objects, Matrix(UPRIGHT @ model.turn).to_4x4())
        low, high = extent(objects)
        wanted = np.array(model.size_cm) / 100
        wanted *= size / wanted.max() if size else 1.0
        stretch = wanted / np.maximum(high - low, 1e-6)
        turn = Matrix.Rotation(np.radians(degrees), 4, "Z")
        apply(objects, turn @ Matrix.Diagonal((*stretch, 1)))
        for thing in objects:
            for slot in thing.material_slots:
                if slot.material is not None:
                    mend(slot.material)
        return objects

    def _angle(self, people: bool) -> float:
        """People mostly look at the camera."""
        if people and self.rng.random() < 0.8:
            return float(self.rng.normal(0, 35))
        return float(self.rng.uniform(0, 360))


def mend(material: bpy.types.Material) -> None:
    """Lets the clear parts of a material's picture be clear, and does without a picture that is missing."""
    tree = material.node_tree
    shader = tree.nodes.get("Principled BSDF") if tree else None
    if shader is None:
        return
    for link in list(shader.inputs["Base Color"].links):
        picture = getattr(link.from_node, "image", None)
        if picture is None or not picture.size[0]:
            tree.links.remove(link)
        elif picture.depth == 32 and not shader.inputs["Alpha"].links:
            tree.links.new(link.from_node.outputs["Alpha"], shader.inputs["Alpha"])


def extent(objects: list[bpy.types.Object]) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest corner."""
    points = points_of(objects)
    return points.min(0), points.max(0)


def points_of(objects: list[bpy.types.Object]) -> np.ndarray:
    """All points of some objects, ``(n, 3)``."""
    found = []
    for thing in objects:
        flat = np.empty(3 * len(thing.data.vertices), np.float32)
        thing.data.vertices.foreach_get("co", flat)
        found.append(flat.reshape(-1, 3).astype(float))
    return np.concatenate(found)


def move(objects: list[bpy.types.Object], by: tuple[float, float, float]) -> None:
    """Moves objects."""
    apply(objects, Matrix.Translation(by))


def apply(objects: list[bpy.types.Object], matrix: Matrix) -> None:
    """Changes the points of objects; the objects themselves stay where they are."""
    for thing in objects:
        thing.data.transform(matrix)
