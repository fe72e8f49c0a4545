"""Photometric changes that a camera, a lens or a file format would make, on the finished picture.

They act on subject and background alike, after compositing: a difference in noise, sharpness or compression between
the two layers would be a cheat that no real photo offers.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def photometric(image: Image, rng: np.random.Generator) -> Image:
    """Light, colour, then at random blur, softness, noise and JPEG.  ``(H, W, 3)`` uint8 RGB in and out."""
    image = light_and_colour(image, rng)
    if rng.random() < 0.12:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.12:
        image = soften(image, rng.uniform(0.4, 0.9))
    if rng.random() < 0.15:
        image = add_noise(image, rng.uniform(2, 14), rng)
    if rng.random() < 0.3:
        image = recompress(image, int(rng.integers(35, 95)))
    return image


def light_and_colour(image: Image, rng: np.random.Generator) -> Image:
    """Exposure, contrast, gamma, white balance and saturation; one picture in twenty becomes grey."""
    # Whatever is done to every value alike is looked up, and all that mixes channels is one matrix.
    curve = np.tile(np.arange(256, dtype=np.float32)[:, None] / 255, 3)
    contrast = np.float32(1)
    if rng.random() < 0.8:
        gains = np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.05, 3)).astype(np.float32)
        curve = np.clip(curve * gains, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.18)))
        contrast = np.float32(np.exp(rng.normal(0, 0.15)))
    saturation = 0.0 if rng.random() < 0.05 else np.exp(rng.normal(0, 0.25))
    x = cv2.LUT(image, curve[None])
    mean = np.mean(cv2.mean(x)[:3])
    mix = saturation * np.eye(3) + (1 - saturation) * np.array([0.299, 0.587, 0.114])
    # cv2.transform takes double precision for the matrix; its last column is added.
    x = cv2.transform(x, np.column_stack([contrast * mix, np.full(3, (1 - contrast) * mean)]))
    return (np.clip(x, 0, 1) * 255 + 0.5).astype(np.uint8)


def recolour(image: Image, rng: np.random.Generator) -> Image:
    """Another light, other colours: all hues turned by the same angle.  ``(H, W, 3)`` uint8 in and out.

    For one layer of a composite, which is not a cheat: a subject may have any colour that its surroundings do not have.
    """
    angle = rng.uniform(0, 2 * np.pi)
    along, across = np.cos(angle), np.sin(angle) / np.sqrt(3)
    # A rotation about the grey axis.
    rest = (1 - along) / 3
    turn = np.array(
        [
            [along + rest, rest - across, rest + across],
            [rest + across, along + rest, rest - across],
            [rest - across, rest + across, along + rest],
        ]
    )
    turned = np.clip(image @ turn.T.astype(np.float32), 0, 255)
    return light_and_colour(turned.astype(np.uint8), rng)


def soften(image: Image, scale: float) -> Image:
    """Throws detail away by shrinking to ``scale`` and growing back."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(8, int(width * scale)), max(8, int(height * scale))), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def add_noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Grain of standard deviation ``sigma`` (of 255): half the time per pixel, half the time in coarser blobs."""
    height, width = image.shape[:2]
    noise = rng.standard_normal((height, width, 3), np.float32) * np.float32(sigma)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.8) * 2
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def recompress(image: Image, quality: int) -> Image:
    """Through JPEG at ``quality`` and back."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
