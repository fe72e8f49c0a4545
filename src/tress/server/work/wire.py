"""What the service and a decoder say to each other: messages of one JSON object and any number of byte strings.

JSON, because a decoder that hostile bytes have taken over must not be believed: nothing that it says is unpickled, and
its reader says beforehand how long an answer may be.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
import numpy.typing as npt

_LENGTH = struct.Struct(">I")
_MAX_HEAD_BYTES = 1 << 20


def send(stream: IO[bytes], facts: dict[str, Any], parts: Sequence[bytes | memoryview] = ()) -> None:
    """Writes one message.

    Raises:
        OSError: nobody reads any more.
    """
    head = json.dumps({**facts, "parts": [len(part) for part in parts]}).encode()
    stream.write(_LENGTH.pack(len(head)) + head)
    for part in parts:
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes], max_bytes: int) -> tuple[dict[str, Any], list[npt.NDArray[np.uint8]]] | None:
    """Reads one message.

    Args:
        stream: where it comes from.
        max_bytes: of all byte strings together.

    Returns:
        The object and the byte strings, each ``(length,)`` uint8; None at the end of the stream.

    Raises:
        ValueError: it is longer than allowed, or no message.
    """
    if (size := _read(stream, _LENGTH.size)) is None:
        return None
    (head_bytes,) = _LENGTH.unpack(size.tobytes())
    if head_bytes > _MAX_HEAD_BYTES:
        raise ValueError("the head is too long")
    if (head := _read(stream, head_bytes)) is None:
        return None
    facts = json.loads(head.tobytes())
    lengths = facts.pop("parts")
    if not all(isinstance(length, int) and length >= 0 for length in lengths) or sum(lengths) > max_bytes:
        raise ValueError("the message is too long")
    parts = [_read(stream, length) for length in lengths]
    return None if any(part is None for part in parts) else (facts, [part for part in parts if part is not None])


def _read(stream: IO[bytes], length: int) -> npt.NDArray[np.uint8] | None:
    buffer = np.empty(length, np.uint8)
    # A buffered stream fills the whole of it, unless it ends.
    return buffer if stream.readinto(buffer.data) == length else None  # type: ignore[attr-defined]
