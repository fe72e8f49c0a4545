"""Strands of hair drawn onto a cut-out, with exact alpha: the soft edges that cut-outs are short of."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.process.geometry import resize

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]

# Strands are drawn this much larger and reduced by area, which is what makes their alpha exact.
SUPERSAMPLE = 3
_POINTS = 12
# Sub-pixel digits of OpenCV's polylines.
_SHIFT = 4


def add_strands(layer: Floats, rng: np.random.Generator) -> Floats:
    """Lets strands grow out of a cut-out's edge, or cuts thin gaps into it.

    Tufts of strands start at the edge, lean the same way and curl a little; each strand has the colour of the cut-out
    near its root, a shade lighter or darker, its own width and opacity.

    Args:
        layer: ``(H, W, 4)`` float32 in [0, 1], **premultiplied**.

    Returns:
        A new layer; the same one if it has no edge.
    """
    height, width = layer.shape[:2]
    roots, outward = _edge(layer[..., 3])
    if not len(roots):
        return layer
    canvas = np.zeros((height * SUPERSAMPLE, width * SUPERSAMPLE, 4), np.uint8)
    length = np.exp(rng.uniform(np.log(10), np.log(130)))
    thickness = np.exp(rng.uniform(np.log(0.3), np.log(2.2)))
    curl = abs(rng.normal(0, 0.35))
    for _ in range(int(rng.integers(2, 14))):
        start = int(rng.integers(len(roots)))
        near = np.flatnonzero(np.abs(roots - roots[start]).sum(1) < rng.uniform(6, 60))
        lean, spread = rng.normal(0, 0.7), abs(rng.normal(0, 0.25))
        picks = rng.choice(near, int(rng.integers(3, 22)))
        angles = outward[picks] + lean + rng.normal(0, spread, len(picks))
        # A little inside the edge, where the colour is the cut-out's own.
        inside = roots[picks] - 3.0 * np.column_stack([np.cos(outward[picks]), np.sin(outward[picks])])
        shades = np.where(rng.random((len(picks), 1)) < 0.9, _colours_at(layer, inside), rng.random((len(picks), 3)))
        shades = np.clip(shades * np.exp(rng.normal(0, 0.18, (len(picks), 1))), 0, 1)
        opacity = rng.uniform(0.35, 1, (len(picks), 1))
        paints = 255 * opacity * np.column_stack([shades, np.ones(len(picks))])
        widths = SUPERSAMPLE * thickness * rng.uniform(0.6, 1.5, len(picks))
        paths = _paths(inside, angles, length * rng.uniform(0.4, 1.3, len(picks)), curl, rng)
        for path, paint, width_px in zip(paths, paints.tolist(), widths, strict=True):
            _draw(canvas, path, paint, width_px)
    strands = resize(canvas, height, width).astype(np.float32) / np.float32(255)
    if rng.random() < 0.15:
        return layer * (1 - strands[..., 3:])
    if rng.random() < 0.5:
        return strands + layer * (1 - strands[..., 3:])
    return layer + strands * (1 - layer[..., 3:])


def _edge(alpha: Floats) -> tuple[Points, Values]:
    """Points on the edge ``(n, 2)`` as (x, y), and the angle ``(n,)`` at which each looks away from the cut-out."""
    smooth = cv2.GaussianBlur(alpha, (0, 0), 3)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    right = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    ys, xs = np.nonzero((np.abs(smooth - 0.5) < 0.2) & (np.abs(down) + np.abs(right) > 0.05))
    return np.column_stack([xs, ys]).astype(np.float64), np.arctan2(-down[ys, xs], -right[ys, xs]).astype(np.float64)


def _paths(
    roots: Points,
    angles: npt.NDArray[np.float64],
    lengths: npt.NDArray[np.float64],
    curl: float,
    rng: np.random.Generator,
) -> Points:
    """Curves ``(n, _POINTS, 2)`` whose direction changes steadily, with a little noise."""
    bend = np.linspace(0, 1, _POINTS) * rng.normal(0, 1.2, (len(roots), 1))
    heading = angles[:, None] + bend + np.cumsum(rng.normal(0, curl / 2, (len(roots), _POINTS)), 1)
    steps = (lengths / _POINTS)[:, None, None] * np.stack([np.cos(heading), np.sin(heading)], 2)
    return roots[:, None] + np.cumsum(steps, 1)


def _colours_at(layer: Floats, points: Points) -> Floats:
    x = np.clip(np.round(points[:, 0]), 0, layer.shape[1] - 1).astype(int)
    y = np.clip(np.round(points[:, 1]), 0, layer.shape[0] - 1).astype(int)
    return layer[y, x, :3] / np.maximum(layer[y, x, 3:], 1e-2)


def _draw(canvas: npt.NDArray[np.uint8], path: Points, paint: list[float], width_px: float) -> None:
    """Draws one strand in place; the outer half is thinner.  Path in the layer's pixels, width in the canvas's."""
    points = np.round((path * SUPERSAMPLE + SUPERSAMPLE / 2) * 2**_SHIFT).astype(np.int32)
    middle = _POINTS // 2
    for part, share in ((points[: middle + 1], 1.0), (points[middle:], 0.6)):
        cv2.polylines(canvas, [part], False, paint, max(1, round(width_px * share)), shift=_SHIFT)
