"""Which part of a photo a sample shows, and how large."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Share of the photos that are seen from far away.
FAR = 0.15
# Share of the samples whose subject the frame cuts, and how much of the subject's box it cuts off: subjects that touch
# the frame are common and else rarely seen.
CUT, CUT_SHARE = 1 / 6, (0.2, 0.6)


def view(alpha: npt.NDArray[np.uint8], height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A random view of a photo: mostly the whole of it, at times closer to the subject, at times from far away.

    Mirrored, and slightly turned.  In some the frame cuts the subject.

    Args:
        alpha: ``(h, w)`` uint8, the photo's.
        height: of the view.
        width: of the view.
        rng: source of chance.

    Returns:
        ``(2, 3)`` float64, from the photo's pixels to the view's.
    """
    if rng.random() < CUT and (cut := cut_by_frame(alpha, height, width, rng)) is not None:
        return cut
    h, w = alpha.shape
    centre, zoom = np.array([w / 2, h / 2]), np.exp(rng.normal(0, 0.08))
    if rng.random() < 0.4:
        ys, xs = np.nonzero(alpha[::4, ::4] > 127)
        if len(ys):
            pick = rng.integers(len(ys))
            centre = (centre + 4 * np.array([xs[pick], ys[pick]])) / 2
            zoom = np.exp(rng.uniform(0, 0.8))
    scale, spread = min(height / h, width / w) * zoom, 0.03
    how = rng.random()
    if how < FAR:
        # The photo becomes a small part of a larger one, of which nothing is known: subjects may be small.
        scale, spread = min(height / h, width / w) * rng.uniform(0.25, 0.8), 0.12
    elif how < 0.55:
        # Fill the canvas instead of fitting inside it.
        scale = max(height / h, width / w) * zoom
    stretch = np.exp(rng.normal(0, 0.06))
    flip = -1 if rng.random() < 0.5 else 1
    angle = np.radians(rng.normal(0, 6)) if rng.random() < 0.4 else 0.0
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([flip * stretch, 1 / stretch])
    target = np.array([width / 2, height / 2]) + rng.normal(0, spread, 2) * (width, height)
    return np.column_stack([turn, target - turn @ centre])


def cut_by_frame(
    alpha: npt.NDArray[np.uint8], height: int, width: int, rng: np.random.Generator
) -> npt.NDArray[np.float64] | None:
    """A view whose frame cuts a part of the subject's box off at one side; None if there is no subject.

    Arguments and result are as of ``view``.
    """
    inside = alpha > 127
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        return None
    h, w = alpha.shape
    scale = min(height / h, width / w) * np.exp(rng.uniform(0, 0.7))
    box = np.array([columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]]) * scale
    frame = np.array([width, height])
    spare = np.maximum(0, frame - box)
    target = box / 2 + rng.random(2) * spare + np.minimum(0, frame - box) / 2
    axis, cut = int(rng.integers(2)), rng.uniform(*CUT_SHARE)
    from_side = box[axis] * (0.5 - cut)
    target[axis] = from_side if rng.random() < 0.5 else frame[axis] - from_side
    flip = -1 if rng.random() < 0.5 else 1
    turn = scale * np.diag([flip, 1.0])
    centre = np.array([(columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2])
    return np.column_stack([turn, target - turn @ centre])
