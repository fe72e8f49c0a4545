"""Draws cut-outs of things that show a photo: monitors, laptops, telephones, framed pictures; exact straight alpha.

    python tools/screens.py --photos DIR [--photos DIR] --out DIR [--count 160]

Every seed gives ``screens/screen-SEED.png``, RGBA; ``manifest.jsonl`` beside the folder lists them as cut-outs of the
set ``screens``.  What a screen shows belongs to it: networks that never saw this take the photo's subject for theirs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import TressError
from tress_train.data.reading import read_rgb

Rgb = npt.NDArray[np.uint8]
Rng = np.random.Generator
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
# Drawn larger than they are kept, which makes smooth edges.
FINER = 2
# Kinds with how often, and widths over heights of what they show.
KINDS = {
    "monitor": (0.45, (16 / 9, 16 / 10, 4 / 3, 21 / 9)),
    "laptop": (0.2, (16 / 9, 16 / 10)),
    "telephone": (0.15, (9 / 16, 9 / 19, 3 / 4, 4 / 3)),
    "frame": (0.2, (3 / 4, 4 / 3, 1.0, 2 / 3, 3 / 2)),
}


def main() -> None:
    """Reads the command line and draws."""
    parser = argparse.ArgumentParser(prog="screens.py", description="Draws cut-outs of things that show a photo.")
    parser.add_argument("--photos", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=160)
    arguments = parser.parse_args()
    photos = sorted(p for folder in arguments.photos for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    photos = [path for path in photos if ".alpha." not in path.name]
    if not photos:
        parser.error("there are no photos in " + ", ".join(map(str, arguments.photos)))
    manifest = arguments.out / "manifest.jsonl"
    if manifest.exists():
        parser.error(f"{manifest} is there already: name another folder")
    (arguments.out / "screens").mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in range(arguments.count):
        rng = np.random.default_rng((20261129, seed))
        name = f"screens/screen-{seed:04d}.png"
        try:
            cutout = draw(photos[rng.integers(len(photos))], rng)
        except TressError as error:
            parser.error(error.message)
        cv2.imwrite(str(arguments.out / name), cv2.cvtColor(cutout, cv2.COLOR_RGBA2BGRA))
        rows.append({"image": name, "set": "screens", "kind": "objects", "edge": "rgba", "ignore_px": 0})
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def draw(photo: Path, rng: Rng) -> npt.NDArray[np.uint8]:
    """One cut-out, ``(H, W, 4)`` uint8 RGBA, straight, with a clear margin."""
    names = list(KINDS)
    kind = names[rng.choice(len(names), p=[KINDS[name][0] for name in names])]
    aspects = KINDS[kind][1]
    aspect = aspects[rng.integers(len(aspects))]
    long_side = FINER * int(rng.integers(420, 760))
    width, height = (long_side, round(long_side / aspect)) if aspect > 1 else (round(long_side * aspect), long_side)
    # Room for a stand below, and for turning.
    canvas = np.zeros((int(2 * height + 0.4 * width), int(1.8 * width), 4), np.uint8)
    left, top = int(0.4 * width), int(0.3 * height)
    metal = any_grey(rng)
    if kind == "monitor":
        _stand(canvas, left, top, width, height, metal, rng)
    elif kind == "laptop":
        _keyboard(canvas, left, top + height, width, height, metal, rng)
    _screen(canvas, left, top, shown(photo, width, height, rng), kind, rng)
    return _turned(canvas, rng)


def any_grey(rng: Rng) -> tuple[int, ...]:
    """Black, grey or nearly white, as devices are."""
    level = rng.choice((rng.uniform(5, 45), rng.uniform(90, 190), rng.uniform(200, 245)))
    return (*(int(np.clip(level + shift, 0, 255)) for shift in rng.normal(0, 5, 3)), 255)


def shown(photo: Path, width: int, height: int, rng: Rng) -> Rgb:
    """A part of the photo that fills the screen; at times darker or with a gleam across it."""
    picture = read_rgb(photo)
    cover = max(height / picture.shape[0], width / picture.shape[1]) * rng.uniform(1, 1.3)
    large = cv2.resize(picture, None, fx=cover, fy=cover, interpolation=cv2.INTER_LINEAR)
    y, x = (
        int(rng.integers(0, max(1, side - wanted + 1)))
        for side, wanted in zip(large.shape[:2], (height, width), strict=True)
    )
    part = large[y : y + height, x : x + width].astype(np.float32)
    part = cv2.resize(part, (width, height)) * rng.uniform(0.6, 1.1)
    if rng.random() < 0.4:
        slope = np.add.outer(np.linspace(0, 1, height), np.linspace(0, rng.uniform(-1, 1), width))
        part += rng.uniform(20, 90) * np.clip(slope - rng.uniform(0.2, 0.8), 0, 1).astype(np.float32)[..., None]
    return np.clip(part, 0, 255).astype(np.uint8)


def _screen(canvas: npt.NDArray[np.uint8], left: int, top: int, picture: Rgb, kind: str, rng: Rng) -> None:
    height, width = picture.shape[:2]
    if kind == "frame":
        rim, colour = rng.uniform(0.02, 0.12), (*(int(c) for c in rng.integers(20, 230, 3)), 255)
    else:
        rim, colour = rng.uniform(0.004, 0.05), any_grey(rng)
    edge = max(2, round(rim * max(width, height)))
    corner = round(rng.uniform(0, 0.05) * min(width, height)) if kind != "frame" else 0
    outside = (left - edge, top - edge, left + width + edge, top + height + edge)
    _rounded(canvas, outside, colour, corner + edge if corner else 0)
    inner = np.zeros(canvas.shape[:2], np.uint8)
    _rounded(inner, (left, top, left + width, top + height), 255, corner)
    window = inner[top : top + height, left : left + width] > 0
    canvas[top : top + height, left : left + width, :3][window] = picture[window]


def _stand(
    canvas: npt.NDArray[np.uint8], left: int, top: int, width: int, height: int, colour: tuple[int, ...], rng: Rng
) -> None:
    middle, bottom = left + width // 2, top + height
    neck, drop = rng.uniform(0.03, 0.1) * width, rng.uniform(0.1, 0.3) * height
    foot, thick = rng.uniform(0.12, 0.35) * width, rng.uniform(0.01, 0.05) * height
    end = int(bottom + drop)
    cv2.rectangle(canvas, (int(middle - neck), top + height // 2), (int(middle + neck), end), colour, -1)
    darker = (*(int(0.8 * c) for c in colour[:3]), 255)
    if rng.random() < 0.5:
        cv2.ellipse(canvas, (middle, end), (int(foot), int(max(2, 2 * thick))), 0, 0, 360, darker, -1)
    else:
        cv2.rectangle(canvas, (int(middle - foot), end), (int(middle + foot), int(end + thick)), darker, -1)


def _keyboard(
    canvas: npt.NDArray[np.uint8], left: int, bottom: int, width: int, height: int, colour: tuple[int, ...], rng: Rng
) -> None:
    deep, wider = int(rng.uniform(0.1, 0.4) * height), int(rng.uniform(0.02, 0.16) * width)
    corners = [
        (left, bottom),
        (left + width, bottom),
        (left + width + wider, bottom + deep),
        (left - wider, bottom + deep),
    ]
    cv2.fillPoly(canvas, [np.array(corners, np.int32)], colour)
    keys = (*(int(0.5 * c) for c in colour[:3]), 255)
    for row in range(1, 5):
        y, out = bottom + deep * row // 7, wider * row // 7
        cv2.line(canvas, (left + width // 12 - out, y), (left + 11 * width // 12 + out, y), keys, max(2, deep // 12))
    edge = (*(int(0.7 * c) for c in colour[:3]), 255)
    cv2.rectangle(canvas, corners[3], (corners[2][0], bottom + deep + max(2, height // 60)), edge, -1)


def _rounded(
    canvas: npt.NDArray[np.uint8], box: tuple[int, int, int, int], colour: int | tuple[int, ...], radius: int
) -> None:
    left, top, right, bottom = box
    cv2.rectangle(canvas, (left + radius, top), (right - radius, bottom), colour, -1)
    cv2.rectangle(canvas, (left, top + radius), (right, bottom - radius), colour, -1)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(canvas, (x, y), radius, colour, -1)


def _turned(canvas: npt.NDArray[np.uint8], rng: Rng) -> npt.NDArray[np.uint8]:
    """Seen from a little beside, trimmed and scaled down."""
    height, width = canvas.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + rng.uniform(-0.07, 0.07, (4, 2)).astype(np.float32) * (width, height) * (rng.random() < 0.7)
    premultiplied = canvas.astype(np.float32) * (canvas[..., 3:] / np.float32(255))
    premultiplied[..., 3] = canvas[..., 3]
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    seen = cv2.warpPerspective(premultiplied, matrix, (width, height), flags=cv2.INTER_LINEAR)
    rows, columns = np.flatnonzero(seen[..., 3].max(1) > 0), np.flatnonzero(seen[..., 3].max(0) > 0)
    seen = seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = cv2.resize(seen, None, fx=1 / FINER, fy=1 / FINER, interpolation=cv2.INTER_AREA)
    alpha = small[..., 3:]
    colours = small[..., :3] * 255 / np.maximum(alpha, 1)
    margin = 4
    cutout = np.clip(np.concatenate([colours, alpha], 2) + 0.5, 0, 255).astype(np.uint8)
    return np.pad(cutout, ((margin, margin), (margin, margin), (0, 0)))


if __name__ == "__main__":
    main()
