"""Decodes pictures of strangers in processes that can be killed: a small pool, kept warm."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tress.errors import BusyError, InputError, ModelError
from tress.io.decode import Picture
from tress.io.exif import Metadata
from tress.server.work import wire

log = logging.getLogger("tress.server")
_START_S = 60.0
# Limits on processor time hold however busy the machine is; those on time are for decoders that wait, and for systems
# that know no others.
_HEADER_S, _HEADER_CPU_S = 10.0, 1.0
_DECODE_S, _S_PER_MEGAPIXEL = 10.0, 2.0
# Lab is slowest: a third of that.
_DECODE_CPU_S, _CPU_S_PER_MEGAPIXEL = 2.0, 1.0
_HEADER_BYTES = 128 * 2**20
_DECODE_BYTES, _BYTES_PER_PIXEL = 96 * 2**20, 48
# Of pixels and alpha in an answer, and of metadata, which a file may hold compressed.
_ANSWER_BYTES_PER_PIXEL, _METADATA_BYTES = 7, 2**24
_PIPE_BYTES = 1 << 18
# What a process needs to find its libraries: whoever takes a decoder over should find no secrets of the service.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
# One arena and one thread of the number library: each of them takes address space that no picture needs.  The memory of
# small pictures is kept for the next one: having it cleared by the system again costs as much as decoding.
_ALLOCATION = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**25),
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_COMMAND = "import sys; sys.path[:] = sys.argv[1:]; from tress.server.work.decoder_process import main; main()"


class Decoders:
    """A pool of decoder processes, shared by threads.

    A decoder that takes too long, or ends by itself, is replaced by a new one.

    Args:
        count: pictures that are decoded at once.
    """

    def __init__(self, count: int) -> None:
        self._idle: queue.LifoQueue[_Decoder | None] = queue.LifoQueue()
        self._missing = count
        self._count = count
        self._lock = threading.Lock()
        self._closed = False
        for _ in range(count):
            self._idle.put(None)

    def start(self) -> None:
        """Starts all processes and waits until they are warm.

        Raises:
            ModelError: they cannot be started.
        """
        try:
            decoders = [self._take(time.monotonic() + _START_S) for _ in range(self._count)]
            for decoder in decoders:
                decoder.await_ready()
                self._give_back(decoder)
        except (BusyError, _Ended) as error:
            raise ModelError(
                "decoder_failed",
                "the processes that decode pictures cannot be started",
                hint="check the limits on processes and memory",
            ) from error

    @property
    def stuck(self) -> bool:
        """Whether no decoder is alive."""
        return self._missing == self._count

    def mend(self) -> None:
        """Tries once more to start decoders if none is alive."""
        if self.stuck and not self._closed:
            self._warm_up()

    def read_size(self, source: bytes, *, ends: float) -> tuple[int, int]:
        """As ``tress.io.decode.read_size``.

        Args:
            source: the encoded picture.
            ends: monotonic time at which nobody waits any more.

        Raises:
            InputError: the picture cannot be read, or not within its limits.
            BusyError: no decoder became free in time.
        """
        job = {"do": "size", "cpu_s": _HEADER_CPU_S, "memory_bytes": _HEADER_BYTES + 4 * len(source)}
        facts, _ = self._ask(job, source, _HEADER_S, ends, 0)
        width_px, height_px = map(int, facts["size"])
        return width_px, height_px

    def decode(self, source: bytes, *, size_px: int, max_megapixels: float, ends: float) -> Picture:
        """As ``tress.io.decode.decode``.

        Args:
            source: the encoded picture.
            size_px: pixels that it announced; time and memory are limited by them.
            max_megapixels: refused if it has more.
            ends: monotonic time at which nobody waits any more.

        Raises:
            InputError: the picture cannot be read, or not within its limits.
            BusyError: no decoder became free in time.
        """
        job = {
            "do": "decode",
            "max_megapixels": max_megapixels,
            "cpu_s": _DECODE_CPU_S + _CPU_S_PER_MEGAPIXEL * size_px / 1e6,
            "memory_bytes": _DECODE_BYTES + 2 * len(source) + _BYTES_PER_PIXEL * size_px,
        }
        seconds = _DECODE_S + _S_PER_MEGAPIXEL * size_px / 1e6
        most_bytes = _ANSWER_BYTES_PER_PIXEL * size_px + 2 * len(source) + _METADATA_BYTES
        try:
            return _picture(*self._ask(job, source, seconds, ends, most_bytes))
        except (ValueError, KeyError, TypeError, StopIteration):
            raise _too_costly() from None

    def close(self) -> None:
        """Ends all processes; one that works is ended as soon as it has answered."""
        with self._lock:
            self._closed = True
        while True:
            try:
                decoder = self._idle.get_nowait()
            except queue.Empty:
                return
            if decoder is not None:
                decoder.kill()

    def _ask(
        self, job: dict[str, Any], source: bytes, seconds: float, ends: float, most_bytes: int
    ) -> tuple[dict[str, Any], list[npt.NDArray[np.uint8]]]:
        decoder = self._take(ends)
        try:
            decoder.await_ready()
            seconds = min(seconds, ends - time.monotonic())
            if seconds <= 0:
                raise _busy("no decoder was ready in time")
            facts, parts = decoder.ask(job, source, seconds, most_bytes)
        except _Ended as error:
            log.warning("a decoder was ended", extra={"fields": {"exit_code": decoder.kill(), "why": str(error)}})
            raise _too_costly() from None
        finally:
            self._give_back(decoder)
        if "error" in facts:
            code, message, hint = map(str, facts["error"])
            raise InputError(code, message, hint=hint)
        return facts, parts

    def _take(self, ends: float) -> _Decoder:
        try:
            decoder = self._idle.get(timeout=max(0.0, ends - time.monotonic()) + 1e-3)
        except queue.Empty:
            raise _busy("all decoders are busy") from None
        if decoder is not None:
            if decoder.alive:
                return decoder
            # Somebody else ended it, such as the system for want of memory: no fault of the next picture.
            decoder.kill()
            with self._lock:
                self._missing += 1
        try:
            decoder = _Decoder()
        except OSError as error:
            log.error("a decoder cannot be started", extra={"fields": {"error": str(error)}})
            self._idle.put(None)
            raise _busy("no decoder can be started") from None
        with self._lock:
            self._missing -= 1
        return decoder

    def _give_back(self, decoder: _Decoder) -> None:
        if self._closed:
            decoder.kill()
        if decoder.alive:
            self._idle.put(decoder)
            return
        with self._lock:
            self._missing += 1
        self._idle.put(None)
        if not self._closed:
            self._warm_up()

    def _warm_up(self) -> None:
        """Starts a new process now, so that the next picture finds it warm."""
        # If that fails, the next picture tries again.
        with contextlib.suppress(BusyError):
            self._give_back(self._take(time.monotonic()))


class PictureReader:
    """Reads the pictures of one request.

    Args:
        decoders: do the work.
        max_megapixels: larger pictures are refused.
        ends: monotonic time at which nobody waits any more.

    Attributes:
        refused: a picture could not be read.
    """

    def __init__(self, decoders: Decoders, max_megapixels: float, ends: float) -> None:
        self.refused = False
        self._decoders = decoders
        self._max_megapixels = max_megapixels
        self._ends = ends
        self._sizes: dict[int, tuple[int, int]] = {}

    def read_size(self, source: bytes) -> tuple[int, int]:
        """As ``Decoders.read_size``."""
        with self._noting():
            size = self._sizes[id(source)] = self._decoders.read_size(source, ends=self._ends)
        return size

    def decode(self, source: bytes) -> Picture:
        """As ``Decoders.decode``, within the limits of the size that ``read_size`` found."""
        width_px, height_px = self._sizes[id(source)]
        with self._noting():
            return self._decoders.decode(
                source, size_px=width_px * height_px, max_megapixels=self._max_megapixels, ends=self._ends
            )

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except InputError:
            self.refused = True
            raise


class _Ended(Exception):
    """The process has ended, or had to be."""


class _Decoder:
    """One process, used by one thread at a time."""

    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment |= _ALLOCATION
        path = [os.path.abspath(entry) for entry in sys.path]
        self._process = subprocess.Popen(  # noqa: S603 - this Python, and nothing that a stranger gave
            [sys.executable, "-I", "-c", _COMMAND, *path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pipesize=_PIPE_BYTES,
            # Ctrl+C in a terminal is for the service.
            start_new_session=True,
        )
        self._ready = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def await_ready(self) -> None:
        if not self._ready:
            self._exchange(_START_S, 0)
            self._ready = True

    def ask(
        self, job: dict[str, Any], source: bytes, seconds: float, most_bytes: int
    ) -> tuple[dict[str, Any], list[npt.NDArray[np.uint8]]]:
        return self._exchange(seconds, most_bytes, (job, source))

    def _exchange(
        self, seconds: float, most_bytes: int, message: tuple[dict[str, Any], bytes] | None = None
    ) -> tuple[dict[str, Any], list[npt.NDArray[np.uint8]]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        # Whatever this thread waits for in a pipe comes to an end when the process does.
        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            if message is not None:
                wire.send(self._process.stdin, message[0], [message[1]])
            answer = wire.receive(self._process.stdout, most_bytes)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._process.kill()
            raise _Ended(f"it took longer than {seconds:.1f} s" if late.is_set() else str(error)) from None
        finally:
            timer.cancel()
            # Then it has ended the process, or never will.
            timer.join()
        if answer is None or late.is_set():
            raise _Ended(f"it took longer than {seconds:.1f} s" if late.is_set() else "it ended by itself")
        return answer

    def kill(self) -> int | None:
        """Ends the process, and gives its exit code, if it could be ended."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # Closing sends what was not sent yet, to nobody.
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            return None


def _picture(facts: dict[str, Any], parts: list[npt.NDArray[np.uint8]]) -> Picture:
    width, height = map(int, facts["size"])
    rest = iter(parts)
    pixels = next(rest).reshape(height, width, 3)
    alpha = next(rest).view(np.float32).reshape(height, width) if facts["alpha"] else None
    texts = {name: next(rest).tobytes() for name in ("exif", "xmp") if facts[name]}
    return Picture(
        pixels=pixels,
        alpha=alpha,
        dpi=None if facts["dpi"] is None else (float(facts["dpi"][0]), float(facts["dpi"][1])),
        metadata=Metadata(**texts),
        format=str(facts["format"]),
        warnings=tuple(map(str, facts["warnings"])),
    )


def _too_costly() -> InputError:
    return InputError(
        "picture_too_costly",
        "decoding this picture takes more time or memory than a picture of its size needs",
        hint="open it in another program and save it again",
    )


def _busy(what: str) -> BusyError:
    return BusyError("decoder_busy", what, hint="try again in a few seconds")
