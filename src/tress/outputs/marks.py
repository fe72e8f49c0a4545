"""Options ``keep`` and ``clear``: what a person marked by hand, as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tress.arrays import Alpha
from tress.errors import InputError
from tress.outputs.option import Kind, Option
from tress.outputs.picture_file import PictureFile

if TYPE_CHECKING:
    from tress.io.decode import Picture

_WANTED = "a picture file whose bright parts are the marks"
# Of width to height, beyond what rounding to whole pixels explains: one in a hundred.
_SAME_SHAPE = 0.01


@dataclass(frozen=True)
class MarkPicture(PictureFile):
    """A picture whose bright parts are marks."""

    what = "marks"

    @cached_property
    def weights(self) -> Alpha:
        """``(H, W)`` float32 in [0, 1], decoded once.

        Raises:
            InputError: it cannot be read.
        """
        return brightness(self.decode())


def brightness(picture: Picture) -> Alpha:
    """How strongly each pixel of a picture marks: ``(H, W)`` float32 in [0, 1], how bright it is, times how opaque."""
    bright = picture.pixels.max(2).astype(np.float32) / np.float32(255)
    return bright if picture.alpha is None else bright * picture.alpha


def fit_marks(weights: Alpha, name: str, width_px: int, height_px: int) -> Alpha:
    """Marks at the size of the picture they were made on.

    Args:
        weights: ``(h, w)`` float32 in [0, 1], of the picture's shape but perhaps not of its size.
        name: of the option.
        width_px, height_px: of the picture, upright.

    Returns:
        ``(height_px, width_px)`` float32 in [0, 1].

    Raises:
        InputError: its shape is another one (``marks_shape``).
    """
    from tress.process.geometry import resize

    height, width = weights.shape
    # Half a pixel of either side may have been rounded away.
    slack = _SAME_SHAPE + 0.5 / width + 0.5 / height + 0.5 / width_px + 0.5 / height_px
    if abs(np.log((width / height) / (width_px / height_px))) > slack:
        raise InputError(
            "marks_shape",
            f"the marks to {name} have {width}x{height} pixels, but the picture has {width_px}x{height_px}",
            hint="draw them on the upright picture, and keep its shape",
        )
    if (height, width) == (height_px, width_px):
        return weights
    return np.clip(resize(weights, height_px, width_px), 0, 1)


class _MarksKind(Kind["MarkPicture | None"]):
    metavar = "FILE"
    takes_file = True

    def read(self, text: str) -> MarkPicture | None:
        raise ValueError(_WANTED)

    def read_other(self, value: object) -> MarkPicture | None:
        if isinstance(value, (bytes, Path)):
            return MarkPicture(value)
        self.check(value)  # type: ignore[arg-type]
        return value  # type: ignore[return-value]

    def check(self, value: MarkPicture | None) -> None:
        if not (value is None or isinstance(value, MarkPicture)):
            raise ValueError(_WANTED)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}


KEEP = Option["MarkPicture | None"](
    name="keep",
    default=None,
    kind=_MarksKind(),
    help="Marks on what belongs to the subject: a picture of the upright photo's shape, bright and opaque where it is "
    "marked. The edge near marks is looked for anew.",
    group="Subject",
)
CLEAR = Option["MarkPicture | None"](
    name="clear",
    default=None,
    kind=_MarksKind(),
    help="Marks on what does not belong to the subject, as for keep. Where both are marked, clear counts.",
    group="Subject",
)
