"""Slices: the kinds of pictures that are scored on their own, because they fail for different reasons."""

from __future__ import annotations

import cv2
import numpy as np

from tress.arrays import Alpha
from tress.evaluation.data import Truth
from tress.evaluation.manifest import Record
from tress.process.difficulty import MEASURE_PX, measure
from tress.process.geometry import resize

SLICES = {
    "people": "pictures of people, by the data set's word",
    "animals": "pictures of animals, by the data set's word",
    "objects": "pictures of objects, by the data set's word",
    "hair": "more than 5 % of the subject is soft beyond anti-aliasing (hair, fur, lace), or the data set says hair",
    "groups": "two or more separate subjects",
    "complex background": "entropy of the background's detail above 2.7 bits",
    "low contrast": "along a quarter of the edge the colours differ by less than 15 (CIE76)",
    "thin structures": "more than 2 % of the subject is thinner than 9 px at a long side of 512 px",
    "holes": "the subject encloses background",
    "empty": "no subject",
}
"""Every slice and what belongs to it."""

SOFT_SHARE = 0.05
TEXTURE_BITS = 2.7
CONTRAST = 15.0
THIN_SHARE = 0.02
_THIN_PX = 9


def slices_of(record: Record, truth: Truth) -> list[str]:
    """The names of the slices that a picture belongs to."""
    alpha = truth.label.true_alpha
    if not (alpha > 0.5).any():
        return ["empty"]
    found = measure(
        truth.image, alpha, edge_error_px=record.ignore_px, soft_is_known=bool((truth.label.soft > 0).any())
    )
    belongs = {
        "people": record.kind in ("people", "hair"),
        "animals": record.kind == "animals",
        "objects": record.kind == "objects",
        "hair": record.kind == "hair" or (found.soft_share or 0) > SOFT_SHARE,
        "groups": found.subjects >= 2,
        "complex background": found.texture is not None and found.texture > TEXTURE_BITS,
        "low contrast": found.contrast is not None and found.contrast < CONTRAST,
        "thin structures": thin_share(alpha) > THIN_SHARE,
        "holes": found.holes > 0,
    }
    return [name for name, does in belongs.items() if does]


def thin_share(alpha: Alpha) -> float:
    """Share of the subject that an opening with a disc of 9 px removes, at a long side of at most 512 px."""
    scale = min(1.0, MEASURE_PX / max(alpha.shape))
    small = resize(alpha, max(1, round(alpha.shape[0] * scale)), max(1, round(alpha.shape[1] * scale)))
    mask = (small > 0.5).astype(np.uint8)
    area = int(mask.sum())
    if not area:
        return 0.0
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_THIN_PX, _THIN_PX))
    # What touches the picture's border goes on beyond it.
    padded = cv2.copyMakeBorder(mask, _THIN_PX, _THIN_PX, _THIN_PX, _THIN_PX, cv2.BORDER_REPLICATE)
    thick = cv2.morphologyEx(padded, cv2.MORPH_OPEN, disc)[_THIN_PX:-_THIN_PX, _THIN_PX:-_THIN_PX]
    return 1 - int((thick & mask).sum()) / area
