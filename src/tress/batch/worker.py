"""The worker process: ``main`` in a Python of its own.

Pictures to work on come in on stdin, answers go to stdout, as lines of JSON.  The first line in says what all pictures
need (``Config``), the first line out that the networks are loaded.  A process of its own, started anew and not forked,
can be killed when it hangs, and shares no threads, locks or broken libraries with whoever started it.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import tress
from tress.api import Remover
from tress.batch.rows import Row, Status
from tress.batch.settings import Settings
from tress.batch.store import Store, is_remote, local_path, open_store, read_input
from tress.errors import InputError, TressError
from tress.io.decode import read_size
from tress.produce import Product, produce

AT_ONCE = 2
"""Pictures that a worker has in hand: while the networks are busy with one, another is read, rendered or written."""
MAX_INPUT_BYTES = 1 << 30
# For what is in hand when stdin ends; a picture that hangs must not keep the process for ever.
_LAST_SECONDS = 30.0


@dataclass(frozen=True)
class Config:
    """What a worker needs to know once.

    Attributes:
        settings: of the plan, as JSON.
        output: address of the destination.
        options_digest, model_digest: for the rows.
        threads: for the networks; None uses all cores.
    """

    settings: dict[str, Any]
    output: str
    options_digest: str
    model_digest: str
    threads: int | None


@dataclass(frozen=True)
class Job:
    """One picture to work on.

    Attributes:
        input: as in the plan.
        address: path or URL to read.
        output: name below the destination.
        plan: id.
        size_bytes, version: what the input must still be; None if it may be anything.
        mark: of unfinished files, as in ``Store.create``.
        may_replace: whatever is at the output may be replaced: the plan says so, or a run that was killed left it.
        replaces: SHA-256 of an earlier result; that one may be replaced, but nothing else.
        keep_if: the row of an earlier result, which holds if the input's digest is still the same; else None.
    """

    input: str
    address: str
    output: str
    plan: str
    size_bytes: int | None = None
    version: str | None = None
    mark: str = ""
    may_replace: bool = False
    replaces: str | None = None
    keep_if: dict[str, Any] | None = None


class Bench:
    """Makes rows out of jobs: the networks, the destination, and a limit on what is in memory at the same time.

    Args:
        config: what all jobs share.

    Raises:
        TressError: the networks or the destination are not to be had.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        settings = Settings.from_json(config.settings)
        self._options = settings.options
        self.remover = Remover(
            settings.model,
            device=settings.device,
            threads=config.threads,
            max_megapixels=settings.max_megapixels,
            refine=settings.refine,
        )
        self._store: Store = open_store(config.output)
        self._room = _Room(settings.max_megapixels)

    def work(self, job: Job) -> Row:
        """One picture, from its address to its result; whatever goes wrong with it is in the row."""
        facts: dict[str, Any] = {}
        try:
            return self._work(job, facts)
        except TressError as error:
            return self._row(job, "failed", code=error.code, message=str(error), **facts)
        except MemoryError:
            return self._row(job, "failed", code="out_of_memory", message="there is not enough memory", **facts)
        except Exception as error:  # a bug costs its picture, not the run
            message = f"unexpected {type(error).__name__}: {error}"
            return self._row(job, "failed", code="internal_error", message=message, **facts)

    def _work(self, job: Job, facts: dict[str, Any]) -> Row:
        started = time.perf_counter()
        data, stat = read_input(job.address, MAX_INPUT_BYTES)
        read_seconds = time.perf_counter() - started
        facts |= {
            "input_bytes": len(data),
            "input_version": stat.version,
            "input_digest": hashlib.sha256(data).hexdigest(),
        }
        if job.version is not None and (job.version, job.size_bytes) != (stat.version, stat.size_bytes):
            # The row is about the planned version, which nobody has read.
            facts.clear()
            raise InputError(
                "input_changed", f"{job.input} changed after the plan was made", hint="plan again, or retry it"
            )
        if job.keep_if is not None and job.keep_if["input_digest"] == facts["input_digest"]:
            return replace(Row.from_json(job.keep_if), input_version=stat.version, plan=job.plan)
        with self._room.for_pixels(*read_size(data)):
            product = produce(self.remover, data, self._options)
        del data
        seconds = {"read": read_seconds, **product.seconds}
        started = time.perf_counter()
        self._deliver(job, product.data)
        seconds["write"] = time.perf_counter() - started
        return self._row(job, "ok" if product.found else "empty", **facts, **_facts(product, seconds))

    def _deliver(self, job: Job, data: bytes) -> None:
        """Writes a result, and never over a file of somebody else."""
        if not job.may_replace:
            if self._store.create(job.output, data, mark=job.mark):
                return
            there = None
            if job.replaces is not None:
                there = hashlib.sha256(self._store.read(job.output)).hexdigest()
            if there is None or there not in {job.replaces, hashlib.sha256(data).hexdigest()}:
                raise InputError(
                    "target_exists",
                    f"{job.output} exists and is not, or no longer, what tress wrote there",
                    hint="plan with --overwrite to replace it, with --skip-existing to leave it",
                )
        if not is_remote(job.address) and not is_remote(self._store.address):
            target = Path(self._store.address, job.output)
            if os.path.realpath(target) == os.path.realpath(local_path(job.address)):
                raise InputError("output_is_input", f"the result {target} would replace its own input")
        self._store.replace(job.output, data, mark=job.mark)

    def _row(self, job: Job, status: Status, **facts: Any) -> Row:
        about = {"input": job.input, "output": job.output, "plan": job.plan}
        return make_row(self._config, status, **about, model=self.remover.model, **facts)


