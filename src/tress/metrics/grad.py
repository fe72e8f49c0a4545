"""Grad: squared difference of the gradient magnitudes of alpha, divided by 1000.

Reference: Rhemann et al., A Perceptually Motivated Online Benchmark for Image Matting, CVPR 2009.
Pinned: first derivatives of a Gaussian with sigma 1.4, cut where the Gaussian falls below 0.01, each two-dimensional
kernel scaled to unit energy; borders repeat; ``sum((|grad pred| - |grad true|)^2) / 1000``.  Some codebases divide by
10 or 10,000.  ``grad`` sums over the whole picture, ``grad_unknown`` over the unknown band of the true alpha.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.metrics.base import Plane, Sample
from tress.metrics.regions import whole_and_unknown

SIGMA = 1.4
_CUT = 0.01


def kernels() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The Gaussian and its derivative, ``(2 r + 1,)`` each, both of unit energy, so that their product is too."""
    radius = int(np.ceil(SIGMA * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * SIGMA * _CUT))))
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * SIGMA**2))
    slope = x * smooth
    return smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)


def gradient_magnitude(alpha: npt.NDArray) -> Plane:
    """Length of the smoothed gradient, ``(H, W)`` float64."""
    smooth, slope = kernels()
    plane = alpha.astype(np.float64)
    across = cv2.sepFilter2D(plane, cv2.CV_64F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(plane, cv2.CV_64F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    return np.hypot(across, down)


def gradient_error(sample: Sample) -> Plane:
    """Every pixel's squared difference of gradient magnitudes, ``(H, W)`` float64."""
    return np.square(gradient_magnitude(sample.pred_alpha) - gradient_magnitude(sample.true_alpha))


METRICS = whole_and_unknown("grad", "Grad", gradient_error, "sum")
