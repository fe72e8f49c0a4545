"""Putting cut-outs with exact alpha onto backgrounds."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.process.geometry import warp

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def plain_background(height_px: int, width_px: int, rng: np.random.Generator) -> Image:
    """A studio backdrop: one colour, or a smooth gradient of two, ``(H, W, 3)`` uint8."""
    first = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, rng.integers(90, 256))
    second = np.clip(first + rng.normal(0, 35, 3), 0, 255)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    ramp = (x / width_px - 0.5) * np.cos(angle) + (y / height_px - 0.5) * np.sin(angle) + 0.5
    ramp = np.clip(ramp, 0, 1)[..., None] if rng.random() < 0.6 else np.zeros((height_px, width_px, 1))
    return (first * (1 - ramp) + second * ramp).astype(np.uint8)


def place(cutout: Image, height_px: int, width_px: int, rng: np.random.Generator, *, grounded: bool) -> Floats:
    """Scales, turns, mirrors and moves a straight RGBA cut-out onto an empty canvas.

    Args:
        cutout: ``(h, w, 4)`` uint8, straight alpha.
        grounded: the cut-out ends at its lower edge (a bust) and must touch the lower edge of the canvas.

    Returns:
        ``(H, W, 4)`` float32 in [0, 1], **premultiplied**, so that resampling mixes no hidden colours.
    """
    premultiplied = cutout.astype(np.float32) / 255
    premultiplied[..., :3] *= premultiplied[..., 3:]
    h, w = cutout.shape[:2]
    scale = min(height_px / h, width_px / w) * np.exp(rng.uniform(np.log(0.35), np.log(1.5)))
    angle = 0.0 if grounded else np.radians(rng.normal(0, 12))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turn = scale * np.array([[np.cos(angle) * flip, -np.sin(angle)], [np.sin(angle) * flip, np.cos(angle)]])
    x = rng.uniform(0.2, 0.8) * width_px
    y = height_px - scale * h / 2 if grounded else rng.uniform(0.25, 0.75) * height_px
    shift = np.array([x, y]) - turn @ np.array([w / 2, h / 2])
    matrix = np.column_stack([turn, shift])
    return warp(premultiplied, matrix, height_px, width_px, border=(0, 0, 0, 0))


def shadow_of(alpha: Floats, rng: np.random.Generator) -> Floats:
    """A soft cast shadow, ``(H, W)`` float32 in [0, 1]: how much of the background's light it takes."""
    height, width = alpha.shape
    shift = np.array([[1, 0, rng.normal(0, 0.04) * width], [0, 1, abs(rng.normal(0, 0.04)) * height]])
    moved = cv2.warpAffine(alpha, shift, (width, height))
    blurred = cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.01, 0.04) * width)
    return blurred * np.float32(rng.uniform(0.1, 0.5))


def compose(background: Image, layers: list[Floats], rng: np.random.Generator) -> tuple[Image, Image]:
    """Puts premultiplied layers over a background, sometimes with a shadow.

    Returns:
        The picture ``(H, W, 3)`` uint8 and its exact alpha ``(H, W)`` uint8.
    """
    picture = background.astype(np.float32) / 255
    alpha = np.zeros(background.shape[:2], np.float32)
    for layer in layers:
        if rng.random() < 0.3:
            picture *= 1 - shadow_of(layer[..., 3], rng)[..., None]
        colours = layer[..., :3] * np.float32(np.exp(rng.normal(0, 0.15)))
        picture = np.minimum(colours, layer[..., 3:]) + picture * (1 - layer[..., 3:])
        alpha = layer[..., 3] + alpha * (1 - layer[..., 3])
    to_bytes = lambda x: (np.clip(x, 0, 1) * 255 + 0.5).astype(np.uint8)  # noqa: E731
    return to_bytes(picture), to_bytes(alpha)
