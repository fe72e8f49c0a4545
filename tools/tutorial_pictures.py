"""Draws pictures to try fine-tuning with: ``python tools/tutorial_pictures.py FOLDER --count 50``.

Perforated brackets and gears on grounds of much the same colour, each ``NAME.jpg`` with its exact ``NAME.alpha.png``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

SIZE_PX = 480
# Shapes are drawn four times as large and scaled down, which gives their edges an exact alpha.
SCALE = 4
Image = npt.NDArray[np.uint8]


def main() -> None:
    """Writes the pictures; the same for the same seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for i in range(options.count):
        picture, alpha = draw(np.random.default_rng((options.seed, i)))
        cv2.imwrite(str(options.folder / f"{i:03}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        cv2.imwrite(str(options.folder / f"{i:03}.alpha.png"), alpha)


def draw(rng: np.random.Generator) -> tuple[Image, Image]:
    """A picture ``(S, S, 3)`` uint8 BGR and its alpha ``(S, S)`` uint8."""
    alpha = gear(rng) if rng.random() < 0.5 else bracket(rng)
    colour = rng.integers(60, 200, 3)
    light = np.linspace(rng.uniform(0.75, 1), rng.uniform(1, 1.25), SIZE_PX)[:, None, None]
    metal = colour * light + rng.normal(0, 5, (SIZE_PX, SIZE_PX, 1))
    ground = surface(rng, colour + rng.normal(0, 30, 3))
    offset = np.float32([[1, 0, 7], [0, 1, 9]])
    shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, offset, (SIZE_PX, SIZE_PX)), (0, 0), 8) / 255
    ground = ground * (1 - 0.5 * shadow[..., None])
    a = alpha[..., None] / 255
    return np.clip(a * metal + (1 - a) * ground, 0, 255).astype(np.uint8), alpha


def gear(rng: np.random.Generator) -> Image:
    """The alpha of a wheel with teeth, spokes and a hole."""
    teeth, radius = int(rng.integers(9, 22)), rng.uniform(0.25, 0.4)
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False) + rng.uniform(0, 6)
    lengths = radius * np.where(np.sin(angles * teeth) > 0, 1.0, 0.86)
    canvas = _canvas()
    _fill(canvas, 0.5 + lengths * np.cos(angles), 0.5 + lengths * np.sin(angles), 255)
    holes = int(rng.integers(3, 7))
    for k in range(holes):
        turn = 2 * np.pi * k / holes
        middle = 0.5 + 0.55 * radius * np.cos(turn), 0.5 + 0.55 * radius * np.sin(turn)
        _circle(canvas, *middle, 0.2 * radius, 0)
    _circle(canvas, 0.5, 0.5, 0.15 * radius, 0)
    return _small(canvas)


def bracket(rng: np.random.Generator) -> Image:
    """The alpha of a plate with rows of holes, turned."""
    width, height = rng.uniform(0.35, 0.7), rng.uniform(0.2, 0.4)
    turn, canvas = rng.uniform(0, np.pi), _canvas()

    def at(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        x, y = np.asarray(x), np.asarray(y)
        return 0.5 + x * np.cos(turn) - y * np.sin(turn), 0.5 + x * np.sin(turn) + y * np.cos(turn)

    _fill(
        canvas,
        *at([-width / 2, width / 2, width / 2, -width / 2], [-height / 2, -height / 2, height / 2, height / 2]),
        255,
    )
    columns, rows = int(rng.integers(3, 8)), int(rng.integers(1, 4))
    for x in (np.arange(columns) + 0.5) / columns - 0.5:
        for y in (np.arange(rows) + 0.5) / rows - 0.5:
            middle = at(x * width, y * height)
            _circle(canvas, float(middle[0]), float(middle[1]), 0.3 * min(width / columns, height / rows), 0)
    return _small(canvas)


def surface(rng: np.random.Generator, colour: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """A ground ``(S, S, 3)`` with grain, stains and boards."""
    grain = cv2.resize(
        rng.normal(0, 1, (40, int(rng.integers(4, 40)))), (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC
    )
    stains = cv2.resize(rng.normal(0, 1, (5, 5)), (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC)
    boards = np.sign(np.sin(np.linspace(0, rng.uniform(3, 40), SIZE_PX)))[None, :] * rng.uniform(0, 12)
    return colour + (14 * grain + 18 * stains + boards)[..., None] + rng.normal(0, 4, (SIZE_PX, SIZE_PX, 3))


def _canvas() -> Image:
    return np.zeros((SIZE_PX * SCALE, SIZE_PX * SCALE), np.uint8)


def _fill(canvas: Image, x: npt.ArrayLike, y: npt.ArrayLike, value: int) -> None:
    points = np.stack([np.asarray(x), np.asarray(y)], 1) * len(canvas)
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], value)


def _circle(canvas: Image, x: float, y: float, radius: float, value: int) -> None:
    size = len(canvas)
    cv2.circle(canvas, (round(x * size), round(y * size)), max(1, round(radius * size)), value, -1)


def _small(canvas: Image) -> Image:
    return cv2.resize(canvas, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
