"""Renders pictures of things with exact alpha: goods by chance, on a table, a sweep, in a room or under the sky.

    blender -b -P tools/products/render.py -- --out DIR --seeds 0 100 [--size 448] [--photos DIR]

Every seed gives ``product-SEED.jpg`` and its alpha, ``product-SEED.alpha.png``, 8 bit; what is there already is left
alone.  Shadows and reflections on the ground do not belong to the subject, and its own light falls on it: composites of
cut-outs show neither.  Needs Blender 3.4 (Debian 12: ``apt install blender``); about 13 core-seconds a picture.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import bpy
import numpy as np
from goods import LYING, STANDING
from goods.part import Part, each
from shapes import Mesh
from stage import Workshop, build_backdrop, draw_backdrop, light, look
from surfaces import Palette

Rng = np.random.Generator
RATIOS = (1.0, 1.0, 4 / 3, 3 / 4, 3 / 2, 2 / 3)
ALPHA = ".alpha.png"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def main() -> None:
    """Reads the command line and renders."""
    parser = argparse.ArgumentParser(prog="render.py", description="Renders pictures of things with exact alpha.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs=2, required=True, metavar=("FIRST", "END"))
    parser.add_argument("--size", type=int, default=448, help="long side of a picture, px")
    parser.add_argument("--photos", type=Path, help="pictures for prints, walls and floors")
    parser.add_argument("--samples", type=int, default=24, help="rays per pixel")
    arguments = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])
    photos = []
    if arguments.photos:
        photos = sorted(p for p in arguments.photos.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not photos:
            parser.error(f"there are no pictures in {arguments.photos}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for seed in range(*arguments.seeds):
        picture = arguments.out / f"product-{seed}.jpg"
        # The alpha is written last: a picture without one was interrupted.
        if not picture.with_suffix(ALPHA).exists():
            render(seed, picture, arguments.size, photos, arguments.samples)


def render(seed: int, picture: Path, size: int, photos: list[Path], samples: int) -> None:
    """Renders one picture and its alpha."""
    rng = np.random.default_rng((20261126, seed))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = samples, False
    scene.cycles.max_bounces = 4
    scene.render.use_persistent_data = True
    # No dates and times in the files: the same seed gives the same bytes.
    for stamp in ("camera", "date", "filename", "frame", "render_time", "scene", "time"):
        setattr(scene.render, f"use_stamp_{stamp}", False)
    ratio = RATIOS[rng.integers(len(RATIOS))]
    scene.render.resolution_x, scene.render.resolution_y = round(size * min(1, ratio)), round(size * min(1, 1 / ratio))
    workshop = Workshop(photos, rng)
    backdrop = draw_backdrop(rng)
    lying = not backdrop.open_air and rng.random() < 0.3
    like = backdrop.colour if rng.random() < 0.25 else None
    parts, points = arrange(rng, lying, like)
    subject = [workshop.build(part) for part in parts]
    behind = float(points[:, 1].max()) + float(rng.uniform(0.3, 6))
    stage = build_backdrop(workshop, backdrop, behind)
    light(rng, backdrop.open_air, workshop.photo())
    tilt = float(rng.uniform(35, 88) if lying else rng.uniform(1, 35) if rng.random() < 0.8 else rng.uniform(35, 60))
    look(rng, points, tilt, float(rng.uniform(0.5, 0.97)))
    save_colour(scene, picture, rng)
    save_alpha(scene, subject, stage, picture)


def arrange(rng: Rng, lying: bool, like: tuple[float, float, float] | None) -> tuple[list[Part], np.ndarray]:
    """One to three things side by side, as parts, and all their points."""
    number = int(rng.choice([1, 2, 3], p=[0.8, 0.14, 0.06]))
    parts: list[Part] = []
    right = 0.0
    for _ in range(number):
        goods = LYING if lying else STANDING
        make = goods[rng.integers(len(goods))]
        thing = make(rng, Palette(rng, like))
        thing = each(thing, partial(Mesh.turned, axis="z", degrees=float(rng.uniform(0, 360))))
        points = np.concatenate([part.mesh.points for part in thing])
        low, high = points.min(0), points.max(0)
        # All things have about the same size, whatever they are.
        scale = float(rng.uniform(0.7, 1.3)) / float(np.max(high - low)) * 2
        # Beside the one before, standing on the ground.
        step = right - low[0] * scale
        for part in thing:
            mesh = part.mesh.scaled(scale, scale, scale).moved(step, 0, -low[2] * scale + 0.002)
            parts.append(Part(mesh, part.surface, part.bevel * scale))
        right += (high[0] - low[0]) * scale + float(rng.uniform(-0.15, 0.3))
    points = np.concatenate([part.mesh.points for part in parts])
    x, y = (points.max(0) + points.min(0))[:2] / 2
    parts = each(parts, partial(Mesh.moved, x=-x, y=-y))
    return parts, np.concatenate([part.mesh.points for part in parts])


def save_colour(scene: bpy.types.Scene, picture: Path, rng: Rng) -> None:
    """Renders the colours, exposed like a photo that came out well or not quite."""
    settings = scene.render.image_settings
    scene.view_settings.view_transform = str(rng.choice(["Standard", "Filmic"]))
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.exr"
        settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGB", "32"
        scene.render.filepath = str(raw)
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(str(raw))
        pixels = np.empty(image.size[0] * image.size[1] * image.channels, np.float32)
        image.pixels.foreach_get(pixels)
    # The picture as it was loaded says in its comments how long it took.
    plain = bpy.data.images.new("plain", *image.size, float_buffer=True)
    plain.pixels.foreach_set(pixels)
    bright = float(np.percentile(pixels.reshape(-1, image.channels)[:, :3].max(1), 95))
    scene.view_settings.exposure = float(np.log2(0.75 / max(bright, 1e-4)) + rng.normal(0, 0.35))
    settings.file_format, settings.color_mode, settings.quality = "JPEG", "RGB", int(rng.integers(80, 97))
    plain.save_render(str(picture), scene=scene)


def save_alpha(
    scene: bpy.types.Scene, subject: list[bpy.types.Object], stage: list[bpy.types.Object], picture: Path
) -> None:
    """Renders how much of every pixel the subject covers: white things before black."""
    for sheet in stage:
        sheet.hide_render = True
    white = bpy.data.materials.new("white")
    white.use_nodes = True
    glow = white.node_tree.nodes.new("ShaderNodeEmission")
    white.node_tree.links.new(glow.outputs[0], white.node_tree.nodes["Material Output"].inputs[0])
    for thing in subject:
        thing.data.materials[0] = white
    for thing in scene.objects:
        thing.hide_render = thing.hide_render or thing.type == "LIGHT"
    background = scene.world.node_tree.nodes["Background"]
    for link in list(background.inputs[0].links):
        scene.world.node_tree.links.remove(link)
    background.inputs[0].default_value, background.inputs[1].default_value = (0, 0, 0, 1), 0
    scene.cycles.max_bounces = 0
    scene.view_settings.view_transform, scene.view_settings.exposure = "Raw", 0
    scene.render.dither_intensity = 0
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "BW", "8"
    scene.render.filepath = str(picture.with_suffix(ALPHA))
    bpy.ops.render.render(write_still=True)


main()
