"""What an alpha says about how good it is itself."""

from __future__ import annotations

import numpy as np

from tress.arrays import Alpha


def expected_iou(alpha: Alpha) -> float:
    """The IoU that the mask ``alpha > 0.5`` may expect if every alpha is the true chance of its pixel.

    The sum of chances inside the mask over the mask's area plus the chances outside: 1 for a decided alpha, lower the
    more of it is undecided.
    """
    inside = alpha > 0.5
    hit = float(alpha[inside].sum(dtype=np.float64))
    outside = float(alpha.sum(dtype=np.float64)) - hit
    either = int(inside.sum()) + outside
    return hit / either if either else 0.0
