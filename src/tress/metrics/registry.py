"""Finds every metric of this folder."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

import tress.metrics
from tress.errors import InputError
from tress.metrics.base import Metric


@lru_cache(maxsize=1)
def all_metrics() -> dict[str, Metric]:
    """Every metric by its name.

    Raises:
        RuntimeError: two files define a metric of the same name.
    """
    found: list[tuple[str, Metric]] = []
    for module in pkgutil.iter_modules(tress.metrics.__path__):
        metrics = getattr(import_module(f"{tress.metrics.__name__}.{module.name}"), "METRICS", ())
        found += [(module.name, metric) for metric in metrics]
    return unique(found)


def unique(found: list[tuple[str, Metric]]) -> dict[str, Metric]:
    """``(file, metric)`` pairs as a dictionary by name; RuntimeError on a name that two of them claim."""
    metrics: dict[str, Metric] = {}
    home: dict[str, str] = {}
    for file, metric in found:
        if metric.name in metrics:
            raise RuntimeError(f"{file} and {home[metric.name]} both define the metric {metric.name!r}")
        metrics[metric.name], home[metric.name] = metric, file
    return metrics


def select(names: list[str] | None) -> dict[str, Metric]:
    """The named metrics, or all of them.

    Raises:
        InputError: there is no metric of that name.
    """
    metrics = all_metrics()
    if not names:
        return metrics
    for name in names:
        if name not in metrics:
            raise InputError(
                "metric_unknown", f"there is no metric {name!r}", hint=f"choose from {', '.join(sorted(metrics))}"
            )
    return {name: metrics[name] for name in names}
