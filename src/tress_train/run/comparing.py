"""What several runs have in common and in which they differ, from the records that they left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tress.evaluation.statistics import INTERVAL, Estimated, draws
from tress_train.run.records import SCORES, hours_of, read_log, read_summary

# A chart shows no more points of a run; more of them are averaged.
POINTS = 60
_NO_LOSS = ("time", "event", "stage", "step", "total", "lr", "seconds_per_step")
_SCORES = ("iou", "mae", "band_mad", "band_gain")
Series = list[tuple[float, float]]


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run.

    Attributes:
        name: of its folder.
        settings: every value of its recipe, by dotted name, with code and data.
        series: values over steps: ``loss``, ``bce``... and ``own iou``, ``val/mean iou``...
        scores: of the last evaluation by subset or ``val/SET`` and metric, with intervals where pictures are known.
        gates: what they said.
        decisions: what people decided about them.
        steps, hours, processes, device: what it cost.
    """

    name: str
    settings: dict[str, str]
    series: dict[str, Series]
    scores: dict[str, dict[str, Estimated]]
    gates: list[str]
    decisions: list[str]
    steps: int
    hours: float
    processes: int
    device: str
    finished: bool = False


def facts_of(folder: Path, name: str) -> RunFacts:
    """Reads a run.

    Raises:
        InputError: the folder holds no record of a run.
    """
    record, rows = read_summary(folder), read_log(folder)
    settings = {"code": record["commit"][:12] or "?"}
    _flatten("", record["recipe"], settings)
    for set_name in record.get("used_sets", []):
        settings[f"data.{set_name}"] = record["data"][set_name][:12]
    gates = [gate for stage in record.get("stages_done", []) for gate in stage["gates"]]
    last: dict[str, Any] = next((row for row in reversed(rows) if row["event"] == "evaluate"), {})
    return RunFacts(
        name=name,
        settings=settings,
        series=_series(rows),
        scores=_scores(folder, record),
        gates=gates or list(last.get("gates", [])),
        decisions=[f"{d['stage']}: {d['what']}: {d['reason']}" for d in record.get("decisions", [])],
        steps=record.get("steps", 0),
        hours=hours_of(rows),
        processes=record["processes"],
        device=record.get("device", "?"),
        finished=bool(record.get("finished")),
    )


def differing(runs: Sequence[RunFacts]) -> dict[str, list[str]]:
    """Settings that are not the same in all runs, with each run's value, empty where it has none."""
    names = list(dict.fromkeys(name for run in runs for name in run.settings))
    rows = {name: [run.settings.get(name, "") for run in runs] for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def interval(values: Sequence[float]) -> Estimated:
    """The mean of values with its bootstrap interval."""
    weights = draws([""] * len(values))
    means = weights @ np.asarray(values, np.float64) / len(values)
    low, high = np.quantile(means[1:], [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return Estimated(float(means[0]), float(low), float(high), len(values))


def _flatten(prefix: str, value: Any, into: dict[str, str]) -> None:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            _flatten(f"{prefix}.{name}" if prefix else str(name), item, into)
    elif isinstance(value, list) and value and isinstance(value[0], (Mapping, list)):
        for position, item in enumerate(value):
            name = item.get("name", position) if isinstance(item, Mapping) else position
            _flatten(f"{prefix}.{name}", item, into)
    else:
        into[prefix] = json.dumps(value)


def _series(rows: Sequence[Mapping[str, Any]]) -> dict[str, Series]:
    """A run that went on after a stop wrote some steps twice: the later line counts."""
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        if row["event"] == "train":
            values = {name: value for name, value in row.items() if name not in _NO_LOSS}
        elif row["event"] == "evaluate":
            groups = {**row["subsets"], **{f"val/{name}": scores for name, scores in row["val"].items()}}
            values = {
                f"{group} {metric}": scores[metric]
                for group, scores in groups.items()
                for metric in _SCORES
                if metric in scores
            }
        else:
            continue
        for name, value in values.items():
            if isinstance(value, (int, float)):
                found.setdefault(name, {})[row["total"]] = float(value)
    return {name: _thinned(sorted(points.items())) for name, points in found.items()}


def _thinned(points: Sequence[tuple[int, float]]) -> Series:
    parts = np.array_split(np.asarray(points, np.float64), min(POINTS, len(points)))
    return [(float(part[:, 0].mean()), float(part[:, 1].mean())) for part in parts]


def _scores(folder: Path, record: Mapping[str, Any]) -> dict[str, dict[str, Estimated]]:
    """With intervals if the run left the scores of its pictures; runs of earlier versions left means only."""
    groups = {**record.get("subsets", {}), **{f"val/{name}": row for name, row in record.get("val", {}).items()}}
    found = {
        group: {m: Estimated(row[m], row[m], row[m], int(row.get("n", 0))) for m in _SCORES if m in row}
        for group, row in groups.items()
    }
    if not (folder / SCORES).exists():
        return found
    pictures: dict[str, list[dict[str, Any]]] = {}
    for name, rows in json.loads((folder / SCORES).read_text(encoding="utf-8")).items():
        for row in rows:
            pictures.setdefault(f"val/{row['set']}" if name == "val" else name, []).append(row)
    for group, rows in pictures.items():
        for metric in ("iou", "mae", "band_mad"):
            values = [row[metric] for row in rows if row.get(metric) is not None]
            if values and metric in found.get(group, {}):
                found[group][metric] = interval(values)
    return found
