"""Option ``shadow``: a soft shadow under the subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tress.arrays import Alpha, Grey8
from tress.outputs.box import subject_box
from tress.outputs.option import Choice, Option

# A shadow is soft: it is worked out at this size and enlarged.
_SIDE_PX = 1024


@dataclass(frozen=True)
class _Shape:
    """A shadow's shape; lengths are shares of the subject's longer side.

    Attributes:
        opacity: darkest value, 0 to 1.
        blur_across, blur_down: sigma along rows and columns.
        right, down: offset.
        squash: height of the silhouette, as a share of the subject's, standing on the subject's lowest row.
    """

    opacity: float
    blur_across: float
    blur_down: float
    right: float
    down: float
    squash: float


_SHAPES = {
    "drop": _Shape(opacity=0.4, blur_across=0.02, blur_down=0.02, right=0.01, down=0.025, squash=1.0),
    "contact": _Shape(opacity=0.6, blur_across=0.06, blur_down=0.02, right=0.0, down=0.035, squash=0.08),
}

OPTION = Option[str](
    name="shadow",
    default="none",
    kind=Choice(("none", *_SHAPES), {"true": "drop", "false": "none"}),
    help="A soft shadow: drop lies behind the subject, contact on the ground below it. It does not enlarge the canvas: "
    "give crop a margin.",
    group="Look",
)


def shadow_layer(alpha: Alpha, shadow: str) -> Grey8 | None:
    """The shadow's own opacity.

    Args:
        alpha: ``(H, W)`` float32 in [0, 1] of the subject on the canvas.
        shadow: a word of the option.

    Returns:
        ``(H, W)`` uint8, or None for no shadow.
    """
    if shadow == "none":
        return None
    import cv2

    from tress.process.geometry import resize

    shape = _SHAPES[shadow]
    height, width = alpha.shape
    ratio = min(1.0, _SIDE_PX / max(height, width))
    small: Any = resize(alpha, max(1, round(height * ratio)), max(1, round(width * ratio)))
    box = subject_box(small)
    if box is None:
        return None
    side = max(box.width_px, box.height_px)
    ground = box.top_px + box.height_px
    # y -> ground - squash * (ground - y) + offset
    matrix = np.array(
        [[1, 0, shape.right * side], [0, shape.squash, ground * (1 - shape.squash) + shape.down * side]], np.float64
    )
    moved = cv2.warpAffine(small, matrix, (small.shape[1], small.shape[0]), flags=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(moved, (0, 0), max(0.5, shape.blur_across * side), sigmaY=max(0.5, shape.blur_down * side))
    opacity = np.clip(soft * (shape.opacity * 255) + 0.5, 0, 255).astype(np.uint8)
    return resize(opacity, height, width)
