"""IoU: intersection over union of the masks ``alpha > 0.5``, over the pixels whose truth is known (Jaccard 1912).

The set's score is the mean over pictures, so a small subject counts as much as a large one.
"""

from __future__ import annotations

from tress.metrics.base import Metric, Sample


def iou(sample: Sample) -> float:
    """Intersection over union at the threshold one half."""
    pred, true = sample.pred_mask & sample.where, sample.true_mask & sample.where
    return int((pred & true).sum()) / int((pred | true).sum())


METRICS = (Metric("iou", "IoU", "higher", "where", iou),)
