"""Two runs never work on one shard, and a dead run holds nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from tress.batch import lease
from tress.batch.lease import Leases, refuse_if_held
from tress.batch.store import LocalStore
from tress.errors import InputError


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path)


def name_of(store) -> str:
    (name,) = store.names(".tress/leases")
    return name


def changed(store, **facts) -> None:
    name = name_of(store)
    store.replace(name, json.dumps({**json.loads(store.read(name)), **facts}).encode())


def test_the_second_is_told_who_holds_it(store) -> None:
    first, second = Leases(store, "run1"), Leases(store, "run2")
    first.take(3)
    with pytest.raises(InputError, match=rf"shard 3 .* process {os.getpid()} on ") as caught:
        second.take(3)
    assert caught.value.code == "run_in_progress"
    with pytest.raises(InputError):
        refuse_if_held(store, [2, 3])
    refuse_if_held(store, [2, 4])
    first.give_back(3)
    second.take(3)
    second.close()
    assert store.names(".tress/leases") == []


def test_a_dead_process_of_this_machine_holds_nothing(store) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    Leases(store, "run1").take(0)
    changed(store, process=[dead.pid, "12345"])
    second = Leases(store, "run2")
    second.take(0)
    assert [name.rpartition("/")[2] for name in store.names(".tress/leases")] == ["000001.json", "000002.json"]
    second.close()


def test_another_machine_is_dead_when_it_has_been_silent(store) -> None:
    first = Leases(store, "run1")
    first.take(0)
    changed(store, machine="elsewhere", host="elsewhere")
    with pytest.raises(InputError, match="on elsewhere"):
        Leases(store, "run2").take(0)
    changed(store, alive=time.time() - lease.EXPIRE_SECONDS - 1)
    Leases(store, "run2").take(0)


def test_who_is_taken_over_learns_of_it_and_who_is_not_stays_alive(store, monkeypatch) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.02)
    first = Leases(store, "run1")
    first.take(0)
    before = json.loads(store.read(name_of(store)))["alive"]
    deadline = time.monotonic() + 60
    while json.loads(store.read(name_of(store)))["alive"] == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert json.loads(store.read(name_of(store)))["alive"] > before
    assert first.lost is None
    store.create(".tress/leases/00000/000002.json", store.read(name_of(store)).replace(b"run1", b"run2"))
    while first.lost is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert first.lost.code == "run_in_progress"
    first.close()


def test_a_lease_that_cannot_be_read_is_told(store) -> None:
    store.replace(".tress/leases/00000/000001.json", b"")
    with pytest.raises(InputError) as caught:
        Leases(store, "run1").take(0)
    assert caught.value.code == "lease_unreadable"
