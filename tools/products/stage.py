"""Builds in Blender what stands on the stage, lights it and looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from goods.part import Part
from mathutils import Vector
from shapes import Mesh
from surfaces import Colour, Surface, any_colour, near, tinted

Rng = np.random.Generator


class Workshop:
    """Makes Blender's objects and materials.

    Args:
        photos: pictures for prints, walls and floors.
        rng: where chance comes from.
    """

    def __init__(self, photos: list[Path], rng: Rng) -> None:
        self.photos, self.rng = photos, rng
        self._materials: dict[Surface, bpy.types.Material] = {}

    def build(self, part: Part) -> bpy.types.Object:
        """An object in the scene."""
        mesh = bpy.data.meshes.new("part")
        mesh.from_pydata(part.mesh.points.tolist(), [], part.mesh.faces)
        mesh.polygons.foreach_set("use_smooth", np.full(len(mesh.polygons), part.mesh.smooth))
        mesh.use_auto_smooth = part.mesh.smooth
        mesh.auto_smooth_angle = np.radians(50)
        mesh.materials.append(self.material(part.surface))
        thing = bpy.data.objects.new("part", mesh)
        bpy.context.scene.collection.objects.link(thing)
        if part.bevel:
            bevel = thing.modifiers.new("bevel", "BEVEL")
            bevel.width, bevel.segments, bevel.limit_method = part.bevel, 3, "ANGLE"
            bevel.angle_limit = np.radians(40)
        return thing

    def material(self, surface: Surface) -> bpy.types.Material:
        """The material of a surface; the same one for the same surface."""
        if surface not in self._materials:
            self._materials[surface] = self._make(surface)
        return self._materials[surface]

    def photo(self) -> bpy.types.Image | None:
        """One of the photos, or None if there are none."""
        if not self.photos:
            return None
        return bpy.data.images.load(str(self.photos[self.rng.integers(len(self.photos))]), check_existing=True)

    def _make(self, surface: Surface) -> bpy.types.Material:
        material = bpy.data.materials.new("surface")
        material.use_nodes = True
        tree = material.node_tree
        shader = tree.nodes["Principled BSDF"]
        shader.inputs["Roughness"].default_value = surface.rough
        shader.inputs["Metallic"].default_value = surface.metal
        shader.inputs["Clearcoat"].default_value = surface.coat
        shader.inputs["Base Color"].default_value = (*surface.colour, 1)
        photo = self.photo() if surface.pattern == "photo" else None
        if surface.pattern == "plain" or (surface.pattern == "photo" and photo is None):
            return material
        place = tree.nodes.new("ShaderNodeTexCoord")
        if photo is not None:
            texture = tree.nodes.new("ShaderNodeTexImage")
            texture.image, texture.projection, texture.extension = photo, "BOX", "REPEAT"
            texture.projection_blend = 0.1
            scale = tree.nodes.new("ShaderNodeMapping")
            scale.inputs["Scale"].default_value = [surface.scale] * 3
            scale.inputs["Location"].default_value = self.rng.uniform(0, 1, 3)
            tree.links.new(place.outputs["Object"], scale.inputs["Vector"])
            tree.links.new(scale.outputs["Vector"], texture.inputs["Vector"])
            tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
            return material
        kind, output = {
            "noise": ("ShaderNodeTexNoise", "Fac"),
            "wood": ("ShaderNodeTexWave", "Fac"),
            "weave": ("ShaderNodeTexMagic", "Fac"),
            "checker": ("ShaderNodeTexChecker", "Fac"),
            "spots": ("ShaderNodeTexVoronoi", "Distance"),
        }[surface.pattern]
        texture = tree.nodes.new(kind)
        texture.inputs["Scale"].default_value = surface.scale
        if surface.pattern == "wood":
            texture.inputs["Distortion"].default_value = 6
            texture.inputs["Detail"].default_value = 4
        mix = tree.nodes.new("ShaderNodeMixRGB")
        mix.inputs[1].default_value, mix.inputs[2].default_value = (*surface.colour, 1), (*surface.other, 1)
        tree.links.new(place.outputs["Object"], texture.inputs["Vector"])
        tree.links.new(texture.outputs[output], mix.inputs[0])
        tree.links.new(mix.outputs[0], shader.inputs["Base Color"])
        return material


@dataclass(frozen=True)
class Backdrop:
    """What is behind and below the things; ``colour`` is how most of it looks, None if that is no colour."""

    surface_below: Surface
    surface_behind: Surface
    colour: Colour | None
    open_air: bool = False
    sweep: bool = False


def draw_backdrop(rng: Rng) -> Backdrop:
    """A paper sweep, a table before a wall, a photographed room, or the open air."""
    kind = rng.choice(["sweep", "table", "photo", "open"], p=[0.38, 0.24, 0.23, 0.15])
    if kind == "sweep":
        white = tinted(rng, float(rng.uniform(0.55, 0.9)), 0.04)
        colour = white if rng.random() < 0.5 else any_colour(rng)
        paper = Surface(colour, colour, float(rng.uniform(0.35, 1)))
        return Backdrop(paper, paper, colour, sweep=True)
    below = _floor(rng)
    if kind == "photo":
        room = Surface((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 0.9, pattern="photo", scale=float(rng.uniform(0.03, 0.08)))
        return Backdrop(below, room, None)
    if kind == "open":
        return Backdrop(below, below, None, open_air=True)
    wall = any_colour(rng)
    pattern = str(rng.choice(["plain", "noise", "checker", "wood"], p=[0.5, 0.3, 0.1, 0.1]))
    return Backdrop(below, Surface(wall, near(rng, wall), 0.8, pattern=pattern, scale=float(rng.uniform(0.5, 4))), wall)


def _floor(rng: Rng) -> Surface:
    kind = rng.choice(["wood", "noise", "checker", "photo", "plain", "weave"])
    colour = any_colour(rng)
    other = near(rng, colour) if rng.random() < 0.6 else any_colour(rng)
    if kind == "wood":
        colour, other = (0.3, 0.17, 0.08), (0.12, 0.06, 0.03)
    scale = {"wood": 1.0, "noise": 6.0, "checker": 1.0, "photo": 0.15, "plain": 1.0, "weave": 3.0}[kind]
    rough = float(rng.uniform(0.1, 0.9))
    return Surface(colour, other, rough, pattern=str(kind), scale=scale * float(rng.uniform(0.5, 2)))


def build_backdrop(workshop: Workshop, backdrop: Backdrop, behind: float) -> list[bpy.types.Object]:
    """Floor and wall; the wall stands ``behind`` units away, or starts there to rise if the backdrop is a sweep."""
    wide = 60.0
    ends = np.array([-wide, wide])
    if backdrop.sweep:
        bow = np.radians(np.linspace(0, 90, 12))
        line = [(-wide, 0.0), *((behind + 2 * np.sin(a), 2 - 2 * np.cos(a)) for a in bow), (behind + 2, 40.0)]
        return [workshop.build(Part(_sheet(ends, line), backdrop.surface_below))]
    if backdrop.open_air:
        return [workshop.build(Part(_sheet(4 * ends, [(-wide, 0.0), (200.0, 0.0)]), backdrop.surface_below))]
    floor = Part(_sheet(ends, [(-wide, 0.0), (behind, 0.0)]), backdrop.surface_below)
    wall = Part(_sheet(ends, [(behind, -1.0), (behind, 40.0)]), backdrop.surface_behind)
    return [workshop.build(floor), workshop.build(wall)]


def _sheet(x: np.ndarray, line: list[tuple[float, float]]) -> Mesh:
    """An open sheet along ``line`` of ``(y, z)`` from ``x[0]`` to ``x[1]``."""
    points = [(side, y, z) for y, z in line for side in x]
    faces = tuple((2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(line) - 1))
    return Mesh(np.array(points, float), faces)


def light(rng: Rng, open_air: bool, room: bpy.types.Image | None) -> None:
    """A sky, or an even light or a room all around and one or two lamps."""
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    world.use_nodes = True
    tree = world.node_tree
    ground = tree.nodes["Background"]
    if open_air:
        sky = tree.nodes.new("ShaderNodeTexSky")
        sky.sky_type = "HOSEK_WILKIE"
        height = np.radians(rng.uniform(15, 75))
        side = rng.uniform(0, 2 * np.pi)
        sky.sun_direction = (np.cos(side) * np.cos(height), np.sin(side) * np.cos(height), np.sin(height))
        sky.turbidity = float(rng.uniform(2, 9))
        tree.links.new(sky.outputs[0], ground.inputs[0])
        sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
        sun.data.energy, sun.data.angle = float(rng.uniform(0.5, 5)), float(np.radians(rng.choice([0.5, 5, 40])))
        sun.rotation_euler = Vector(sky.sun_direction).to_track_quat("Z", "Y").to_euler()
        bpy.context.scene.collection.objects.link(sun)
        return
    ground.inputs[0].default_value = (*tinted(rng, 1.0, 0.08), 1)
    ground.inputs[1].default_value = float(rng.uniform(0.1, 0.7))
    if room is not None and rng.random() < 0.6:
        around = tree.nodes.new("ShaderNodeTexEnvironment")
        around.image = room
        tree.links.new(around.outputs[0], ground.inputs[0])
    for power in rng.uniform(150, 900, int(rng.integers(1, 3))):
        lamp = bpy.data.lights.new("lamp", "AREA")
        lamp.energy, lamp.size = float(power), float(rng.uniform(0.3, 5))
        lamp.color = tinted(rng, 0.9, 0.1)
        thing = bpy.data.objects.new("lamp", lamp)
        side, height = rng.uniform(-2.6, -0.5), rng.uniform(0.3, 1.4)
        thing.location = 5 * Vector((np.cos(side) * np.cos(height), np.sin(side) * np.cos(height), np.sin(height)))
        thing.rotation_euler = thing.location.to_track_quat("Z", "Y").to_euler()
        bpy.context.scene.collection.objects.link(thing)


def look(rng: Rng, points: np.ndarray, height_degrees: float, fill: float, *, blur: bool = False) -> None:
    """A camera in front that has ``points`` ``(n, 3)`` in its picture, over this share of it.

    With ``blur`` it has a wide lens opening: what is far behind is out of focus.
    """
    scene = bpy.context.scene
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.data.lens = float(rng.uniform(30, 90))
    tilt = np.radians(height_degrees)
    forward = np.array([0, np.cos(tilt), -np.sin(tilt)])
    right, up = np.array([1.0, 0, 0]), np.array([0, np.sin(tilt), np.cos(tilt)])
    width, height = scene.render.resolution_x, scene.render.resolution_y
    half = 18 / camera.data.lens / max(width, height)
    room = np.array([width * half, height * half])
    middle = (points.max(0) + points.min(0)) / 2
    flat = np.stack([(points - middle) @ right, (points - middle) @ up], 1)
    away = np.max(np.abs(flat).max(0) / room) / fill
    # Near things look larger; a few steps find the distance at which all of it fills its share.
    for _ in range(6):
        depth = np.maximum((points - middle) @ forward + away, 0.05)
        seen = flat / depth[:, None] / room
        low, high = seen.min(0), seen.max(0)
        shift = (low + high) / 2 * room * away
        middle = middle + shift[0] * right + shift[1] * up
        flat = np.stack([(points - middle) @ right, (points - middle) @ up], 1)
        away *= float(np.max(high - low)) / 2 / fill
    slack = rng.uniform(-1, 1, 2) * (1 - fill) * 0.8 * room * away
    camera.location = Vector(middle - away * forward + slack[0] * right + slack[1] * up)
    camera.rotation_euler = (np.pi / 2 - tilt, 0, 0)
    camera.data.clip_end = 1000
    if blur:
        camera.data.dof.use_dof = True
        camera.data.dof.focus_distance = float(away)
        camera.data.dof.aperture_fstop = float(np.exp(rng.uniform(np.log(0.3), np.log(2))))
