"""The subject's own colours in the soft band, so that no halo of the old background stays.

A soft pixel shows ``alpha * foreground + (1 - alpha) * background``: one equation, two unknown colours.  As in blur
fusion (Forte 2021, https://arxiv.org/abs/2006.14970, "Approximate Fast Foreground Colour Estimation") both colours are
first taken as local averages weighted by alpha, then corrected by what their mix leaves unexplained.

Where we deviate:

- The correction is the smallest change of *both* colours that explains the pixel exactly (minimum norm), instead of
  adding ``alpha`` times the rest to the foreground alone.
- Six windows from wide to narrow instead of two.
- The wide ones run on a reduced picture, where their averages are nearly the same, the narrow ones only where blocks
  hold soft pixels.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Rgb8, check_alpha, check_rgb8, check_same_size
from tress.process.geometry import resize

WIDE_LONG_SIDE_PX = 256
# Window radii on the reduced picture, then on the full one.
WIDE_RADII_PX = (46, 16, 5, 2)
NARROW_RADII_PX = (6, 2)
BLOCK_PX = 96
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
    for top in range(0, height, BLOCK_PX):
        for left in range(0, width, BLOCK_PX):
            here = soft[top : top + BLOCK_PX, left : left + BLOCK_PX]
            rows, columns = np.flatnonzero(here.any(1)), np.flatnonzero(here.any(0))
            if not len(rows):
                continue
            # Only as much of the block as holds soft pixels, and what their windows see of the surroundings.
            inner = (slice(top + rows[0], top + rows[-1] + 1), slice(left + columns[0], left + columns[-1] + 1))
            y0, y1 = max(0, inner[0].start - margin), min(height, inner[0].stop + margin)
            x0, x1 = max(0, inner[1].start - margin), min(width, inner[1].stop + margin)
            block_alpha, block_image = alpha[y0:y1, x0:x1], _planes(image[y0:y1, x0:x1])
            layers = _explain(block_image, block_alpha, *_sample(wide, (y0, y1, x0, x1), (height, width)))
            for radius in NARROW_RADII_PX:
                layers = _explain(block_image, block_alpha, *_weighted_means(*layers, block_alpha, radius))
            here = soft[inner]
            centre = layers[0][:, inner[0].start - y0 : inner[0].stop - y0, inner[1].start - x0 : inner[1].stop - x0]
            result[inner][here] = (centre[:, here] + np.float32(0.5)).T
    return result


# Below, colours are planes, ``(3, h, w)`` float32 in [0, 255]: arithmetic with ``(h, w)`` alpha is far faster so.


def _planes(image: Rgb8) -> Floats:
    return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)


def _wide_pass(image: Rgb8, alpha: Alpha) -> tuple[Floats, Floats]:
    """Foreground and background means in wide windows, on a reduced grid."""
    height, width = alpha.shape
    scale = min(1.0, WIDE_LONG_SIDE_PX / max(height, width))
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    small_alpha, small_image = resize(alpha, h, w), _planes(resize(image, h, w))
    means = layers = small_image, small_image
    for radius in WIDE_RADII_PX:
        means = _weighted_means(*layers, small_alpha, radius)
        layers = _explain(small_image, small_alpha, *means)
    return means


def _weighted_means(foreground: Floats, background: Floats, alpha: Alpha, radius_px: int) -> tuple[Floats, Floats]:
    """Box means of the foreground weighted by alpha and of the background weighted by ``1 - alpha``."""
    return _weighted_mean(foreground, alpha, radius_px), _weighted_mean(background, 1 - alpha, radius_px)


def _weighted_mean(colours: Floats, weight: Alpha, radius_px: int) -> Floats:
    side = (2 * radius_px + 1, 2 * radius_px + 1)
    share = 1 / (cv2.blur(weight, side, borderType=cv2.BORDER_REPLICATE) + _EPS)
    means = colours * weight
    for plane in means:
        cv2.blur(plane, side, dst=plane, borderType=cv2.BORDER_REPLICATE)
    means *= share
    return means


def _explain(image: Floats, alpha: Alpha, foreground: Floats, background: Floats) -> tuple[Floats, Floats]:
    """The foreground and background closest to the given ones whose mix is the picture."""
    beta = 1 - alpha
    rest = image - alpha * foreground
    rest -= beta * background
    rest /= alpha * alpha + beta * beta
    return _moved(foreground, alpha, rest), _moved(background, beta, rest)


def _moved(colours: Floats, weight: Alpha, rest: Floats) -> Floats:
    """``colours + weight * rest``, within [0, 255]."""
    moved = weight * rest
    moved += colours
    np.maximum(moved, 0, out=moved)
    return np.minimum(moved, 255, out=moved)


def _sample(
    grids: tuple[Floats, Floats], window: tuple[int, int, int, int], size: tuple[int, int]
) -> tuple[Floats, ...]:
    """The reduced grids, bilinearly upsampled, for the pixels ``[y0:y1, x0:x1]`` of a picture of ``size``."""
    y0, y1, x0, x1 = window
    if grids[0].shape[1:] == size:
        return tuple(grid[:, y0:y1, x0:x1] for grid in grids)
    scale_y, scale_x = grids[0].shape[1] / size[0], grids[0].shape[2] / size[1]
    # Half-pixel centres: one pixel of the grid stands for 1 / scale of the picture's.
    matrix = np.array([[scale_x, 0, (x0 + 0.5) * scale_x - 0.5], [0, scale_y, (y0 + 0.5) * scale_y - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    span = (x1 - x0, y1 - y0)
    sample = partial(cv2.warpAffine, M=matrix, dsize=span, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return tuple(np.stack([sample(plane) for plane in grid]) for grid in grids)
