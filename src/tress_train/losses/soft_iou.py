"""Soft intersection over union per picture: looks at the subject as a whole, however small it is."""

from __future__ import annotations

from torch import Tensor

# Keeps pictures without a subject from dividing by zero and from dominating, in pixels.
SMOOTH_PX = 50.0


def soft_iou(pred_alpha: Tensor, true_alpha: Tensor, weight: Tensor) -> Tensor:
    """One minus the soft IoU (Rahman and Wang 2016), averaged over pictures."""
    dims = (1, 2, 3)
    both = (pred_alpha * true_alpha * weight).sum(dims)
    either = ((pred_alpha + true_alpha - pred_alpha * true_alpha) * weight).sum(dims)
    return (1 - (both + SMOOTH_PX) / (either + SMOOTH_PX)).mean()
