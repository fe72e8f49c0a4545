"""Gaps: the share of the openings in subjects that a prediction opens: between arm and body, in handles and rings.

A gap is a connected part of the background that the subject closes in on all sides, of at least ``SMALLEST_SHARE`` of
the picture and ``SMALLEST_PX`` pixels.  It is opened if at least half of its known pixels are predicted as
background.  Ours; the usual measures hardly see gaps, because they are small beside the subject.  A set's score
counts gaps, not pictures.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from tress.metrics.base import Metric, Plane, Sample

SMALLEST_SHARE, SMALLEST_PX = 3e-4, 30


def gaps(sample: Sample) -> Plane | None:
    """How many gaps are opened, and how many there are, ``(2,)`` float64; None if there are none."""
    opened, found = 0, 0
    for box, gap in closed_in(~sample.true_mask):
        inside = gap & sample.where[box]
        if not inside.any():
            continue
        found += 1
        opened += int(2 * (inside & ~sample.pred_mask[box]).sum() >= inside.sum())
    return np.array([opened, found], np.float64) if found else None


def closed_in(clear: npt.NDArray[np.bool_]) -> Iterator[tuple[tuple[slice, slice], npt.NDArray[np.bool_]]]:
    """The box of every gap in a picture's background, and which of the box's pixels are the gap's.

    Args:
        clear: ``(h, w)``, where the background is.
    """
    height, width = clear.shape
    count, parts, stats, _ = cv2.connectedComponentsWithStats(clear.astype(np.uint8), connectivity=4)
    smallest = max(SMALLEST_PX, SMALLEST_SHARE * clear.size)
    for part in range(1, count):
        x, y, across, down, area = stats[part]
        at_frame = x == 0 or y == 0 or x + across == width or y + down == height
        if at_frame or area < smallest:
            continue
        box = (slice(y, y + down), slice(x, x + across))
        yield box, parts[box] == part


def over_set(values: Plane, weights: Plane) -> Plane:
    """Opened gaps over all gaps of the set; rows are pictures."""
    sums = weights @ values
    return np.asarray(sums[:, 0] / sums[:, 1])


METRICS = (Metric("gaps", "Gaps opened", "higher", "where", gaps, over_set, per_picture=False),)
