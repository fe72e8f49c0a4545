"""A file put together of pieces of another and of bytes, without a copy of it."""

from __future__ import annotations

import bisect
import io
from collections.abc import Sequence
from typing import BinaryIO, TypeAlias, cast

Piece: TypeAlias = "bytes | tuple[int, int]"
"""Bytes, or start and end of a part of the other file."""


# As much as Pillow reads at once.
_BUFFER_BYTES = 1 << 16


class _Spliced(io.RawIOBase):
    def __init__(self, file: BinaryIO, pieces: Sequence[Piece]) -> None:
        self._file = file
        self._pieces = [piece for piece in pieces if _length(piece) > 0]
        self._starts, total = [], 0
        for piece in self._pieces:
            self._starts.append(total)
            total += _length(piece)
        self._length, self._at = total, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._length:
            return 0
        index = bisect.bisect_right(self._starts, self._at) - 1
        piece, skipped = self._pieces[index], self._at - self._starts[index]
        wanted = min(len(buffer), _length(piece) - skipped)
        if isinstance(piece, bytes):
            part = piece[skipped : skipped + wanted]
        else:
            self._file.seek(piece[0] + skipped)
            part = self._file.read(wanted)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def spliced(file: BinaryIO, pieces: Sequence[Piece]) -> BinaryIO:
    """A readable, seekable file of the pieces, one after the other; ``file`` must stay open."""
    return cast("BinaryIO", io.BufferedReader(_Spliced(file, pieces), _BUFFER_BYTES))


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
