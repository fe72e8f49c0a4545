"""Coarse alphas as a locator would give them, made from true ones by damaging them.

The locator sees a small picture, so it misses strands, rounds corners, closes holes and doubts its edges.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tress.process.geometry import resize

Floats = npt.NDArray[np.float32]
WRONG_BY = 0.15
# The locator answers at half its resolution, so the enlargement to undo exceeds the step of the runtime.
MIN_SCALE, MAX_SCALE = 1.2, 5.0


class Damaged(NamedTuple):
    """A locator's answer, as it might be.

    alpha, doubt: ``(H, W)`` float32 in [0, 1].  scale: how many pixels of the picture one pixel of the locator covers.
    """

    alpha: Floats
    doubt: Floats
    scale: float


def degrade(true_alpha: Floats, rng: np.random.Generator) -> Damaged:
    """A coarse alpha and its uncertainty at the size of ``true_alpha``, ``(H, W)`` float32 in [0, 1]."""
    height, width = true_alpha.shape
    scale = float(np.exp(rng.uniform(np.log(MIN_SCALE), np.log(MAX_SCALE))))
    h, w = max(8, round(height / scale)), max(8, round(width / scale))
    small = resize(true_alpha, h, w)
    coarse = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 1.6))
    # Half-believed pixels fall to either side: strands vanish, gaps close.
    if rng.random() < 0.8:
        threshold = 0.5 + rng.uniform(-0.3, 0.25)
        gain = np.exp(rng.uniform(np.log(3), np.log(20)))
        coarse = _squash(coarse, threshold, gain)
    # Whole patches are judged too generously or too strictly.
    if rng.random() < 0.6:
        patches = _smooth_noise(h, w, rng.uniform(2, 12), rng)
        near = cv2.GaussianBlur(_is_soft(coarse).astype(np.float32), (0, 0), rng.uniform(1, 3))
        coarse = np.clip(coarse + patches * rng.uniform(0.1, 0.9) * np.minimum(1, 3 * near), 0, 1)
    coarse = cv2.GaussianBlur(coarse, (0, 0), rng.uniform(0.3, 1.0))

    doubt = _is_soft(coarse)
    # Half the time the locator knows where it is wrong; else it doubts its own edge and nothing more.
    if rng.random() < 0.5:
        doubt |= _is_soft(small) | (np.abs(coarse - small) > WRONG_BY)
        doubt = cv2.dilate(doubt.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    doubt_map = cv2.GaussianBlur(doubt.astype(np.float32), (0, 0), rng.uniform(0.6, 1.5))
    doubt_map *= np.float32(rng.uniform(0.5, 1.0))
    if rng.random() < 0.3:
        doubt_map *= np.clip(1 + 2 * _smooth_noise(h, w, rng.uniform(3, 10), rng), 0, 1)
    return Damaged(_grow(coarse, height, width), _grow(doubt_map, height, width), scale)


def _is_soft(alpha: Floats) -> npt.NDArray[np.bool_]:
    return (alpha > 0.03) & (alpha < 0.97)


def _squash(x: Floats, threshold: float, gain: float) -> Floats:
    low, high = (1 / (1 + np.exp(-gain * (v - threshold))) for v in (0.0, 1.0))
    y = 1 / (1 + np.exp(-gain * (x - np.float32(threshold))))
    return ((y - low) / (high - low)).astype(np.float32)


def _smooth_noise(height: int, width: int, sigma: float, rng: np.random.Generator) -> Floats:
    """Gaussian blobs, standard deviation about 0.5."""
    noise = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), sigma)
    return noise / (2 * noise.std() + 1e-6)


def _grow(x: Floats, height: int, width: int) -> Floats:
    return np.clip(resize(x, height, width), 0, 1)
