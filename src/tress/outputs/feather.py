"""Option ``feather``: a softer edge."""

from __future__ import annotations

import numpy as np

from tress.arrays import Alpha
from tress.outputs.option import Number, Option

OPTION = Option[float](
    name="feather",
    default=0.0,
    kind=Number[float](0, 100, unit="px", metavar="PX"),
    help="Soften the edge inwards over about this many pixels of the input. Meant for hard shapes: it thins hair.",
    group="Look",
    examples=("2", "8px"),
)

_SIGMA_PX = 6.0


def feathered(alpha: Alpha, feather_px: float) -> Alpha:
    """Fades alpha from 0 on its old edge to 1 about ``feather_px`` further in.

    Alpha never grows, so no pixel of the old background comes back.

    Args:
        alpha: ``(H, W)`` float32 in [0, 1].
        feather_px: at least 0; 0 gives ``alpha`` back.

    Returns:
        ``(H, W)`` float32 in [0, 1], at most ``alpha``.
    """
    if feather_px == 0:
        return alpha
    import cv2

    from tress.process.geometry import resize

    height, width = alpha.shape
    # Wide blurs are worked out on a smaller picture; they are smooth enough to be enlarged.
    shrink = max(1.0, feather_px / 2 / _SIGMA_PX)
    small = resize(alpha, max(1, round(height / shrink)), max(1, round(width / shrink)))
    # Blurred, a straight edge is 0.5 on the edge and about 1 two sigmas further in.
    soft = cv2.GaussianBlur(small, (0, 0), feather_px / 2 / shrink, borderType=cv2.BORDER_REPLICATE)
    soft = resize(soft, height, width)
    soft *= 2
    soft -= 1
    np.clip(soft, 0, 1, out=soft)
    return np.minimum(soft, alpha, out=soft)
