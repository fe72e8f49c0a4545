"""Worker processes, and what becomes of a picture whose worker dies or hangs."""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tress.batch.rows import Row
from tress.batch.worker import AT_ONCE, Config, Job
from tress.errors import InputError, ModelError, TressError

COMMAND = (sys.executable, "-c", "from tress.batch.worker import main; main()")
# Workers that die before they have taken up anything: something is wrong with all of them.
_VAIN_STARTS = 3
_KINDS: dict[str, type[TressError]] = {"ModelError": ModelError}


@dataclass(frozen=True)
class Lost:
    """A job whose worker died or hung, so that nobody made a row."""

    code: str
    message: str


@dataclass(frozen=True)
class Ready:
    """What a worker says when its networks are loaded."""

    model: str
    device: str
    warnings: tuple[str, ...]


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    ready: bool = False
    # By number: the job, and when the worker took it up (None: it still waits there).
    jobs: dict[int, tuple[Job, float | None]] = field(default_factory=dict)
    alone: bool = False
    hung: int | None = None
    listener: threading.Thread | None = None

    def close(self) -> None:
        """Frees the pipes of a process that has ended."""
        if self.listener is not None:
            self.listener.join()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                assert stream is not None
                stream.close()


class Pool:
    """Worker processes that turn jobs into rows.  Used by one thread.

    A worker that dies takes the pictures it had in hand with it.  Each of them is tried once more, alone in a worker:
    only one that kills it again is lost.  One that hangs longer than ``timeout_s`` is lost at once, with its worker.

    Args:
        config: for every worker.
        workers: how many processes.
        timeout_s: longest time for one picture.
        command: that starts one.
    """

    def __init__(self, config: Config, *, workers: int, timeout_s: float, command: Sequence[str] = COMMAND) -> None:
        self._config, self._timeout_s, self._command = config, timeout_s, list(command)
        self._answers: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()
        self._waiting: deque[Job] = deque()
        self._suspects: deque[Job] = deque()
        self._numbers = itertools.count()
        self._vain = 0
        self.ready: Ready | None = None
        self._workers = [self._start() for _ in range(workers)]

    @property
    def wants(self) -> int:
        """How many more jobs it can take, so that no worker ever waits."""
        places = (AT_ONCE + 1) * len(self._workers)
        return max(0, places - self.busy)

    @property
    def busy(self) -> int:
        """How many jobs it has."""
        in_hand = sum(len(worker.jobs) for worker in self._workers)
        return len(self._waiting) + len(self._suspects) + in_hand

    def submit(self, job: Job) -> None:
        """Takes a job; its answer comes out of ``wait``."""
        self._waiting.append(job)
        self._feed()

    def withdraw(self) -> int:
        """Forgets the jobs that no worker has, and says how many those were."""
        count = len(self._waiting)
        self._waiting.clear()
        return count

    def wait(self, seconds: float) -> list[tuple[Job, Row | Lost]]:
        """The answers that have come, after waiting for the first one.

        Args:
            seconds: longest wait.

        Raises:
            TressError: the workers cannot start.
        """
        answers: list[tuple[Job, Row | Lost]] = []
        with contextlib.suppress(queue.Empty):
            answers += self._heard(*self._answers.get(timeout=seconds))
            while True:
                answers += self._heard(*self._answers.get_nowait())
        self._end_hung_workers()
        self._feed()
        return answers

    def processes(self) -> list[int]:
        """Numbers of the worker processes."""
        return [worker.process.pid for worker in self._workers]

    def close(self) -> None:
        """Ends the workers; pictures in hand are given up."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.wait()
            worker.close()

    def _start(self) -> _Worker:
        # A session of its own: Ctrl-C reaches the run alone, which lets its workers finish.
        process = subprocess.Popen(  # noqa: S603
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        worker = _Worker(process)
        self._send(worker, asdict(self._config))
        worker.listener = threading.Thread(target=self._listen, args=(worker,), name="tress-pool", daemon=True)
        worker.listener.start()
        return worker

    def _listen(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        with contextlib.suppress(OSError, ValueError):  # closed while a line was awaited; or torn off by a kill
            for line in worker.process.stdout:
                self._answers.put((worker, json.loads(line)))
        self._answers.put((worker, None))

    def _send(self, worker: _Worker, message: dict[str, Any]) -> None:
        assert worker.process.stdin is not None
        with contextlib.suppress(OSError):  # it died; its listener says so
            worker.process.stdin.write(json.dumps(message).encode() + b"\n")
            worker.process.stdin.flush()

    def _feed(self) -> None:
        for worker in self._workers:
            if self._suspects and not worker.jobs:
                worker.alone = True
                self._give(worker, self._suspects.popleft())
            while self._waiting and not worker.alone and len(worker.jobs) < AT_ONCE + 1:
                self._give(worker, self._waiting.popleft())

    def _give(self, worker: _Worker, job: Job) -> None:
        number = next(self._numbers)
        worker.jobs[number] = (job, None)
        self._send(worker, {"number": number, **asdict(job)})

    def _heard(self, worker: _Worker, answer: dict[str, Any] | None) -> list[tuple[Job, Row | Lost]]:
        if worker not in self._workers:
            return []
        if answer is None:
            return self._bury(worker)
        if "failed" in answer:
            failure = answer["failed"]
            kind = _KINDS.get(failure["kind"], InputError)
            raise kind(failure["code"], failure["message"], hint=failure["hint"])
        if "ready" in answer:
            told = answer["ready"]
            self.ready = Ready(told["model"], told["device"], tuple(told["warnings"]))
        elif "started" in answer:
            job, _ = worker.jobs[answer["started"]]
            worker.jobs[answer["started"]] = (job, time.monotonic())
        else:
            job, _ = worker.jobs.pop(answer["done"])
            worker.alone = False
            self._vain = 0
            return [(job, Row.from_json(answer["row"]))]
        return []

    def _end_hung_workers(self) -> None:
        for worker in self._workers:
            started = {number: since for number, (_, since) in worker.jobs.items() if since is not None}
            late = [number for number, since in started.items() if time.monotonic() - since > self._timeout_s]
            if late and worker.hung is None:
                worker.hung = late[0]
                worker.process.kill()

    def _bury(self, worker: _Worker) -> list[tuple[Job, Row | Lost]]:
        """Decides about the jobs of a dead worker, and puts another in its place."""
        code = worker.process.wait()
        lost: list[tuple[Job, Row | Lost]] = []
        for number, (job, since) in worker.jobs.items():
            if number == worker.hung:
                message = f"it took longer than {self._timeout_s:g} s and was given up"
                lost.append((job, Lost("timeout", message)))
            elif since is None:
                self._waiting.appendleft(job)
            elif worker.alone:
                lost.append((job, Lost("worker_died", f"its worker died twice while it worked on it: {_why(code)}")))
            else:
                # What lies at its output by now is its own.
                self._suspects.append(replace(job, may_replace=True))
        has_begun = any(since is not None for _, since in worker.jobs.values())
        self._vain = 0 if has_begun else self._vain + 1
        if self._vain >= _VAIN_STARTS:
            raise InputError(
                "workers_die",
                f"the worker processes end as soon as they start: {_why(code)}",
                hint="use fewer --workers if memory is short",
            )
        self._workers[self._workers.index(worker)] = self._start()
        worker.close()
        return lost


def _why(code: int) -> str:
    if code == -9:
        return "it was killed (signal 9), most likely because memory is short"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
