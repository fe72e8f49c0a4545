"""Cut-outs of thin things from small photos before white: legs of chairs, strings, feelers, spokes.

``keying`` takes colours from regions that are surely subject, which a rod of two pixels does not have.  Here a pixel is
subject where it is darker than white by a threshold, and what is soft lies within a pixel of that edge.  How dark the
darkest pixel close by is tells what a full pixel of the subject would be, and so how much of one a soft pixel has.

No threshold serves all photos: each has settings of its own, found by looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tress_train.labels.keying import Floats, Mask, key_white, own_colours, square

Image = npt.NDArray[np.uint8]
# A light area smaller than this is a highlight unless it is as good as white, a dark one is dust.
_HIGHLIGHT_AREA_PX, _DUST_AREA_PX = 10, 15
_HIGHLIGHT = 4
# A soft pixel has its full neighbour within this many pixels.
_REACH_PX = 2
# Shares of the full darkness at which alpha begins and ends: JPEG leaves as much on the ground and on the subject.
_CLEAR, _FULL = 0.06, 0.9
# Below this alpha, too little of the subject's colour is in a pixel.
_ENOUGH = 0.4


@dataclass(frozen=True)
class ThinSettings:
    """How one photo is keyed.

    Attributes:
        threshold: levels below white, in the darkest channel, above which a pixel is subject.
        fill_median: an enclosed light area is subject, not a gap, if its median is more levels below white than this.
        largest: only the largest connected part is the subject.
        trim_px: what is cut off on every side first, such as a drawn frame.
        ground: RGB of a ground that is not white, and is made white first.
        solid: the subject is thick enough for ``key_white``, which is taken instead.
    """

    threshold: int = 50
    fill_median: int = 8
    largest: bool = False
    trim_px: int = 0
    ground: Sequence[int] | None = None
    solid: bool = False


def key_thin(image: Image, settings: ThinSettings) -> Image:
    """Cuts thin things out of their white ground.

    Args:
        image: ``(H, W, 3)`` uint8 RGB, at the size of the photo: about 300 px.
        settings: those of this photo.

    Returns:
        ``(H - 2 * trim_px, W - 2 * trim_px, 4)`` uint8, straight RGBA with the subject's own colours.
    """
    image = _before_white(image, settings)
    if settings.solid:
        cutout = key_white(image)
    else:
        colours, below_white = image.astype(np.float32), 255 - image.min(2)
        darkest, near_subject = _darkest_near(image, below_white)
        alpha = _alpha(below_white, darkest, _subject(below_white, settings))
        own = own_colours(colours, alpha, near_subject, np.full_like(colours, 255), enough=_ENOUGH)
        cutout = np.rint(np.dstack([own, 255 * alpha])).astype(np.uint8)
    cutout[cutout[..., 3] == 0] = 0
    return cutout


def _before_white(image: Image, settings: ThinSettings) -> Image:
    trim = settings.trim_px
    image = image[trim : image.shape[0] - trim, trim : image.shape[1] - trim]
    if settings.ground is None:
        return image
    # Two levels less, so that the noise of the ground ends in white as well.
    scale = 255 / (np.array(settings.ground) - 2)
    return np.rint(np.clip(image * scale, 0, 255)).astype(np.uint8)


def _subject(below_white: Image, settings: ThinSettings) -> Mask:
    """What is dark enough, with its highlights and light areas, without dust."""
    height, width = below_white.shape
    solid = below_white > settings.threshold
    count, areas, facts, _ = cv2.connectedComponentsWithStats((~solid).astype(np.uint8), connectivity=4)
    x, y, w, h, area = facts.T
    enclosed = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    median = ndimage.median(below_white, areas, np.arange(count))
    filled = enclosed & ((median > settings.fill_median) | ((area < _HIGHLIGHT_AREA_PX) & (median > _HIGHLIGHT)))
    solid |= filled[areas]
    _, parts, facts, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    area = facts[:, cv2.CC_STAT_AREA]
    kept = area >= (area[1:].max(initial=0) if settings.largest else _DUST_AREA_PX)
    kept[0] = False
    subject: Mask = kept[parts]
    return subject


def _darkest_near(image: Image, below_white: Image) -> tuple[Floats, Floats]:
    """How far the darkest pixel close by is below white, and its colour, ``(H, W)`` and ``(H, W, 3)`` float32."""
    # Darkness and place in one number, so that one dilation finds both; of equals the first in the picture counts.
    places = np.arange(below_white.size, dtype=np.float64)[::-1].reshape(below_white.shape)
    found = cv2.dilate(below_white * float(below_white.size) + places, square(2 * _REACH_PX + 1))
    darkest, place = np.divmod(found.astype(np.int64), below_white.size)
    return darkest.astype(np.float32), image.reshape(-1, 3)[::-1][place].astype(np.float32)


def _alpha(below_white: Image, darkest: Floats, subject: Mask) -> Floats:
    """``(H, W)`` float32 in [0, 1]: one inside the subject, soft along its edge, nothing farther away."""
    alpha = np.clip((below_white / np.maximum(darkest, 1) - _CLEAR) / (_FULL - _CLEAR), 0, 1)
    mask = subject.astype(np.uint8)
    alpha[cv2.erode(mask, square(3)) > 0] = 1
    alpha[cv2.dilate(mask, square(3)) == 0] = 0
    return alpha
