"""A Ray cluster keeps the promises of one machine, also when it loses a node."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from batches import PLANNED, files_in, photos, rows_of, tress

pytest.importorskip("ray")
COUNT = 40


def test_a_node_that_is_killed_half_way_costs_nothing(tmp_path):
    source, calm, stormy = photos(tmp_path / "photos", COUNT, 700, 500), tmp_path / "calm", tmp_path / "stormy"
    assert tress(source, calm, *PLANNED).returncode == 0
    assert tress("plan", source, stormy, *PLANNED, "--shards", 6).returncode == 0
    script = Path(__file__).with_name("ray_two_nodes.py")
    words = [sys.executable, script, stormy, tmp_path / "told.json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert told["nodes"] == [2, 1]
    assert COUNT // 2 <= told["killed_at"] < COUNT
    assert (told["summary"]["ok"], told["summary"]["left"], told["summary"]["ending"]) == (COUNT, 0, "complete")
    rows = rows_of(stormy)
    assert len(rows) == COUNT
    assert {row["input"] for row in rows} == {row["input"] for row in rows_of(calm)} == set(told["told"])
    assert files_in(stormy) == files_in(calm)
    assert not list(stormy.rglob("*.part"))
