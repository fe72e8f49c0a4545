"""Makes the tutorial's pictures by running its commands: make figures."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.figures.strip import checkerboard
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[2]
EXAMPLES, PICTURES = ROOT / "examples", ROOT / "docs" / "pictures"
HEIGHT_PX = 260
GAP_PX = 8
# A stroke over the gleam above the bag, in shares of the picture's size.
STROKE = [(0.32, -0.02), (0.25, 0.05), (0.17, 0.21)]
TRESS = (sys.executable, "-c", "from tress.cli.main import run; run()")
ROWS = {
    "tutorial-first": ("lemur.jpg", [()]),
    "tutorial-look": (
        "product.jpg",
        [
            ("--background", "white", "--crop", "--margin", "5%", "--size", "600x600"),
            ("--background", "#ffd166", "--shadow", "contact"),
            ("--background", "blur:4%"),
            ("--mask",),
        ],
    ),
    "tutorial-marks": ("product.jpg", [(), ("--clear", "MARKS")]),
}


def shown(picture: Image.Image) -> Image.Image:
    """At the row's height; what is transparent lies on a checkerboard."""
    size = (round(picture.width * HEIGHT_PX / picture.height), HEIGHT_PX)
    picture = picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    board = Image.fromarray(np.dstack([checkerboard(size[1], size[0]), np.full(size[::-1], 255, np.uint8)]))
    return Image.alpha_composite(board, picture).convert("RGB")


def marks(photo: Path, folder: Path) -> Path:
    """The stroke, white on black."""
    with Image.open(photo) as picture:
        width, height = picture.size
    drawn = Image.new("L", (width, height))
    ImageDraw.Draw(drawn).line([(x * width, y * height) for x, y in STROKE], fill=255, width=width // 12)
    drawn.save(folder / "marks.png")
    return folder / "marks.png"


def row(photo: Path, commands: list[tuple[str, ...]], folder: Path) -> Image.Image:
    painted = marks(photo, folder)
    cells = [shown(Image.open(photo))]
    if any("MARKS" in options for options in commands):
        over = Image.open(photo).convert("RGB")
        over.paste((230, 40, 60), mask=Image.open(painted))
        cells = [shown(over)]
    for number, options in enumerate(commands):
        result = folder / f"{photo.stem}-{number}.png"
        words = [str(painted) if word == "MARKS" else word for word in options]
        subprocess.run([*TRESS, str(photo), "-o", str(result), "-q", *words], check=True)
        cells.append(shown(Image.open(result)))
    joined = Image.new("RGB", (sum(cell.width for cell in cells) + GAP_PX * (len(cells) - 1), HEIGHT_PX), "white")
    x = 0
    for cell in cells:
        joined.paste(cell, (x, 0))
        x += cell.width + GAP_PX
    return joined


def main() -> None:
    for name, (photo, commands) in ROWS.items():
        target = PICTURES / f"{name}.webp"
        with tempfile.TemporaryDirectory() as folder:
            row(EXAMPLES / photo, commands, Path(folder)).save(target, quality=85, method=6)
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
