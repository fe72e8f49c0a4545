"""The tools that are timed, each cold (a whole process) and warm (a worker that stays alive)."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKER = Path(__file__).parent / "worker.py"


@dataclass(frozen=True)
class Tool:
    """One way to cut out a picture.

    Attributes:
        name: in the results.
        python: interpreter of its environment; its commands lie beside it.
        program: ``tress`` or ``rembg``.
        model: name of the network.
        matting: rembg's ``-a``.
        peers: folder with the networks of rembg.
    """

    name: str
    python: Path
    program: str
    model: str
    matting: bool
    peers: Path

    def command(self, picture: Path, result: Path, threads: int) -> list[str]:
        """The command line of a whole process."""
        # Not resolved: an environment's interpreter is a link, and its commands lie beside the link.
        program = str(self.python.absolute().parent / self.program)
        if self.program == "tress":
            own = ["--model", self.model, "--threads", str(threads), "--overwrite", "--quiet"]
            return [program, "cut", str(picture), "-o", str(result), *own]
        return [program, "i", "-m", self.model, *(["-a"] if self.matting else []), str(picture), str(result)]

    def environment(self, threads: int) -> dict[str, str]:
        """Environment variables for both ways to run."""
        peers = {"U2NET_HOME": str(self.peers.resolve()), "MODEL_CHECKSUM_DISABLED": "1"}
        limit = {"OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)}
        return {**os.environ, **(peers | limit if self.program == "rembg" else {})}


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Processes that are started within keep to so many cores."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(every)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def run_cold(tool: Tool, picture: Path, result: Path, threads: int, limit_s: float) -> dict[str, Any]:
    """One whole process: wall and CPU seconds and peak memory, or ``error``."""
    result.unlink(missing_ok=True)
    started = time.perf_counter()
    with on_cores(threads):
        process = subprocess.Popen(
            tool.command(picture, result, threads),
            env=tool.environment(threads),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    assert process.stderr is not None
    ended, told = _drain(process, limit_s - (time.perf_counter() - started))
    if not ended:
        os.killpg(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if not ended:
        return {"error": f"not done after {limit_s:g} s"}
    if process.returncode or not result.is_file():
        return {"error": f"exit code {process.returncode}: {told.decode(errors='replace')[-300:]}"}
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
        "result_bytes": result.stat().st_size,
    }


def _drain(process: subprocess.Popen[bytes], limit_s: float) -> tuple[bool, bytes]:
    """Reads what the process says until it closes its stderr; False if that takes longer than the limit."""
    assert process.stderr is not None
    told, deadline = b"", time.monotonic() + limit_s
    while True:
        ready, _, _ = select.select([process.stderr], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False, told
        piece = os.read(process.stderr.fileno(), 65536)
        if not piece:
            return True, told
        told += piece


class Warm:
    """A worker of a tool, started when it is made and ended by ``close``."""

    def __init__(self, tool: Tool, threads: int) -> None:
        command = [str(tool.python), str(WORKER), tool.program, "--model", tool.model, "--threads", str(threads)]
        with on_cores(threads):
            self._process = subprocess.Popen(
                command + (["--matting"] if tool.matting else []),
                env=tool.environment(threads),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        self._error = self._read(300).get("error", "")

    def run(self, picture: Path, limit_s: float) -> dict[str, Any]:
        """One picture; ``error`` if it failed, and on every later call if the worker is gone."""
        if self._error:
            return {"error": self._error}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"picture": str(picture.resolve())}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._error = "the worker is gone"
            return {"error": self._error}
        return self._read(limit_s)

    def _read(self, limit_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], limit_s)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self._process.kill()
            self._process.wait()
            self._error = "the worker ended" if ready else f"not done after {limit_s:g} s"
            return {"error": self._error}
        return json.loads(line)

    def close(self) -> None:
        """Ends the worker."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
