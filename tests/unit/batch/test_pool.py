"""A picture that kills or hangs its worker costs only itself."""

from __future__ import annotations

import sys
import time

import pytest

from tress.batch.pool import Lost, Pool
from tress.batch.worker import Config, Job
from tress.errors import InputError, ModelError

CONFIG = Config(settings={}, output="", options_digest="", model_digest="", threads=1)
# Speaks as a worker does; what it does with a picture is its name.
WORKER = """
import json, os, signal, sys, threading, time
lock = threading.Lock()
def say(answer):
    with lock:
        print(json.dumps(answer), flush=True)
def work(job):
    say({"started": job["number"]})
    kind = job["input"].split("-")[0]
    if kind == "kill" or kind == "killonce" and not job["may_replace"]:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "hang":
        time.sleep(3600)
    time.sleep(0.05)
    row = {"input": job["input"], "output": job["output"], "status": "ok", "plan": str(job["may_replace"])}
    say({"done": job["number"], "row": row})
sys.stdin.readline()
say({"ready": {"model": "m", "device": "cpu", "warnings": []}})
for line in sys.stdin:
    threading.Thread(target=work, args=(json.loads(line),), daemon=True).start()
"""


def answers(names: list[str], *, workers: int = 1, timeout_s: float = 3600.0) -> dict[str, str]:
    """What became of every picture."""
    pool = Pool(CONFIG, workers=workers, timeout_s=timeout_s, command=[sys.executable, "-c", WORKER])
    found: dict[str, str] = {}
    try:
        for name in names:
            pool.submit(Job(name, name, f"{name}.png", plan=""))
        deadline = time.monotonic() + 300
        while pool.busy and time.monotonic() < deadline:
            for job, answer in pool.wait(0.5):
                assert job.input not in found
                found[job.input] = answer.code if isinstance(answer, Lost) else answer.status
        assert pool.ready.model == "m"
    finally:
        pool.close()
    return found


def drain(pool: Pool) -> list:
    found = []
    while pool.busy:
        found += pool.wait(0.5)
    return found


def test_all_are_answered() -> None:
    names = [f"a-{number}" for number in range(20)]
    assert answers(names, workers=2) == dict.fromkeys(names, "ok")


def test_a_killer_is_tried_twice_and_costs_only_itself() -> None:
    names = ["a-1", "kill-1", "a-2", "killonce-1", "a-3", "kill-2", "a-4"]
    assert answers(names, workers=2) == {name: "worker_died" if name.startswith("kill-") else "ok" for name in names}


def test_a_hanging_picture_is_given_up() -> None:
    names = ["a-1", "hang-1", "a-2", "a-3"]
    assert answers(names, timeout_s=5.0) == {name: "timeout" if name == "hang-1" else "ok" for name in names}


def test_what_a_dead_worker_may_have_written_may_be_replaced() -> None:
    pool = Pool(CONFIG, workers=1, timeout_s=3600, command=[sys.executable, "-c", WORKER])
    pool.submit(Job("killonce-1", "", "", plan=""))
    found = drain(pool)
    pool.close()
    assert [answer.plan for _, answer in found] == ["True"]


@pytest.mark.parametrize(
    ("script", "kind", "code"),
    [
        ("import sys; sys.exit(3)", InputError, "workers_die"),
        (
            """print('{"failed": {"kind": "ModelError", "code": "c", "message": "m", "hint": ""}}')""",
            ModelError,
            "c",
        ),
    ],
)
def test_workers_that_cannot_start_end_the_run(script: str, kind: type, code: str) -> None:
    pool = Pool(CONFIG, workers=2, timeout_s=3600, command=[sys.executable, "-c", script])
    pool.submit(Job("a", "", "", plan=""))
    try:
        with pytest.raises(kind) as caught:
            drain(pool)
    finally:
        pool.close()
    assert caught.value.code == code


def test_what_no_worker_has_can_be_withdrawn() -> None:
    pool = Pool(CONFIG, workers=1, timeout_s=3600, command=[sys.executable, "-c", WORKER])
    for number in range(10):
        pool.submit(Job(f"a-{number}", "", "", plan=""))
    assert pool.withdraw() == 7
    found = drain(pool)
    pool.close()
    assert len(found) == 3
