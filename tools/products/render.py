"""Renders pictures of things with exact alpha: goods by chance, on a table, a sweep, in a room or under the sky.

    blender -b -P tools/products/render.py -- --out DIR --seeds 0 100 [--size 448] [--photos DIR] [--models DIR]

Every seed gives ``product-SEED.jpg`` and its alpha, ``product-SEED.alpha.png``, 8 bit; what is there already is left
alone.  With ``--models`` things, animals, plants and people are taken from furniture libraries of Sweet Home 3D instead
(``catalogue.py``), at times with others far behind them, and the files are called ``model-SEED``.  Shadows and
reflections on the ground do not belong to the subject, and its own light falls on it: composites of cut-outs show
neither.  Needs Blender 3.4 (Debian 12: ``apt install blender``); about 13 core-seconds a picture.
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
from catalogue import Model, read_catalogue
from goods import LYING, STANDING
from goods.part import Part, each
from models import Models
from shapes import Mesh
from stage import Workshop, build_backdrop, draw_backdrop, light, look
from surfaces import Palette

Rng = np.random.Generator
RATIOS = (1.0, 1.0, 4 / 3, 3 / 4, 3 / 2, 2 / 3)
ALPHA = ".alpha.png"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
# Every how many-th model is kept for pictures to measure with.
HELD_OUT = 10


def main() -> None:
    """Reads the command line and renders."""
    parser = argparse.ArgumentParser(prog="render.py", description="Renders pictures of things with exact alpha.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs=2, required=True, metavar=("FIRST", "END"))
    parser.add_argument("--size", type=int, default=448, help="long side of a picture, px")
    parser.add_argument("--photos", type=Path, help="pictures for prints, walls and floors")
    parser.add_argument("--models", type=Path, help="furniture libraries (*.sh3f) to take the subjects from")
    parser.add_argument("--held-out", action="store_true", help=f"every {HELD_OUT}th model alone, else all others")
    parser.add_argument("--samples", type=int, default=24, help="rays per pixel")
    arguments = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])
    photos = []
    if arguments.photos:
        photos = sorted(p for p in arguments.photos.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not photos:
            parser.error(f"there are no pictures in {arguments.photos}")
    models: list[Model] = []
    if arguments.models:
        catalogue = read_catalogue(arguments.models)
        models = [m for i, m in enumerate(catalogue) if (i % HELD_OUT == 0) == arguments.held_out]
        if not models:
            parser.error(f"there are no libraries (*.sh3f) with models in {arguments.models}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked:
        for seed in range(*arguments.seeds):
            picture = arguments.out / f"{'model' if models else 'product'}-{seed}.jpg"
            # The alpha is written last: a picture without one was interrupted.
            if not picture.with_suffix(ALPHA).exists():
                render(seed, picture, arguments.size, photos, arguments.samples, models, Path(unpacked))


def render(
    seed: int, picture: Path, size: int, photos: list[Path], samples: int, models: list[Model], unpacked: Path
) -> None:
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
    lying, crowded = not backdrop.open_air and rng.random() < 0.3, False
    if models:
        found = Models(models, unpacked, rng)
        subject, points, people = found.subject()
        lying = not people and low_and_flat(points)
        crowded = not backdrop.sweep and rng.random() < 0.45
    else:
        like = backdrop.colour if rng.random() < 0.25 else None
        parts, points = arrange(rng, lying, like)
        subject = [workshop.build(part) for part in parts]
    back = float(points[:, 1].max())
    behind = back + float(rng.uniform(6, 12) if crowded else rng.uniform(0.3, 6))
    stage = build_backdrop(workshop, backdrop, behind)
    if crowded:
        stage += found.company(back + 3, behind - 0.5)
    light(rng, backdrop.open_air, workshop.photo())
    tilt = float(rng.uniform(35, 88) if lying else rng.uniform(1, 35) if rng.random() < 0.8 else rng.uniform(35, 60))
    if crowded:
        tilt = float(rng.uniform(1, 15))
    look(rng, points, tilt, float(rng.uniform(0.5, 0.97)), blur=bool(models) and rng.random() < 0.5)
    save_colour(scene, picture, rng)
    save_alpha(scene, subject, stage, picture)


def low_and_flat(points: np.ndarray) -> bool:
    """Whether things are so flat that they are looked at from above."""
    sides = points.max(0) - points.min(0)
    return bool(sides[2] < 0.2 * max(sides[:2]))


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
    for material in {slot.material for thing in subject for slot in thing.material_slots if slot.material}:
        whiten(material)
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


def whiten(material: bpy.types.Material) -> None:
    """Lets a material glow white wherever it is not clear."""
    tree = material.node_tree
    end = next(node for node in tree.nodes if node.type == "OUTPUT_MATERIAL" and node.is_active_output)
    shader = tree.nodes.get("Principled BSDF")
    glow, clear, mix = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("Emission", "BsdfTransparent", "MixShader"))
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(glow.outputs[0], mix.inputs[2])
    mix.inputs[0].default_value = 1.0
    if shader is not None:
        alpha = shader.inputs["Alpha"]
        mix.inputs[0].default_value = alpha.default_value
        for link in list(alpha.links):
            tree.links.new(link.from_socket, mix.inputs[0])
    tree.links.new(mix.outputs[0], end.inputs[0])


main()
