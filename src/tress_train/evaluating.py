"""An evaluation during training: scores of the gates' pictures and of validation pictures, and what fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tress_train.contact_sheet import contact_sheet
from tress_train.curriculum import HIGHER_IS_BETTER, Gate, GateResult, Stage, judge
from tress_train.data.gathering import RunData
from tress_train.gates import read_targets
from tress_train.quick_eval import Predict, Row, by_set, mean_over_sets, means, quick_eval
from tress_train.records import Journal
from tress_train.tasks import LocatorPredictor, LocatorTask

SHOWN = 18


@dataclass(frozen=True)
class Evaluation:
    """The verdict of an evaluation; ``passed`` is true if all gates of the stage are."""

    results: list[GateResult]

    @property
    def passed(self) -> bool:
        """Whether every gate is passed."""
        return all(result.passed for result in self.results)


def evaluate(
    averaged: LocatorTask,
    stage: Stage,
    earlier: Sequence[str],
    data: RunData,
    val_stride: int,
    journal: Journal,
    progress: Any,
) -> Evaluation:
    """Scores, judges, and leaves lines, curves and contact sheets of the worst pictures in the record.

    Args:
        averaged: the task with the averaged weights.
        stage: whose gates are judged.
        earlier: subsets of earlier stages, which are scored as well to show what is forgotten.
        data: of the run.
        val_stride: every how many-th validation picture is scored; 0 for none.
        journal: of the run.
        progress: of the run.
    """
    predict = LocatorPredictor(averaged.model, stage.long_side_px, averaged.recipe.precision)
    names = sorted({gate.subset for gate in stage.gates} | set(earlier))
    rows = {name: quick_eval(predict, read_targets(data.subsets[name], data.train)) for name in names}
    scores = {name: means(found) for name, found in rows.items()}
    results = judge(stage.gates, scores)
    val_keys = sorted(data.val)[::val_stride] if val_stride else []
    val_rows = quick_eval(predict, read_targets(val_keys, data.val))
    val = {"mean": mean_over_sets(val_rows), **by_set(val_rows)} if val_rows else {}
    journal.write(
        "evaluate",
        stage=stage.name,
        step=progress.step,
        total=progress.total,
        gates=[str(result) for result in results],
        subsets=scores,
        val=val,
    )
    journal.summarise(subsets=scores, val=val)
    for name, found in [*scores.items(), *((f"val/{name}", found) for name, found in val.items())]:
        journal.scalars(name, found, progress.total)
    worst = sorted(val_rows, key=lambda row: row.iou)[:SHOWN]
    _draw("val-worst", worst, data.val, predict, journal, progress.total)
    for result in results:
        failing = _failing(result.gate, rows[result.gate.subset])
        name = f"{result.gate.subset}-{result.gate.metric}-worst"
        _draw(name, failing[:SHOWN], data.train, predict, journal, progress.total)
    if stage.gates:
        _write_list(stage, results, rows, journal)
    journal.say(f"{stage.name} {progress.step}: {val.get('mean', '')} {'; '.join(map(str, results))}")
    return Evaluation(results)


def _failing(gate: Gate, rows: Sequence[Row]) -> list[Row]:
    """The pictures that do not reach the gate's threshold by themselves, the worst first."""
    found = [row for row in rows if getattr(row, gate.metric) is not None]
    found = [row for row in found if not gate.passed_by(getattr(row, gate.metric))]
    return sorted(found, key=lambda row: getattr(row, gate.metric), reverse=not HIGHER_IS_BETTER[gate.metric])


def _draw(name: str, rows: Sequence[Row], records: Any, predict: Predict, journal: Journal, step: int) -> None:
    if rows:
        targets = {target.key: target for target in read_targets([row.key for row in rows], records)}
        journal.picture(name, contact_sheet([(targets[row.key], row) for row in rows], predict), step)


def _write_list(stage: Stage, results: Sequence[GateResult], rows: dict[str, list[Row]], journal: Journal) -> None:
    """Which pictures fail each gate that is missed; removed again once all are passed."""
    path = journal.out / f"missed-{stage.name}.json"
    missed = {
        str(result): [asdict(row) for row in _failing(result.gate, rows[result.gate.subset])]
        for result in results
        if not result.passed
    }
    journal.replace_file(path, json.dumps(missed, indent=1) + "\n" if missed else None)
