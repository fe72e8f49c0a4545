"""A picture that an option brings along, as a file or as its bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from tress.errors import InputError
from tress.io.limits import MAX_MEGAPIXELS

if TYPE_CHECKING:
    from tress.io.decode import Picture


_Given = TypeVar("_Given", bound="PictureFile")


@dataclass(frozen=True)
class PictureFile:
    """A picture that is decoded when it is needed.

    Attributes:
        source: path of the file, or its bytes.
        max_megapixels: refused before decoding when it has more.
        picture: what was decoded already, if it was.
        what: what errors call it.
    """

    source: Path | bytes = field(repr=False)
    max_megapixels: float = MAX_MEGAPIXELS
    picture: Picture | None = field(default=None, repr=False)
    what: ClassVar[str] = "picture"

    def __str__(self) -> str:
        return str(self.source) if isinstance(self.source, Path) else f"a picture of {len(self.source)} bytes"

    def decode(self) -> Picture:
        """Decodes it.

        Raises:
            InputError: it cannot be read.
        """
        from tress.io.decode import decode

        return self.picture or self._named(lambda: decode(self.source, max_megapixels=self.max_megapixels))

    def decoded(self: _Given, read: Callable[[bytes], Picture]) -> _Given:
        """The same, decoded now by ``read``; as it is unless it comes as bytes.

        Raises:
            InputError: it cannot be read.
        """
        if not isinstance(self.source, bytes):
            return self
        source = self.source
        return replace(self, picture=self._named(lambda: read(source)))

    def _named(self, read: Callable[[], Picture]) -> Picture:
        try:
            return read()
        except InputError as error:
            hint = f"use a smaller {self.what}" if error.code == "picture_too_large" else error.hint
            raise InputError(error.code, f"{self.what} {self}: {error.message}", hint=hint) from error
