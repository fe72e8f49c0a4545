"""Writes the report's files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tress.evaluation.data import DataSet, read_truth
from tress.evaluation.predictors import Prediction
from tress.evaluation.report.gallery import Choice, choose, panels
from tress.evaluation.report.html import html
from tress.evaluation.report.markdown import markdown
from tress.io.files import write_atomic

_GALLERY_METRICS = ("iou", "mae")


def write_report(
    report: dict[str, Any], data: DataSet, prediction_of: Callable[[str, str], Prediction | None], out: Path
) -> list[Path]:
    """Writes ``report.html``, ``report.json`` and ``report.md``, replacing those of an earlier evaluation.

    Args:
        report: what ``summarise`` made.
        data: where the pictures are.
        prediction_of: gives a model's prediction for a scored picture.
        out: the folder.

    Raises:
        InputError: a file cannot be written.
    """
    records = dict(zip(data.names, data.records, strict=True))
    metric = next((name for name in _GALLERY_METRICS if name in report["metrics"]), None)
    scored = {model: choose(report, model, metric) for model in report["scores"]} if metric else {}

    def views(model: str, choice: Choice) -> list[tuple[str, str]]:
        prediction = prediction_of(model, choice.picture)
        return panels(read_truth(records[choice.picture]), prediction) if prediction is not None else []

    contents = {
        "report.html": html(report, {model: choices for model, choices in scored.items() if choices}, views),
        "report.md": markdown(report),
        "report.json": json.dumps(report, indent=1, ensure_ascii=False) + "\n",
    }
    for name, content in contents.items():
        write_atomic(out / name, content.encode("utf-8"), overwrite=True)
    return [out / name for name in contents]
