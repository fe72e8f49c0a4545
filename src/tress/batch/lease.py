"""Who works on a shard: a lease with a sign of life, taken and taken over by creating a file that was not there.

Leases of a shard are numbered, and the highest number holds it.  To take over an abandoned lease is to create the next
number, which only one can do; no lease is ever deleted by anyone but its holder.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tress.batch.planfile import STATE
from tress.batch.store import Store
from tress.errors import InputError, TressError

RENEW_SECONDS = 10.0
"""Between two signs of life."""
EXPIRE_SECONDS = 60.0
"""Without a sign of life for so long a run counts as dead.  The clocks of the machines must agree to half of this."""


@dataclass(frozen=True)
class Holder:
    """Who holds a shard.

    Attributes:
        run: id of the run.
        host: name of its machine.
        machine: the machine, its start and its process namespace: where ``process`` means the same.
        process: its number there, and when it began, so that a number that is used again is not taken for it.
        alive: Unix time of the last sign of life.
    """

    run: str
    host: str
    machine: str
    process: tuple[int, str]
    alive: float

    @property
    def is_dead(self) -> bool:
        """Whether nobody works under this lease any more."""
        if self.machine == _machine() and self.process[1]:
            return _started(self.process[0]) != self.process[1]
        return time.time() - self.alive > EXPIRE_SECONDS

    def __str__(self) -> str:
        silent = max(0, round(time.time() - self.alive))
        return f"process {self.process[0]} on {self.host} (last sign of life {silent} s ago)"


class Leases:
    """The leases of one run, kept alive by a thread from the first one on.

    Args:
        store: the destination.
        run: id of the run.
    """

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._run = store, run
        self._held: dict[int, int] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost: InputError | None = None
        """Why this run must stop: somebody else took one of its shards over."""

    def take(self, shard: int) -> None:
        """Takes a shard.

        Raises:
            InputError: ``run_in_progress``: somebody else has it.
        """
        number, holder = _last(self._store, shard)
        if holder is not None and not holder.is_dead:
            raise held(shard, holder)
        mark = f"{shard:05d}"
        self._store.sweep({f"{STATE}/leases/{mark}"}, mark)
        if not self._store.create(_name(shard, number + 1), self._content(), mark=mark):
            _, holder = _last(self._store, shard)
            raise held(shard, holder)
        with self._lock:
            self._held[shard] = number + 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._renew, name="tress-leases", daemon=True)
            self._thread.start()

    def give_back(self, shard: int) -> None:
        """Gives a shard back."""
        with self._lock:
            last = self._held.pop(shard)
            # The highest goes last: until then nobody else is the holder.
            for number in range(1, last + 1):
                self._store.remove(_name(shard, number))

    def close(self) -> None:
        """Gives everything back."""
        self._ended.set()
        for shard in list(self._held):
            with contextlib.suppress(TressError):
                self.give_back(shard)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            for shard, number in list(self._held.items()):
                with self._lock, contextlib.suppress(TressError):  # an object store out of reach may come back
                    if shard not in self._held:
                        continue
                    _, holder = _last(self._store, shard)
                    if holder is None or holder.run != self._run:
                        self.lost = held(shard, holder)
                        del self._held[shard]
                        continue
                    self._store.replace(_name(shard, number), self._content())

    def _content(self) -> bytes:
        process = (os.getpid(), _started(os.getpid()))
        return json.dumps(asdict(Holder(self._run, socket.gethostname(), _machine(), process, time.time()))).encode()


def refuse_if_held(store: Store, shards: Iterable[int]) -> None:
    """Raises InputError (``run_in_progress``) if a living run holds one of the shards."""
    wanted = set(shards)
    for shard in sorted({int(name.split("/")[-2]) for name in store.names(f"{STATE}/leases")} & wanted):
        _, holder = _last(store, shard)
        if holder is not None and not holder.is_dead:
            raise held(shard, holder)


def held(shard: int, holder: Holder | None) -> InputError:
    """The error that says who holds a shard."""
    who = str(holder) if holder is not None else "another run"
    return InputError(
        "run_in_progress",
        f"shard {shard} is being worked on by {who}",
        hint="wait until it is done, stop it, or take other shards with --shard",
    )


def _last(store: Store, shard: int) -> tuple[int, Holder | None]:
    """The highest lease of a shard and who holds it; 0 and None if there is none."""
    names = store.names(f"{STATE}/leases/{shard:05d}")
    if not names:
        return 0, None
    number = int(names[-1].rpartition("/")[2].removesuffix(".json"))
    try:
        values = json.loads(store.read(names[-1]))
    except FileNotFoundError:  # given back at this very moment
        return number, None
    except ValueError as error:
        raise InputError(
            "lease_unreadable",
            f"{store.address}/{names[-1]} cannot be read: {error}",
            hint="if no run works there, delete it",
        ) from error
    return number, Holder(**{**values, "process": tuple(values["process"])})


def _name(shard: int, number: int) -> str:
    return f"{STATE}/leases/{shard:05d}/{number:06d}.json"


def _machine() -> str:
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def _started(process: int) -> str:
    """When a process of this machine began; empty if there is none, or the system does not say."""
    try:
        # The second field, the program's name, may hold anything, spaces and brackets too.
        fields = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == b"Z" else fields[19].decode()
