"""Makes the README's before/after strip with the built-in network: make figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import tress

ROOT = Path(__file__).parents[2]
NAMES = ("people", "animal", "product", "car", "lemur")
HEIGHT_PX = 300
GAP_PX = 8
SQUARE_PX = 10


def checkerboard(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] // SQUARE_PX
    return np.where(((x + y) % 2)[..., None], (255, 255, 255), (222, 222, 222)).astype(np.uint8)


def scaled(picture: np.ndarray) -> Image.Image:
    image = Image.fromarray(picture)
    return image.resize((round(image.width * HEIGHT_PX / image.height), HEIGHT_PX), Image.Resampling.LANCZOS)


def main() -> None:
    remover = tress.Remover()
    columns = []
    for name in NAMES:
        matte = remover.matte(ROOT / "examples" / f"{name}.jpg")
        # The squares are as large as they will look, whatever the photo's size.
        height, width = matte.alpha.shape
        board = np.array(
            Image.fromarray(checkerboard(HEIGHT_PX, round(width * HEIGHT_PX / height))).resize((width, height), 0)
        )
        columns.append((scaled(matte.image), scaled(matte.over(board))))
    total = sum(before.width for before, _ in columns) + GAP_PX * (len(columns) - 1)
    strip = Image.new("RGB", (total, 2 * HEIGHT_PX + GAP_PX), "white")
    x = 0
    for before, after in columns:
        strip.paste(before, (x, 0))
        strip.paste(after, (x, HEIGHT_PX + GAP_PX))
        x += before.width + GAP_PX
    target = ROOT / "docs" / "pictures" / "strip.webp"
    target.parent.mkdir(parents=True, exist_ok=True)
    strip.save(target, quality=88, method=6)
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
