"""From scored pictures to the content of ``report.json``.

``docs/evaluation.md`` describes its fields; a change that is not an addition raises ``SCHEMA``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tress import __version__
from tress.evaluation.data import Problem
from tress.evaluation.scoring import scalars
from tress.evaluation.slices import SLICES
from tress.evaluation.statistics import (
    ALL,
    INTERVAL,
    MEAN_OF_SETS,
    RESAMPLES,
    SEED,
    Bootstrap,
    Estimated,
    verdict,
)
from tress.metrics.base import Metric

SCHEMA = 1
Rows = dict[str, dict[str, Any]]
"""Scored pictures of one model by name."""


def summarise(
    data_name: str,
    names: Sequence[str],
    metrics: dict[str, Metric],
    models: list[dict[str, Any]],
    rows: dict[str, Rows],
    problems: list[Problem],
) -> dict[str, Any]:
    """The report as a dictionary of plain values.

    Args:
        data_name: of the data set.
        names: all its pictures.
        metrics: by name.
        models: name, size and settings of each model; the first is the baseline of the differences.
        rows: scored pictures by model.
        problems: what could not be scored.
    """
    known = {name: row for model in rows.values() for name, row in model.items()}
    order = [name for name in names if name in known]
    bootstrap = Bootstrap([known[name]["set"] for name in order]) if order else None
    groups = _groups([known[name] for name in order])
    values = {model: {metric: _column(rows[model], order, metric) for metric in metrics} for model in rows}
    scores: dict[str, Any] = {}
    differences: list[dict[str, Any]] = []
    baseline = models[0]["name"] if models else ""
    for model in rows:
        scores[model] = {}
        for group, members in groups.items():
            for name, metric in metrics.items():
                if bootstrap is None:
                    continue
                mine, base = values[model][name], values.get(baseline, {}).get(name, {})
                if found := _score(bootstrap, metric, mine, None, group, members):
                    scores[model].setdefault(group, {})[name] = _plain(found)
                if model == baseline or not base:
                    continue
                if found := _score(bootstrap, metric, mine, base, group, members):
                    differences.append(
                        {
                            "model": model,
                            "baseline": baseline,
                            "group": group,
                            "metric": name,
                            "verdict": verdict(metric, found),
                            **_plain(found),
                        }
                    )
    return {
        "schema": SCHEMA,
        "tress": __version__,
        "data": {"name": data_name, "pictures": len(names), "scored": len(order), "sets": _sets(order, known)},
        "metrics": {
            name: {"title": m.title, "better": m.better, "labels": m.labels, "per_picture": m.per_picture}
            for name, m in metrics.items()
        },
        "slices": {name: SLICES[name] for name in SLICES if f"slice:{name}" in groups},
        "models": [{**model, **_timing(rows.get(model["name"], {}))} for model in models],
        "scores": scores,
        "differences": differences,
        "calibration": {model: calibration(list(rows[model].values())) for model in rows},
        "pictures": {model: [_picture(rows[model][n], metrics) for n in order if n in rows[model]] for model in rows},
        "problems": [asdict(problem) for problem in problems],
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "interval": INTERVAL},
    }


def calibration(rows: list[dict[str, Any]], bins: int = 10) -> list[dict[str, float]]:
    """Mean confidence and mean IoU of pictures sorted by confidence, in up to ten equal groups.

    Only pictures with a subject that the predictor claims to have found.
    """
    pairs = sorted(
        (row["confidence"], row["values"]["iou"][0])
        for row in rows
        if row["confidence"] is not None and row["found"] and "iou" in row["values"]
    )
    if not pairs:
        return []
    parts = np.array_split(np.array(pairs), min(bins, len(pairs)))
    return [{"confidence": float(p[:, 0].mean()), "iou": float(p[:, 1].mean()), "n": len(p)} for p in parts]


def _score(
    bootstrap: Bootstrap,
    metric: Metric,
    mine: dict[int, list[float]],
    base: dict[int, list[float]] | None,
    group: str,
    members: list[int],
) -> Estimated | None:
    if group == MEAN_OF_SETS:
        return bootstrap.mean_of_sets(metric, mine, base)
    if base is None:
        return bootstrap.score(metric, mine, members)
    return bootstrap.difference(metric, mine, base, members)


def _groups(rows: list[dict[str, Any]]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {MEAN_OF_SETS: [], ALL: list(range(len(rows)))}
    for name in SLICES:
        groups[f"slice:{name}"] = [i for i, row in enumerate(rows) if name in row["slices"]]
    for name in sorted({row["set"] for row in rows}):
        groups[f"set:{name}"] = [i for i, row in enumerate(rows) if row["set"] == name]
    return {name: members for name, members in groups.items() if members or name == MEAN_OF_SETS}


def _column(rows: Rows, order: list[str], metric: str) -> dict[int, list[float]]:
    return {i: rows[n]["values"][metric] for i, n in enumerate(order) if n in rows and metric in rows[n]["values"]}


def _plain(found: Estimated) -> dict[str, float]:
    return {key: round(value, 6) for key, value in asdict(found).items()}


def _sets(order: list[str], known: Rows) -> dict[str, Any]:
    sets: dict[str, Any] = {}
    for name in order:
        entry = sets.setdefault(known[name]["set"], {"n": 0, "edges": []})
        entry["n"] += 1
        if known[name]["edge"] not in entry["edges"]:
            entry["edges"].append(known[name]["edge"])
    return sets


def _timing(rows: Rows) -> dict[str, Any]:
    seconds = [row["seconds"] for row in rows.values() if row["seconds"] is not None]
    spread = [round(float(v), 4) for v in np.quantile(seconds, [0.5, 0.1, 0.9])] if seconds else [None] * 3
    return {"scored": len(rows), "seconds": dict(zip(("median", "p10", "p90"), spread, strict=True))}


def _picture(row: dict[str, Any], metrics: dict[str, Metric]) -> dict[str, Any]:
    scored = {name: round(value, 6) for name, value in scalars(row["values"], metrics).items()}
    return {**{key: value for key, value in row.items() if key != "values"}, "scores": scored}
