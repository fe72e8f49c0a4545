"""The answer for one picture."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tress.arrays import Alpha, Rgb8, Rgba8, check_rgb8, check_same_size
from tress.errors import InputError
from tress.io.exif import Metadata
from tress.outputs.box import Box, subject_box
from tress.process.composite import compose, over
from tress.process.foreground import estimate_foreground


@dataclass(frozen=True, eq=False)
class Matte:
    """The answer for one picture.

    Attributes:
        image: the picture, ``(H, W, 3)`` uint8 sRGB, upright.
        alpha: ``(H, W)`` float32 in [0, 1]: how much of each pixel is the subject.
        found: whether there is a subject at all; if not, alpha is zero everywhere.
        confidence: in [0, 1].  With a subject: the IoU that the network itself expects of its mask.  Without: how sure
            it is that there is none.
        model: name of the locator.
        device: where it really ran.
        seconds: time per step (``decode``, ``locate``, ``refine``).
        warnings: what was done otherwise than asked, in words.
        dpi: dots per inch of the picture, horizontal and vertical; None where it does not say.
        mixed: how much of each pixel's colour is the subject's, like alpha.  None: as much as alpha says.  A picture
            that came with alpha has its subject's own colours wherever that is soft.
        metadata: EXIF and XMP of the picture.
    """

    image: Rgb8
    alpha: Alpha
    found: bool
    confidence: float
    model: str
    device: str
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    dpi: tuple[float, float] | None = None
    mixed: Alpha | None = None
    metadata: Metadata = field(default_factory=Metadata)

    @cached_property
    def box(self) -> Box | None:
        """The smallest rectangle that holds all but the faintest of the subject; None if there is none."""
        return subject_box(self.alpha)

    @cached_property
    def foreground(self) -> Rgb8:
        """The subject's own colours, ``(H, W, 3)`` uint8: equal to the picture except where alpha is soft."""
        return estimate_foreground(self.image, self.alpha if self.mixed is None else self.mixed)

    def colours(self, *, inverted: bool = False) -> Rgb8:
        """The subject's own colours, or the background's: ``(H, W, 3)`` uint8, as ``foreground``."""
        if not inverted:
            return self.foreground
        return estimate_foreground(self.image, np.float32(1) - (self.alpha if self.mixed is None else self.mixed))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False, **options: Any) -> None:
        """Writes what the command line would, with the same options.

            matte.save("shop.jpg", background="white", crop=True, margin="5%", size="1000x1000")

        Args:
            path: the file; its suffix names the format.
            overwrite: replace a file that is there.
            options: as on the command line, with underscores for dashes; text, numbers, or ready values.  ``region``,
                ``keep`` and ``clear`` belong to ``Remover.matte``.

        Raises:
            InputError: an option is unknown or wrong, or the file is there or cannot be written.
        """
        from tress.io.encode import format_for
        from tress.io.files import write_atomic
        from tress.outputs import parse, render
        from tress.outputs.render import encode_as

        target = Path(path)
        chosen = parse({"format": format_for(target.suffix), **options}, files=True)
        if chosen.subject:
            raise InputError(
                "option_conflict",
                f"the matte is made already, so {next(iter(chosen.subject))} comes too late",
                hint="give it to Remover.matte",
            )
        pixels = render(self.image, self.alpha, lambda: self.colours(inverted=chosen.invert), chosen)
        data = encode_as(pixels, chosen, dpi=self.dpi, metadata=self.metadata)
        write_atomic(target, data, overwrite=overwrite)

    def cutout(self, *, decontaminate: bool = True) -> Rgba8:
        """The subject on transparent ground, ``(H, W, 4)`` uint8, straight alpha; colour is zero where alpha is.

        Args:
            decontaminate: use the estimated foreground colours; False keeps the picture's.
        """
        return compose(self.foreground if decontaminate else self.image, self.alpha)

    def over(self, background: Rgb8 | tuple[int, int, int], *, decontaminate: bool = True) -> Rgb8:
        """The subject over another background, ``(H, W, 3)`` uint8.

        Args:
            background: ``(H, W, 3)`` uint8 of the same size, or one sRGB colour.
            decontaminate: as in ``cutout``.

        Raises:
            InputError: the background's size is not the picture's.
        """
        behind = np.asarray(background, np.uint8) if isinstance(background, tuple) else check_rgb8(background)
        if behind.ndim == 3:
            check_same_size(self.image, behind, ("the picture", "the background"))
        return over(self.foreground if decontaminate else self.image, self.alpha, behind)
