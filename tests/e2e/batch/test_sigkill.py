"""SIGKILL at any moment: nothing is lost, doubled or half written."""

from __future__ import annotations

import random
import time

from batches import PLANNED, children, files_in, gone, kill, needs_proc, photos, rows_of, started, tress

COUNT, KILLS = 200, 20


@needs_proc
def test_killed_twenty_times_it_ends_as_if_undisturbed(tmp_path):
    source, calm, stormy = photos(tmp_path / "photos", COUNT, 200, 150), tmp_path / "calm", tmp_path / "stormy"
    assert tress(source, calm, *PLANNED).returncode == 0
    chance = random.Random(26)
    orphans: list[int] = []
    struck = 0
    for turn in range(KILLS):
        process = started(source, stormy, *PLANNED, "--workers", "2", "--json")
        # Some are killed while they plan or load, most in the midst of the pictures, all at no particular instruction.
        for _ in range(chance.choice([0, 1, 3, 6, 9, 12])):
            process.stdout.readline()
        time.sleep(chance.random() * (1.5 if turn % 4 == 0 else 0.05))
        workers = children(process.pid)
        # With its workers, as when a machine is lost, or without them, as when only the run is.
        kill([process.pid, *(workers if turn % 2 else [])])
        orphans += workers
        process.communicate()
        struck += process.returncode == -9
    assert struck >= KILLS // 2
    last = tress(source, stormy, *PLANNED)
    assert last.returncode == 0, last.stderr
    assert gone(orphans)
    rows = rows_of(stormy)
    assert len(rows) == COUNT
    assert {row["input"] for row in rows} == {row["input"] for row in rows_of(calm)}
    assert {row["status"] for row in rows} == {"ok"}
    assert files_in(stormy) == files_in(calm)
    assert not list(stormy.rglob("*.part"))
    assert not list((stormy / ".tress" / "journal").rglob("*.jsonl"))
