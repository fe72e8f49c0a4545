"""Runs side by side, from the records that they left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

from tress.errors import InputError
from tress_train.commands.cli import app
from tress_train.run.comparing import facts_of, interval

pytestmark = pytest.mark.train

RUNNER = CliRunner()


def leave_run(folder: Path, *, lr: float, iou: list[float], commit: str = "c" * 40, scores: bool = True) -> Path:
    """What a run of three logged steps leaves, its second step written twice."""
    folder.mkdir(parents=True)
    mean = sum(iou) / len(iou)
    record = {
        "recipe": {"name": "r", "stages": [{"name": "one", "lr": lr, "sides": [1, 2]}], "seed": 1},
        "recipe_hash": "f" * 64,
        "commit": commit,
        "processes": 2,
        "device": "cuda:0",
        "steps": 3,
        "data": {"cats": "0" * 64},
        "used_sets": ["cats"],
        "stages_done": [{"stage": "one", "gates": [f"iou on own {mean:.4f}, wanted >= 0.9: passed"]}],
        "decisions": [],
        "subsets": {"own": {"n": len(iou), "iou": mean}},
        "val": {"cats": {"n": 1, "iou": 0.5}},
        "finished": True,
    }
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    rows = [(1, 3.0, "10:00"), (2, 9.0, "10:10"), (2, 2.0, "10:20"), (3, 1.0, "10:30")]
    lines = [
        {"time": f"2026-01-01T{at}:00", "event": "train", "stage": "one", "step": n, "total": n, "loss": loss, "lr": lr}
        for n, loss, at in rows
    ]
    lines.append(
        {"time": "2026-01-01T10:30:00", "event": "evaluate", "total": 3, **{k: record[k] for k in ("subsets", "val")}}
    )
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    if scores:
        pictures = {"own": [{"key": str(i), "set": "cats", "iou": value} for i, value in enumerate(iou)]}
        (folder / "scores.json").write_text(json.dumps(pictures), encoding="utf-8")
    return folder


def test_runs_are_compared_as_text_and_as_a_page(tmp_path: Path) -> None:
    a = leave_run(tmp_path / "a", lr=1e-3, iou=[0.8, 0.9, 1.0, 0.9])
    b = leave_run(tmp_path / "b", lr=2e-3, iou=[0.9, 0.95, 1.0, 0.95], scores=False)
    page = tmp_path / "page.html"
    answer = RUNNER.invoke(app, ["compare", str(a), str(b), "--out", str(page), "--hour-price", "2"])
    assert answer.exit_code == 0, answer.output
    lines = [line.split() for line in answer.output.splitlines()]
    assert ["stages.one.lr", "0.001", "0.002"] in lines
    assert not [line for line in lines if line[:1] == ["seed"]]
    assert ["loss", "1", "1"] in lines
    (score,) = [line for line in lines if line[:2] == ["own", "iou"]]
    assert score[2] == "0.9000"
    assert score[3].startswith("[0.8")
    assert score[-1] == "0.9500"
    assert ["hours", "0.50", "0.50"] in lines
    assert ["cost", "1.00", "1.00"] in lines
    text = page.read_text(encoding="utf-8")
    # One chart a metric: the loss and both scores.
    assert text.count("<svg") == 3
    assert "stages.one.lr" in text
    assert "<script" not in text


def test_a_step_that_was_logged_twice_counts_once_with_its_later_value(tmp_path: Path) -> None:
    facts = facts_of(leave_run(tmp_path / "a", lr=1e-3, iou=[1.0]), "a")
    assert facts.series["loss"] == [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]


def test_the_interval_of_a_mean_holds_it_and_narrows() -> None:
    few, many = interval([0.0, 1.0] * 5), interval([0.0, 1.0] * 100)
    assert few.low < few.value == 0.5 < few.high
    assert many.high - many.low < few.high - few.low


def test_one_run_or_no_run_is_refused(tmp_path: Path) -> None:
    a = leave_run(tmp_path / "a", lr=1e-3, iou=[1.0])
    for words, code in (([str(a)], "runs_too_few"), ([str(a), str(tmp_path / "none")], "record_missing")):
        answer = RUNNER.invoke(app, ["compare", *words])
        assert isinstance(answer.exception, InputError)
        assert answer.exception.code == code
