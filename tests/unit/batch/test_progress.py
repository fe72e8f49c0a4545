"""What is told while a run works."""

from __future__ import annotations

from collections import Counter

import pytest

from tress.batch.progress import Counts, Progress
from tress.batch.rows import Row
from tress.cli import batch_report
from tress.cli.batch_report import RunReport
from tress.cli.main import main


def row(status: str = "ok") -> Row:
    return Row(input="a", output="a.png", status=status, code="x" if status == "failed" else "", message="why")


def test_counts_go_on_from_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    seen: list[Progress] = []
    counts = Counts(10, Counter(ok=4), seen.append)
    counts.start()
    clock[0] = 102.0
    counts.add(row("skipped"), settled=True)
    counts.add(row())
    counts.add(row("failed"))
    last = seen[-1]
    assert (last.done, last.ok, last.failed, last.skipped, last.made) == (7, 5, 1, 1, 2)
    assert (last.pictures_per_second, last.eta_seconds) == (1.0, 3.0)
    assert seen[0].eta_seconds is None
    assert (counts.made, counts.made_failed) == (2, 1)


def test_lines_without_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(batch_report, "_LINE_SECONDS", 0.0)
    with RunReport(as_json=False, quiet=False) as report:
        for number in range(1, 23):
            report.progress(
                Progress(100, ok=0, empty=0, failed=number, skipped=0, made=number, seconds=2.0, row=row("failed"))
            )
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["error: a: why [x]", "1 of 100, 0.50 pictures/s, 0:03:18 left, 1 failed"]
    assert sum(line.startswith("error:") for line in lines) == 20
    assert sum("not shown" in line for line in lines) == 1


def test_quiet_says_only_what_failed(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_report, "_LINE_SECONDS", 0.0)
    with RunReport(as_json=False, quiet=True) as report:
        for status in ("ok", "failed"):
            report.progress(Progress(2, ok=0, empty=0, failed=0, skipped=0, made=1, seconds=1.0, row=row(status)))
    assert capsys.readouterr().err == "error: a: why [x]\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "nowhere"], "there is no plan"),
        (["status", "nowhere"], "there is no plan"),
        (["run", "nowhere", "--engine", "spark"], "local or ray"),
        (["run", "nowhere", "--num-gpus", "1"], "need --engine ray"),
        (["run", "nowhere", "--workers", "0"], "workers is 0"),
        (["run", "nowhere", "--timeout", "nan"], "timeout is nan"),
        (["run", "nowhere", "--max-failure-rate", "2"], "max-failure-rate is 2"),
        (["nowhere", "out", "--overwrite", "--skip-existing"], "exclude each other"),
        (["nowhere", "out", "--name", "{stem"], "cannot be used"),
        (["nowhere", "out"], "nowhere does not exist"),
        (["nowhere"], "DST"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(arguments, says, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["batch", *arguments]) == 2
    assert says in capsys.readouterr().err
