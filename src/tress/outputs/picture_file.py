"""A picture that an option brings along, as a file or as its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tress.errors import InputError
from tress.io.limits import MAX_MEGAPIXELS

if TYPE_CHECKING:
    from tress.io.decode import Picture


@dataclass(frozen=True)
class PictureFile:
    """A picture that is decoded when it is needed.

    Attributes:
        source: path of the file, or its bytes.
        max_megapixels: refused before decoding when it has more.
        what: what errors call it.
    """

    source: Path | bytes = field(repr=False)
    max_megapixels: float = MAX_MEGAPIXELS
    what: ClassVar[str] = "picture"

    def __str__(self) -> str:
        return str(self.source) if isinstance(self.source, Path) else f"a picture of {len(self.source)} bytes"

    def decode(self) -> Picture:
        """Decodes it.

        Raises:
            InputError: it cannot be read.
        """
        from tress.io.decode import decode

        try:
            return decode(self.source, max_megapixels=self.max_megapixels)
        except InputError as error:
            hint = f"use a smaller {self.what}" if error.code == "picture_too_large" else error.hint
            raise InputError(error.code, f"{self.what} {self}: {error.message}", hint=hint) from error
