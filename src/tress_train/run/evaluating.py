"""An evaluation during training: what the task scored is judged and written down, with pictures of what fails."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tress_train.recipes.refiner_stages import RefinerStage
from tress_train.recipes.stages import HIGHER_IS_BETTER, Gate, GateResult, Stage, judge
from tress_train.run.records import SCORES, Journal
from tress_train.tasks.base import SHOWN, Examined, Records


@dataclass(frozen=True)
class Evaluation:
    """The verdict of an evaluation; ``passed`` is true if all gates of the stage are.

    ``enough``: whoever watches the run wants the stage to end here.
    """

    results: list[GateResult]
    enough: bool = False

    @property
    def passed(self) -> bool:
        """Whether every gate is passed."""
        return all(result.passed for result in self.results)


def evaluate(
    found: Examined, stage: Stage | RefinerStage, train: Records, journal: Journal, progress: Any
) -> Evaluation:
    """Judges, and leaves lines, curves and contact sheets of the worst pictures in the record.

    Args:
        found: what the task found out about the averaged weights.
        stage: whose gates are judged.
        train: records of the frozen pictures.
        journal: of the run.
        progress: of the run.
    """
    results = judge(stage.gates, found.scores)
    journal.write(
        "evaluate",
        stage=stage.name,
        step=progress.step,
        total=progress.total,
        gates=[str(result) for result in results],
        subsets=found.scores,
        val=found.val,
    )
    journal.summarise(subsets=found.scores, val=found.val)
    pictures = {name: [asdict(row) for row in rows] for name, rows in found.rows.items()}
    journal.replace_file(journal.out / SCORES, json.dumps(pictures) + "\n")
    for name, scores in [*found.scores.items(), *((f"val/{name}", scores) for name, scores in found.val.items())]:
        journal.scalars(name, scores, progress.total)
    sheets = dict(found.shown)
    for result in results:
        failing = _failing(result.gate, found.rows[result.gate.subset])
        sheets[f"{result.gate.subset}-{result.gate.metric}-worst"] = (failing[:SHOWN], train)
    for name, (rows, records) in sheets.items():
        if rows:
            journal.picture(name, found.draw(rows, records), progress.total)
    if stage.gates:
        _write_list(stage, results, found.rows, journal)
    journal.say(f"{stage.name} {progress.step}: {found.val.get('mean', '')} {'; '.join(map(str, results))}")
    return Evaluation(results)


def _failing(gate: Gate, rows: Sequence[Any]) -> list[Any]:
    """The pictures that do not reach the gate's threshold by themselves, the worst first."""
    found = [row for row in rows if getattr(row, gate.metric) is not None]
    found = [row for row in found if not gate.passed_by(getattr(row, gate.metric))]
    return sorted(found, key=lambda row: getattr(row, gate.metric), reverse=not HIGHER_IS_BETTER[gate.metric])


def _write_list(
    stage: Stage | RefinerStage, results: Sequence[GateResult], rows: Mapping[str, Sequence[Any]], journal: Journal
) -> None:
    """Which pictures fail each gate that is missed; removed again once all are passed."""
    path = journal.out / f"missed-{stage.name}.json"
    missed = {
        str(result): [asdict(row) for row in _failing(result.gate, rows[result.gate.subset])]
        for result in results
        if not result.passed
    }
    journal.replace_file(path, json.dumps(missed, indent=1) + "\n" if missed else None)
