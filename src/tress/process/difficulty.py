"""How hard a picture is to cut out, measured from the picture and its true alpha.

Training orders its curriculum by these figures and the evaluation slices its scores by them.  Everything is measured
at a long side of at most ``MEASURE_PX``, so that the same picture at another size gives about the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Rgb8, check_alpha, check_rgb8, check_same_size
from tress.process.geometry import resize

MEASURE_PX = 512
"""Long side at which pictures are measured; smaller pictures stay as they are."""

Mask = npt.NDArray[np.bool_]

_SURE = 0.05
_SUBJECT_SHARE = 0.001
_SUBJECT_OF_LARGEST = 0.05
_HOLE_SHARE = 0.0005
_BAND_SHARE = 0.02
# Grey levels per bin: sensor noise and compression of a plain wall fall into the middle bin.
_TEXTURE_STEP = 4


@dataclass(frozen=True)
class Difficulty:
    """Measured difficulty of one picture.

    Attributes:
        subjects: separate subjects, see ``count_subjects``; 0 for a picture without one.
        size: share of the picture that the subject covers, in [0, 1].
        contrast: colour distance (CIE76) across the edge that a quarter of the edge stays below; None without an edge.
        texture: entropy of the background's detail in bits, about 0 (plain) to 6 (noise); None without a background.
        soft_share: share of the subject's pixels that are soft beyond anti-aliasing, in [0, 1]; None if not known.
        holes: places enclosed by the subject where the background shows through.
    """

    subjects: int
    size: float
    contrast: float | None
    texture: float | None
    soft_share: float | None
    holes: int


def measure(image: Rgb8, alpha: Alpha, *, edge_error_px: float = 0, soft_is_known: bool = True) -> Difficulty:
    """Measures every figure of ``Difficulty``.

    Args:
        image: ``(H, W, 3)`` uint8 sRGB.
        alpha: ``(H, W)`` float32 in [0, 1], the true alpha.
        edge_error_px: how far the alpha's edge may be off, in pixels of this picture; colours this close to the edge
            do not count for the contrast.
        soft_is_known: False for binary masks and uncertain labels, whose soft edge means nothing.

    Raises:
        InputError: an array has a wrong shape, type or range, or the sizes differ.
    """
    check_rgb8(image)
    check_alpha(alpha)
    check_same_size(image, alpha, ("image", "alpha"))
    scale = min(1.0, MEASURE_PX / max(alpha.shape))
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in alpha.shape)
        image, alpha = resize(image, height, width), resize(alpha, height, width)
    inside = alpha > 0.5
    return Difficulty(
        subjects=count_subjects(inside),
        size=float(alpha.mean()),
        contrast=edge_contrast(image, alpha, edge_error_px=edge_error_px * scale),
        texture=background_texture(image, alpha),
        soft_share=soft_share(alpha) if soft_is_known else None,
        holes=count_holes(inside),
    )


def count_subjects(inside: Mask) -> int:
    """Number of 8-connected parts of ``(H, W)`` bool, without specks.

    A part counts if it covers at least 0.1 % of the picture and 5 % of the largest part.  People who touch are one.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    if count == 1:
        return 0
    areas = stats[1:, cv2.CC_STAT_AREA]
    return int((areas >= max(_SUBJECT_SHARE * inside.size, _SUBJECT_OF_LARGEST * areas.max())).sum())


def count_holes(inside: Mask) -> int:
    """Number of background parts of ``(H, W)`` bool that the subject encloses and that cover 0.05 % of the picture.

    Background that reaches the picture's border is no hole.
    """
    # Diagonal neighbours are apart here, because they are connected for the subject.
    count, _, stats, _ = cv2.connectedComponentsWithStats((~inside).astype(np.uint8), connectivity=4)
    height, width = inside.shape
    holes = 0
    for left, top, w, h, area in stats[1:count]:
        enclosed = left > 0 and top > 0 and left + w < width and top + h < height
        holes += int(enclosed and area >= _HOLE_SHARE * inside.size)
    return holes


