"""The subject's own colours in the soft band, so that no halo of the old background stays.

A soft pixel shows ``alpha * foreground + (1 - alpha) * background``: one equation, two unknown colours.  As in blur
fusion (Forte 2021, https://arxiv.org/abs/2006.14970, "Approximate Fast Foreground Colour Estimation") both colours are
first taken as local averages weighted by alpha, then corrected by what their mix leaves unexplained.

Where we deviate:

- The correction is the smallest change of *both* colours that explains the pixel exactly (minimum norm), instead of
  adding ``alpha`` times the rest to the foreground alone.  On hair over photos this halves the remaining error.
- Five windows from wide to narrow instead of two.
- The wide ones run on a reduced picture, where their averages are the same to within rounding, the narrow ones only in
  blocks that hold soft pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Rgb8, check_alpha, check_rgb8, check_same_size
from tress.process.geometry import resize

WIDE_LONG_SIDE_PX = 512
# Window radii on the reduced picture, then on the full one.
WIDE_RADII_PX = (46, 20, 6)
NARROW_RADII_PX = (6, 2)
BLOCK_PX = 256
OPAQUE, CLEAR = 0.995, 0.005
_EPS = np.float32(1e-6)

Floats = npt.NDArray[np.float32]


def estimate_foreground(image: Rgb8, alpha: Alpha) -> Rgb8:
    """Estimates the foreground colours of a picture.

    Args:
        image: ``(H, W, 3)`` uint8, sRGB.
        alpha: ``(H, W)`` float32 in [0, 1].

    Returns:
        ``(H, W, 3)`` uint8: the picture itself, except where alpha is soft.  The estimate mixes sRGB-encoded values,
        as cameras' soft edges, viewers and alpha compositing in browsers do.
    """
    check_rgb8(image)
    check_alpha(alpha)
    check_same_size(image, alpha, ("image", "alpha"))
    result = image.copy()
    soft = (alpha > CLEAR) & (alpha < OPAQUE)
    if not soft.any():
        return result
    wide = _wide_pass(image, alpha)
    height, width = alpha.shape
    margin = sum(NARROW_RADII_PX)
    for y in range(0, height, BLOCK_PX):
        for x in range(0, width, BLOCK_PX):
            inner = (slice(y, min(y + BLOCK_PX, height)), slice(x, min(x + BLOCK_PX, width)))
            if not soft[inner].any():
                continue
            y0, y1 = max(0, y - margin), min(height, y + BLOCK_PX + margin)
            x0, x1 = max(0, x - margin), min(width, x + BLOCK_PX + margin)
            block_alpha = alpha[y0:y1, x0:x1, None]
            block_image = image[y0:y1, x0:x1].astype(np.float32)
            means = _sample(wide, y0, y1, x0, x1, height, width)
            foreground, background = _explain(block_image, block_alpha, means)
            for radius in NARROW_RADII_PX:
                means = _weighted_means(foreground, background, block_alpha, radius)
                foreground, background = _explain(block_image, block_alpha, means)
            here = soft[inner]
            centre = foreground[y - y0 : y - y0 + here.shape[0], x - x0 : x - x0 + here.shape[1]]
            result[inner][here] = (centre[here] + 0.5).astype(np.uint8)
    return result


def _wide_pass(image: Rgb8, alpha: Alpha) -> Floats:
    """Foreground and background means in wide windows, ``(h, w, 6)`` float32, on a reduced grid."""
    height, width = alpha.shape
    scale = min(1.0, WIDE_LONG_SIDE_PX / max(height, width))
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    small_alpha = resize(alpha, h, w)[..., None]
    small_image = resize(image, h, w).astype(np.float32)
    foreground = background = small_image
    means = np.empty(0, np.float32)
    for radius in WIDE_RADII_PX:
        means = _weighted_means(foreground, background, small_alpha, radius)
        foreground, background = _explain(small_image, small_alpha, means)
    return means


def _weighted_means(foreground: Floats, background: Floats, alpha: Floats, radius_px: int) -> Floats:
    """Box means of the foreground weighted by alpha and of the background weighted by ``1 - alpha``."""
    rest = 1 - alpha
    stacked = np.concatenate([foreground * alpha, alpha], 2), np.concatenate([background * rest, rest], 2)
    side = (2 * radius_px + 1, 2 * radius_px + 1)
    means = []
    for layer in stacked:
        blurred = cv2.blur(layer, side, borderType=cv2.BORDER_REPLICATE)
        means.append(blurred[..., :3] / (blurred[..., 3:] + _EPS))
    return np.concatenate(means, 2)


def _explain(image: Floats, alpha: Floats, means: Floats) -> tuple[Floats, Floats]:
    """The foreground and background closest to their means, ``(h, w, 6)``, whose mix is the picture."""
    foreground, background = means[..., :3], means[..., 3:]
    rest = image - alpha * foreground - (1 - alpha) * background
    rest /= alpha**2 + (1 - alpha) ** 2
    return np.clip(foreground + alpha * rest, 0, 255), np.clip(background + (1 - alpha) * rest, 0, 255)


def _sample(grid: Floats, y0: int, y1: int, x0: int, x1: int, height: int, width: int) -> Floats:
    """The reduced grid, bilinearly upsampled, for the pixels ``[y0:y1, x0:x1]`` of the full picture."""
    if grid.shape[:2] == (height, width):
        return grid[y0:y1, x0:x1]
    scale_y, scale_x = grid.shape[0] / height, grid.shape[1] / width
    rows = ((np.arange(y0, y1) + 0.5) * scale_y - 0.5).astype(np.float32)
    columns = ((np.arange(x0, x1) + 0.5) * scale_x - 0.5).astype(np.float32)
    map_x, map_y = np.meshgrid(columns, rows)
    # Remap handles at most four channels at a time.
    parts = [
        cv2.remap(grid[..., c : c + 3], map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for c in (0, 3)
    ]
    return np.concatenate(parts, 2)
