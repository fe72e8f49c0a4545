"""Edges at 100 % zoom: input, the first look, refined, refined with the subject's own colours, and IS-Net.

    make figures                                                    # the free examples, into docs/pictures
    python -m benchmarks.figures.hair --data DATA --out demo/hair   # photos of a data set, to look at

Each picture shows the window with the longest soft edge, on white, black and a strong colour; of the free examples
further ones show straps, gaps and thin things.  IS-Net takes part if
``benchmarks.fetch_peers`` has put it into ``.cache/peers``; it is shown as it is, without refiner and colours.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

import tress
from tress.evaluation.manifest import read_manifest
from tress.io.decode import decode
from tress.process.composite import over

ROOT = Path(__file__).parents[2]
ISNET = ROOT / ".cache" / "peers" / "isnet-general-use.onnx"
EXAMPLES = ("lemur", "animal", "people", "baby")
# Further windows of these, by name: photo, top and left.
WINDOWS = {"strap": ("people", 400, 500), "handle": ("product", 110, 250), "rail": ("car", 340, 30)}
# Photos of the validation data that show hair, fur, lace, wire and plants.
SETS = {"alphamatting27": 4, "fashion-people": 2, "synth-hair-composites": 3, "pseudo-p3m-gfm-aim": 1}
GROUNDS = ((255, 255, 255), (0, 0, 0), (30, 80, 220))
WINDOW_PX, GAP_PX, CAPTION_PX = 256, 4, 16

Rgb = npt.NDArray[np.uint8]


def window(alphas: Iterable[npt.NDArray[np.float32]]) -> tuple[slice, slice]:
    """The window that holds most pixels that any of the alphas leaves undecided."""
    soft = np.max([((alpha > 0.05) & (alpha < 0.95)).astype(np.float32) for alpha in alphas], axis=0)
    height, width = (min(WINDOW_PX, size) for size in soft.shape)
    counts = cv2.boxFilter(soft, -1, (width, height), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
    counts = counts[: soft.shape[0] - height + 1, : soft.shape[1] - width + 1]
    y, x = np.unravel_index(int(counts.argmax()), counts.shape)
    return slice(int(y), int(y) + height), slice(int(x), int(x) + width)


def figure(
    path: Path,
    coarse: tress.Remover,
    fine: tress.Remover,
    peer: tress.Remover | None,
    corner: tuple[int, int] | None = None,
) -> Image.Image:
    """One picture: a row a background, a column a method.

    Args:
        path: the photo.
        coarse: the locator alone.
        fine: with the refiner.
        peer: another network, if there is one.
        corner: top and left of the window, in pixels; None for that with the longest soft edge.
    """
    picture = decode(path)
    located, refined = coarse.matte(picture), fine.matte(picture)
    columns: list[tuple[str, Rgb | None, npt.NDArray[np.float32]]] = [
        ("first look", located.image, located.alpha),
        ("refined", refined.image, refined.alpha),
        ("refined, own colours", refined.foreground, refined.alpha),
    ]
    if peer is not None:
        theirs = peer.matte(picture)
        columns.append(("IS-Net", theirs.image, theirs.alpha))
    if corner is None:
        cut = window([alpha for _, _, alpha in columns[:2]])
    else:
        cut = (slice(corner[0], corner[0] + WINDOW_PX), slice(corner[1], corner[1] + WINDOW_PX))
    tiles = [("input", [located.image[cut]] * len(GROUNDS))]
    for name, colours, alpha in columns:
        tiles.append((name, [over(colours, alpha, np.asarray(ground, np.uint8))[cut] for ground in GROUNDS]))
    height, width = tiles[0][1][0].shape[:2]
    size = (len(tiles) * (width + GAP_PX) - GAP_PX, len(GROUNDS) * (height + GAP_PX) - GAP_PX + CAPTION_PX)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for column, (name, rows) in enumerate(tiles):
        draw.text((column * (width + GAP_PX) + 2, 2), name, fill="black")
        for row, tile in enumerate(rows):
            sheet.paste(Image.fromarray(tile), (column * (width + GAP_PX), CAPTION_PX + row * (height + GAP_PX)))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with manifest.jsonl; the repository's examples if not given")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--model", default="default")
    options = parser.parse_args()
    shown: dict[str, tuple[Path, tuple[int, int] | None]] = {}
    if options.data:
        records = read_manifest(options.data / "manifest.jsonl")
        for name, count in SETS.items():
            chosen = [record for record in records if record.set == name][::3][:count]
            shown |= {f"hair-{record.image.stem}": (record.image, None) for record in chosen}
    else:
        examples = ROOT / "examples"
        shown |= {f"hair-{name}": (examples / f"{name}.jpg", None) for name in EXAMPLES}
        shown |= {f"edge-{name}": (examples / f"{photo}.jpg", (y, x)) for name, (photo, y, x) in WINDOWS.items()}
    coarse, fine = tress.Remover(options.model, refine=False), tress.Remover(options.model)
    peer = tress.Remover(ISNET, refine=False) if ISNET.is_file() else None
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (path, corner) in shown.items():
        target = options.out / f"{name}.webp"
        figure(path, coarse, fine, peer, corner).save(target, quality=88, method=6)
        print(target)


if __name__ == "__main__":
    main()