def soft_share(alpha: Alpha) -> float:
    """Share of the subject's pixels that are soft because of what they show, not because of sampling.

    A soft pixel with both a clear subject pixel and a clear background pixel within two pixels is an ordinary
    anti-aliased edge and does not count.  Hair, fur, lace and motion blur do.  0 without a subject.
    """
    subject = int((alpha > _SURE).sum())
    if subject == 0:
        return 0.0
    soft = (alpha > _SURE) & (alpha < 1 - _SURE)
    kernel = np.ones((5, 5), np.uint8)
    near_subject = cv2.dilate((alpha >= 1 - _SURE).astype(np.uint8), kernel) > 0
    near_background = cv2.dilate((alpha <= _SURE).astype(np.uint8), kernel) > 0
    return float((soft & ~(near_subject & near_background)).sum() / subject)


def edge_contrast(image: Rgb8, alpha: Alpha, *, edge_error_px: float = 0) -> float | None:
    """Contrast of subject and background along the edge: the lower quartile of the local colour distance.

    At every edge pixel the mean CIELAB colour of the clear subject around it is compared with that of the clear
    background around it (Euclidean distance, CIE76; 2.3 is just noticeable, black to white is 100).  The lower
    quartile, because a cut-out fails where the contrast is lowest.  None if the picture has no edge.
    """
    inside = alpha > 0.5
    ones = np.ones((3, 3), np.uint8)
    edge = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, ones, borderType=cv2.BORDER_REPLICATE) > 0
    if not edge.any():
        return None
    to_edge_px = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 3)
    clear = to_edge_px > edge_error_px
    radius_px = int(np.ceil(max(2.0, _BAND_SHARE * max(alpha.shape)) + edge_error_px))
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    # Fewer pixels than this are a chance mixture, not a colour.
    enough = 4.0
    # Across wide fur or blur the nearest clear pixels are further away.
    for reach_px in (radius_px, 3 * radius_px):
        subject, subject_support = _local_mean(lab, clear & (alpha > 1 - _SURE), reach_px)
        background, background_support = _local_mean(lab, clear & (alpha < _SURE), reach_px)
        both = edge & (subject_support >= enough) & (background_support >= enough)
        if both.any():
            break
    else:
        return None
    distance = np.linalg.norm(subject[both] - background[both], axis=-1)
    return float(np.percentile(distance, 25))


def background_texture(image: Rgb8, alpha: Alpha) -> float | None:
    """Entropy in bits of the differences between neighbouring grey levels of the background.

    Differences instead of the grey levels themselves (as in Haralick 1973's difference entropy, with bins of four
    levels): light that falls off smoothly is no texture.  None if less than 1 % of the picture is clear background.
    """
    clear = alpha < _SURE
    # The neighbourhood of the edge holds the subject's shadow and halo.
    clear = cv2.erode(clear.astype(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    if clear.mean() < 0.01:
        return None
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.int16)
    across = (grey[:, 1:] - grey[:, :-1])[clear[:, 1:] & clear[:, :-1]]
    down = (grey[1:] - grey[:-1])[clear[1:] & clear[:-1]]
    differences = np.concatenate([across, down])
    if differences.size == 0:
        return None
    bins = np.round(differences / _TEXTURE_STEP).astype(np.int64)
    counts = np.bincount(bins - bins.min())
    shares = counts[counts > 0] / counts.sum()
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def _local_mean(
    lab: npt.NDArray[np.float32], mask: Mask, radius_px: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean of ``lab`` over the masked pixels of a square window, and how many there are."""
    weight = mask.astype(np.float32)
    size = (2 * radius_px + 1, 2 * radius_px + 1)
    total = cv2.boxFilter(lab * weight[..., None], -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    support = cv2.boxFilter(weight, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return total / np.maximum(support, 1)[..., None], support
