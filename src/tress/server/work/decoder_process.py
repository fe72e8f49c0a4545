"""A decoder: the process that reads pictures of strangers, one after another, and nothing else.

It may be killed at any moment, and is, when a picture needs more time or memory than one of its size should.  It
inherits neither sockets nor secrets, writes no files, and what its libraries print is thrown away.  It ends with the
service: at the latest when the time of its picture is up.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy.typing as npt
import pillow_heif  # noqa: F401 - loaded now, so that it does not count as a picture's memory

from tress.errors import InputError
from tress.io.decode import decode, read_size
from tress.server.work import wire

try:
    import resource
except ImportError:  # Windows: the time limit alone holds there
    resource = None  # type: ignore[assignment]


def main() -> None:
    """Answers until the service closes its end."""
    requests, answers = _streams()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # A supervisor may signal all processes of the service, which still finishes what it accepted.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    limits = _Limits()
    try:
        wire.send(answers, {"ready": True})
        while message := wire.receive(requests, sys.maxsize):
            facts, (source,) = message
            with limits.hold(facts["memory_bytes"], facts["cpu_s"]):
                answer, parts = _answer(facts, source.tobytes())
            wire.send(answers, answer, parts)
            del message, source, parts
    except OSError:
        pass  # the service is gone


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """The ends of the pipes, under numbers that no library knows."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return requests, answers


def _answer(facts: dict[str, Any], source: bytes) -> tuple[dict[str, Any], list[bytes | memoryview]]:
    try:
        if facts["do"] == "size":
            return {"size": read_size(source)}, []
        picture = decode(source, max_megapixels=facts["max_megapixels"])
    except InputError as error:
        return {"error": [error.code, error.message, error.hint]}, []
    except MemoryError:
        return {"error": ["out_of_memory", "there is not enough memory for this picture", "use a smaller picture"]}, []
    arrays: list[npt.NDArray] = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha]
    metadata = picture.metadata
    answer = {
        "size": picture.pixels.shape[1::-1],
        "alpha": picture.alpha is not None,
        "exif": metadata.exif is not None,
        "xmp": metadata.xmp is not None,
        "dpi": picture.dpi,
        "format": picture.format,
        "warnings": picture.warnings,
    }
    texts = [text for text in (metadata.exif, metadata.xmp) if text is not None]
    return answer, [*(array.reshape(-1).view("u1").data for array in arrays), *texts]


class _Limits:
    """What one picture may take: beyond it the system refuses memory, and ends the process."""

    def __init__(self) -> None:
        self._own_bytes = _address_space_bytes()
        if resource is not None:
            for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
                with contextlib.suppress(OSError, ValueError):
                    resource.setrlimit(kind, (0, 0))

    @contextlib.contextmanager
    def hold(self, memory_bytes: int, cpu_s: float) -> Iterator[None]:
        if resource is None:
            yield
            return
        # It counts whole seconds, from the start of the process.
        self._set(resource.RLIMIT_CPU, math.ceil(time.process_time() + cpu_s))
        if self._own_bytes:
            self._set(resource.RLIMIT_AS, self._own_bytes + memory_bytes)
        yield
        self._set(resource.RLIMIT_AS, resource.RLIM_INFINITY)

    @staticmethod
    def _set(kind: int, soft: int) -> None:
        _, hard = resource.getrlimit(kind)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _address_space_bytes() -> int:
    """Of this process; 0 where it cannot be known, and no limit on it is kept either."""
    try:
        with open("/proc/self/statm") as numbers:
            return int(numbers.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
