"""The meshes that pictures of products are rendered from; Blender is not needed."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "products"


@pytest.fixture(autouse=True)
def modules(monkeypatch):
    """The tool's modules have short names of their own; they are importable during a test alone."""
    monkeypatch.syspath_prepend(str(TOOLS))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(TOOLS) in str(sys.modules[name].__file__):
            del sys.modules[name]


def open_edges(mesh):
    """Directed edges without a partner in the other direction: none, if the mesh is closed and all faces agree."""
    edges = Counter((a, b) for face in mesh.faces for a, b in zip(face, face[1:] + face[:1], strict=True))
    return [edge for edge, n in edges.items() if n != 1 or edges[edge[::-1]] != 1]


def volume(mesh):
    """Positive if faces look outwards: the divergence theorem over a fan of triangles for every face."""
    total = 0.0
    for face in mesh.faces:
        first, *rest = mesh.points[list(face)]
        total += sum(first @ np.cross(b, c) for b, c in pairwise(rest)) / 6
    return total


def solids():
    import shapes

    square = [(0, 0), (1, 0), (1, 1), (0, 1)]
    return {
        "ball": shapes.ball(1, 2, 3),
        "block": shapes.block(1, 2, 3),
        "hoop": shapes.hoop(1, 0.1),
        "lathe": shapes.lathe([(0, 0), (1, 0), (0.5, 1), (0, 1)]),
        "plate": shapes.plate(square, 0.5),
        "tube": shapes.tube(shapes.curve([(0, 0, 0), (0, 0, 1), (1, 0, 2)]), 0.1),
    }


TABLE = """id=any
id#1=Any#chair
name#1=Chair
category#1=Living room
model#1=/any/chair/chair.obj
width#1=40.5
depth#1=50
height#1=90

id#2=Any#walker
name#2=Holding female
tags#2=Human
category#2=Characters
model#2=/any/walker/walker.obj
width#2=50
depth#2=30
height#2=170
modelRotation#2=0 0 1 0 1 0 -1 0 0
id#3=Any#door
name#3=Door
category#3=Doors and windows
model#3=/any/door/door.obj
width#3=90
depth#3=10
height#3=210
id#4=Any#arrow
name#4=Arrow
category#4=Exterior
model#4=/any/arrow/arrow.obj
width#4=90
depth#4=300
height#4=0.1
id#5=Any#cat
name#5=Cat
category#5=Characters
model#5=/any/cat/cat.obj
width#5=20
depth#5=40
height#5=30
"""


def test_a_furniture_library_gives_its_subjects(tmp_path):
    import zipfile

    from catalogue import read_catalogue

    with zipfile.ZipFile(tmp_path / "any.sh3f", "w") as archive:
        archive.writestr("PluginFurnitureCatalog.properties", TABLE)
        for name in ("chair", "walker", "door", "arrow", "cat"):
            archive.writestr(f"any/{name}/{name}.obj", "v 0 0 0")
        archive.writestr("any/chair/wood.jpg", b"any")
    models = read_catalogue(tmp_path)
    assert [(model.path.stem, model.person) for model in models] == [("chair", False), ("walker", True), ("cat", False)]
    chair, walker, _ = models
    assert chair.size_cm == (40.5, 50, 90)
    np.testing.assert_array_equal(chair.turn, np.eye(3))
    np.testing.assert_array_equal(walker.turn @ [1, 0, 0], [0, 0, -1])
    unpacked = chair.extract(tmp_path / "models")
    assert sorted(file.name for file in unpacked.parent.iterdir()) == ["chair.obj", "wood.jpg"]
    assert read_catalogue(tmp_path / "models") == []


@pytest.mark.parametrize("name", ["ball", "block", "hoop", "lathe", "plate", "tube"])
def test_a_solid_is_closed(name):
    assert open_edges(solids()[name]) == []


def test_volumes_are_those_of_the_solids():
    found = {name: volume(mesh) for name, mesh in solids().items()}
    assert found["block"] == pytest.approx(6)
    assert found["plate"] == pytest.approx(0.5)
    assert found["ball"] == pytest.approx(4 / 3 * np.pi * 6, rel=0.01)
    assert abs(found["hoop"]) == pytest.approx(2 * np.pi**2 * 0.01, rel=0.05)


def test_moving_scaling_and_turning():
    import shapes

    block = shapes.block(2, 2, 2)
    assert block.moved(1, 2, 3).points.mean(0) == pytest.approx([1, 2, 4])
    assert np.ptp(block.scaled(1, 2, 3).points, 0) == pytest.approx([2, 4, 6])
    assert block.turned("x", 90).points.mean(0) == pytest.approx([0, -1, 0])
    assert volume(block.turned("y", 33).moved(5)) == pytest.approx(8)


def test_a_curve_runs_through_its_points():
    import shapes

    points = np.array([(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)])
    line = shapes.curve(points, per_piece=5)
    assert line[[0, 5, 10]] == pytest.approx(points)
    assert len(shapes.curve(points, closed=True, per_piece=5)) == 15


@pytest.mark.parametrize("lying", [False, True])
def test_every_product_is_sound_and_the_same_for_the_same_seed(lying):
    import goods
    import surfaces

    for make in set(goods.LYING if lying else goods.STANDING):
        for seed in range(8):
            parts, again = (
                make(rng, surfaces.Palette(rng)) for rng in (np.random.default_rng(seed), np.random.default_rng(seed))
            )
            assert parts, make.__name__
            for part, same in zip(parts, again, strict=True):
                assert np.isfinite(part.mesh.points).all(), make.__name__
                assert {i for face in part.mesh.faces for i in face} == set(range(len(part.mesh.points)))
                assert part.surface == same.surface
                assert np.array_equal(part.mesh.points, same.mesh.points)
                assert part.surface.pattern in surfaces.PATTERNS
                assert all(0 <= c <= 1 for c in (*part.surface.colour, *part.surface.other)), part.surface


def test_things_like_their_background_have_its_colour():
    import surfaces

    like = (0.4, 0.2, 0.1)
    rng = np.random.default_rng(0)
    for _ in range(50):
        enamel = surfaces.Palette(rng, like)("enamel")
        assert np.abs(np.array(enamel.colour) - like).max() < 0.15