def make_row(config: Config, status: Status, **facts: Any) -> Row:
    """A row, made now."""
    return Row(
        status=status,
        options_digest=config.options_digest,
        model_digest=config.model_digest,
        finished=now(),
        tress=tress.__version__,
        **facts,
    )


def _facts(product: Product, seconds: dict[str, float]) -> dict[str, Any]:
    return {
        "device": product.device,
        "width": product.width_px,
        "height": product.height_px,
        "input_width": product.input_width_px,
        "input_height": product.input_height_px,
        "confidence": round(product.confidence, 4),
        "seconds": {step: round(value, 4) for step, value in seconds.items()},
        "output_bytes": len(product.data),
        "output_digest": hashlib.sha256(product.data).hexdigest(),
        "warnings": list(product.warnings),
    }


def now() -> str:
    """The time, UTC, ISO 8601, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class _Room:
    """Lets pictures in as long as all of them together have no more pixels than the largest one allowed."""

    def __init__(self, megapixels: float) -> None:
        self._limit_px = round(megapixels * 1e6)
        self._used_px = 0
        self._changed = threading.Condition()

    @contextmanager
    def for_pixels(self, width_px: int, height_px: int) -> Iterator[None]:
        """Waits until there is room.  A picture that is too large by itself waits for nobody: it will be refused."""
        wanted = min(width_px * height_px, self._limit_px)
        with self._changed:
            self._changed.wait_for(lambda: self._used_px + wanted <= self._limit_px or not self._used_px)
            self._used_px += wanted
        try:
            yield
        finally:
            with self._changed:
                self._used_px -= wanted
                self._changed.notify_all()


def main() -> None:
    """Works until stdin ends."""
    # Ctrl-C goes to every process of a terminal; whoever started this one decides when it ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    say = _Speaker(answers)
    first = sys.stdin.buffer.readline()
    bench = _set_up(json.loads(first), say) if first else None
    if bench is None:
        return
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tress-batch")
    in_hand: set[Future[None]] = set()
    for line in sys.stdin.buffer:
        future = pool.submit(_answer, bench, json.loads(line), say)
        in_hand.add(future)
        future.add_done_callback(in_hand.discard)
    # Whoever started this process has all answers, or is gone; what is in hand becomes whole.
    pool.shutdown(wait=False, cancel_futures=True)
    wait(set(in_hand), timeout=_LAST_SECONDS)
    os._exit(0)


def _set_up(values: dict[str, Any], say: _Speaker) -> Bench | None:
    try:
        config = Config(**values)
        if config.threads is not None:
            import cv2

            cv2.setNumThreads(config.threads)
        bench = Bench(config)
    except TressError as error:
        kind = type(error).__name__
        say({"failed": {"kind": kind, "code": error.code, "message": error.message, "hint": error.hint}})
        return None
    say({"ready": {"model": bench.remover.model, "device": bench.remover.device, "warnings": bench.remover.warnings}})
    return bench


def _answer(bench: Bench, values: dict[str, Any], say: _Speaker) -> None:
    number, job = values.pop("number"), Job(**values)
    say({"started": number})
    say({"done": number, "row": asdict(bench.work(job))})


class _Speaker:
    """Writes answers, one line each, from several threads."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def __call__(self, answer: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._stream.write(json.dumps(answer).encode() + b"\n")
                self._stream.flush()
            except BrokenPipeError:
                pass  # nobody listens any more, and stdin will end
