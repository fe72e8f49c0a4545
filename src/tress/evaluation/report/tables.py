"""Which metrics and groups a reader sees first, and how numbers are written."""

from __future__ import annotations

from typing import Any

from tress.evaluation.statistics import ALL, MEAN_OF_SETS

HEADLINE = (
    "iou",
    "mae",
    "boundary_iou",
    "s_measure",
    "max_f",
    "weighted_f",
    "mean_e",
    "sad_unknown",
    "mse_unknown",
    "grad_unknown",
    "conn_unknown",
    "colour_error",
    "hce",
    "gaps",
    "presence_auroc",
)
"""Metrics of the first table; the others stand in the full one."""

GROUP_METRICS = ("iou", "mae", "boundary_iou", "s_measure", "weighted_f", "sad_unknown", "grad_unknown")
"""Metrics of the tables by set and slice."""


def headline(report: dict[str, Any]) -> list[str]:
    """The headline metrics that this report has, or all its metrics if it has none of them."""
    return [name for name in HEADLINE if name in report["metrics"]] or list(report["metrics"])


def title(report: dict[str, Any], metric: str) -> str:
    """A metric's title with an arrow towards better."""
    about = report["metrics"][metric]
    return f"{about['title']} {'↓' if about['better'] == 'lower' else '↑'}"


def number(value: float | None) -> str:
    """Four significant digits; a dash for nothing."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3f}" if abs(value) >= 0.01 else f"{value:.2g}"


def megabytes(size_bytes: int | None) -> str:
    """Size of the weights."""
    return "–" if size_bytes is None else f"{size_bytes / 1e6:.1f} MB"


def cell(report: dict[str, Any], model: str, group: str, metric: str) -> dict[str, Any] | None:
    """One score with its interval, or None."""
    return report["scores"].get(model, {}).get(group, {}).get(metric)


def best(report: dict[str, Any], group: str, metric: str) -> str | None:
    """The model with the best score of a group; None if there is no other to compare with, or none is alone best."""
    found = {model: cell(report, model, group, metric) for model in report["scores"]}
    values = {model: one["value"] for model, one in found.items() if one is not None}
    if len(values) < 2:
        return None
    top = (min if report["metrics"][metric]["better"] == "lower" else max)(values.values())
    winners = [model for model, value in values.items() if value == top]
    return winners[0] if len(winners) == 1 else None


def groups(report: dict[str, Any], kind: str) -> list[str]:
    """Groups of a kind, ``set`` or ``slice``, that any model has scores for, in the report's order."""
    found: dict[str, None] = {}
    for scores in report["scores"].values():
        found.update(dict.fromkeys(group for group in scores if group.startswith(f"{kind}:")))
    return list(found)


def main_group(metric: str) -> str:
    """The group that speaks for a model: the mean of sets, but all pictures for what needs both kinds of pictures."""
    return ALL if metric == "presence_auroc" else MEAN_OF_SETS
