"""The two looks: the whole picture, small, and then the subject, finer, by a locator that knows what it saw.

The runtime asks an ONNX network this way, and training a torch one, so that both see the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Grey8, Rgb8
from tress.process.closer import NO_PRIOR, SMALLEST_SHARE, closer_scale, fade, near_side_px, paste, subject_box
from tress.process.geometry import crop_resized, fit, resize
from tress.spec import ModelSpec

_BYTE = np.float32(1 / 255)


class Network(Protocol):
    """What the algorithm needs of an engine."""

    spec: ModelSpec

    def run(self, x: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """``(N, C, H, W)`` float32 in, the network's outputs out, as its spec says."""


@dataclass
class Located:
    """The locator's answer at its own resolution.

    alpha: ``(h, w)`` float32.  uncertainty: ``(h, w)`` uint8 (255 stands for 1) or None.  presence: in [0, 1].
    """

    alpha: Alpha
    uncertainty: Grey8 | None
    presence: float | None


def locate(image: Rgb8, locator: Network) -> Located:
    """The first look: runs the locator on the whole picture."""
    spec = locator.spec
    if spec.keep_aspect:
        fitted, placement = fit(image, spec.long_side_px, spec.multiple)
        inner = (slice(placement.inner_height_px), slice(placement.inner_width_px))
    else:
        fitted = resize(image, spec.long_side_px, spec.long_side_px)
        inner = (slice(None), slice(None))
    x = np.ascontiguousarray(fitted.transpose(2, 0, 1), np.float32)[None] * _BYTE
    if spec.second_look_px:
        x = np.concatenate([x, np.empty_like(x[:, :2])], 1)
        x[:, 3], x[:, 4] = NO_PRIOR
    return _read(locator.run(x), spec, inner)


def look_again(image: Rgb8, located: Located, locator: Network) -> Located:
    """The second look: locates the subject once more, finer, in a box around it, with the first answer as the prior.

    Args:
        image: ``(H, W, 3)`` uint8.
        located: the answer to the whole picture.
        locator: network that gave it.

    Returns:
        Both answers merged, as fine as the second one but no finer than the picture.  ``located`` itself if the locator
        was not made to look twice, or there is no subject.
    """
    spec, size = locator.spec, image.shape[:2]
    if not spec.second_look_px or located.uncertainty is None:
        return located
    box = subject_box(located.alpha, size, smallest_share=SMALLEST_SHARE)
    if box is None:
        return located
    side_px = near_side_px(box, spec.second_look_px, spec.long_side_px)
    fitted, placement = fit(image[box.inside], side_px, spec.multiple)
    # What was added on the right and below lies beyond the box: the prior goes on there, as the picture does.
    beyond = (fitted.shape[0] / placement.inner_height_px, fitted.shape[1] / placement.inner_width_px)
    ends = box.shares(size)
    ends = (ends[0], ends[0] + (ends[1] - ends[0]) * beyond[0], ends[2], ends[2] + (ends[3] - ends[2]) * beyond[1])
    x = np.empty((1, 5, *fitted.shape[:2]), np.float32)
    np.multiply(fitted.transpose(2, 0, 1), _BYTE, out=x[0, :3])
    x[0, 3] = crop_resized(located.alpha, ends, *fitted.shape[:2])
    np.multiply(crop_resized(located.uncertainty, ends, *fitted.shape[:2]), _BYTE, out=x[0, 4])
    near = _read(locator.run(x), spec, (slice(placement.inner_height_px), slice(placement.inner_width_px)))
    assert near.uncertainty is not None
    scale = closer_scale(box, near.alpha.shape)
    height, width = (max(1, round(side * scale)) for side in size)
    box = box.scaled(scale)
    if box.top == box.bottom or box.left == box.right:
        # A strip of a picture, so narrow that nothing of it is left.
        return located
    weight = fade(box, (height, width))
    alpha = paste(resize(located.alpha, height, width), near.alpha, box, weight)
    doubt = paste(resize(located.uncertainty, height, width), near.uncertainty, box, weight)
    return Located(alpha, (doubt + 0.5).astype(np.uint8), located.presence)


def _read(outputs: list[npt.NDArray[np.float32]], spec: ModelSpec, inner: tuple[slice, slice]) -> Located:
    """A locator's outputs, without what was added to the picture."""
    alpha = np.ascontiguousarray(_plane(outputs[0])[inner])
    uncertainty = None
    if spec.has_uncertainty:
        uncertainty = (_plane(outputs[1])[inner] * 255 + 0.5).astype(np.uint8)
    presence = float(outputs[2].reshape(-1)[0]) if spec.has_presence else None
    return Located(alpha, uncertainty, presence)


def _plane(output: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The only plane of an output of one picture."""
    return output.reshape(output.shape[-2:])
