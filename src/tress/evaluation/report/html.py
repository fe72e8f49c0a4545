"""The HTML report: one file, no script, no request to anywhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from tress.evaluation.report import svg
from tress.evaluation.report.gallery import Choice
from tress.evaluation.report.page import charts_row, figure, page, table
from tress.evaluation.report.tables import (
    GROUP_METRICS,
    best,
    cell,
    groups,
    headline,
    main_group,
    megabytes,
    number,
    title,
)

Panels = Callable[[str, Choice], list[tuple[str, str]]]
"""Captions and addresses of the panels of a model's picture."""


def html(report: dict[str, Any], chosen: dict[str, list[Choice]], panels: Panels) -> str:
    """The report as a page.

    Args:
        report: what ``summarise`` made.
        chosen: the pictures to show, by model.
        panels: called for each of them.
    """
    data = report["data"]
    parts = [
        f"<p>{data['scored']} of {data['pictures']} pictures in {len(data['sets'])} sets, scored at their own "
        f"resolution by tress {escape(report['tress'])}. Brackets hold {report['bootstrap']['interval']:.0%} bootstrap "
        "intervals; ↑ higher is better, ↓ lower is better; (band) is the unknown band of the true alpha. "
        "Edges that are not known exactly never enter the soft-edge metrics.</p>",
        _problems(report),
        "<h2>Scores</h2><p>Means of the sets' scores, so that every data set counts the same; presence AUROC over all "
        "pictures.</p>",
        _overview(report, headline(report)),
        _differences(report),
        "<h2>Score, time and size</h2>",
        _tradeoffs(report),
        "<h2>By slice</h2>",
        _by_group(report, "slice"),
        _slice_bars(report),
        "<h2>By data set</h2>",
        _by_group(report, "set"),
        "<h2>Calibration of the confidence</h2>",
        _calibration(report),
        "<h2>Pictures</h2>",
        _gallery(chosen, panels),
        "<h2>All metrics</h2><details><summary>Every metric of every model</summary>",
        _overview(report, list(report["metrics"])),
        "</details>",
    ]
    return page(f"Evaluation on {data['name']}", parts)


def _score(report: dict[str, Any], model: str, group: str, metric: str) -> str:
    found = cell(report, model, group, metric)
    if found is None:
        return "–"
    text = number(found["value"])
    if best(report, group, metric) == model:
        text = f"<b>{text}</b>"
    return f"{text} <small>[{number(found['low'])}, {number(found['high'])}]</small>"


def _overview(report: dict[str, Any], metrics: list[str]) -> str:
    head = ["model", *(escape(title(report, metric)) for metric in metrics), "s / picture", "size", "pictures"]
    rows = [
        [
            escape(model["name"]),
            *(_score(report, model["name"], main_group(metric), metric) for metric in metrics),
            number(model["seconds"]["median"]),
            megabytes(model["size_bytes"]),
            str(model["scored"]),
        ]
        for model in report["models"]
    ]
    return table(head, rows)


def _differences(report: dict[str, Any]) -> str:
    if len(report["models"]) < 2:
        return ""
    baseline = report["models"][0]["name"]
    metrics = headline(report)
    found = {(d["model"], d["group"], d["metric"]): d for d in report["differences"]}
    rows = []
    for model in report["models"][1:]:
        row = [escape(model["name"])]
        for metric in metrics:
            one = found.get((model["name"], main_group(metric), metric))
            if one is None:
                row.append("–")
                continue
            sign = "+" if one["value"] > 0 else ""
            row.append(
                f'<span class="{one["verdict"]}">{sign}{number(one["value"])} {one["verdict"]}</span> '
                f"<small>[{number(one['low'])}, {number(one['high'])}]</small>"
            )
        rows.append(row)
    head = ["model", *(escape(title(report, metric)) for metric in metrics)]
    return (
        f"<h2>Differences to {escape(baseline)}</h2><p>Paired, on the same pictures: a difference whose interval holds "
        f"zero is undecided.</p>{table(head, rows)}"
    )


def _by_group(report: dict[str, Any], kind: str) -> str:
    metrics = [metric for metric in GROUP_METRICS if metric in report["metrics"]]
    rows = []
    for group in groups(report, kind):
        for model in report["scores"]:
            found = report["scores"][model].get(group, {})
            if not found:
                continue
            name = group.split(":", 1)[1]
            about = report["slices"].get(name, "") if kind == "slice" else ""
            rows.append(
                [
                    f'<span title="{escape(about, quote=True)}">{escape(name)}</span>',
                    escape(model),
                    str(max(one["n"] for one in found.values())),
                    *(_score(report, model, group, metric) for metric in metrics),
                ]
            )
    return table([kind, "model", "n", *(escape(title(report, metric)) for metric in metrics)], rows)


def _slice_bars(report: dict[str, Any]) -> str:
    models = list(report["scores"])
    charts = []
    for metric in ("iou", "sad_unknown"):
        rows: dict[str, dict[str, svg.Bar]] = {}
        for group in groups(report, "slice"):
            for model in models:
                found = cell(report, model, group, metric)
                if found:
                    name = group.split(":", 1)[1]
                    rows.setdefault(name, {})[model] = svg.Bar(found["value"], found["low"], found["high"])
        if rows:
            charts.append(svg.bars(rows, models, x_title=title(report, metric)))
    return svg.legend(models) + charts_row(charts)


def _tradeoffs(report: dict[str, Any]) -> str:
    charts = []
    for metric in ("iou", "sad_unknown"):
        if metric not in report["metrics"]:
            continue
        by_time: dict[str, list[svg.Point]] = {}
        by_size: dict[str, list[svg.Point]] = {}
        for model in report["models"]:
            found = cell(report, model["name"], main_group(metric), metric)
            # Series keep their place, and with it their colour, even where a model has no point.
            times, sizes = by_time.setdefault(model["name"], []), by_size.setdefault(model["name"], [])
            if found is None:
                continue
            interval = {"low": found["low"], "high": found["high"]}
            if model["seconds"]["median"]:
                times.append(svg.Point(model["seconds"]["median"], found["value"], **interval))
            if model["size_bytes"]:
                sizes.append(svg.Point(model["size_bytes"] / 1e6, found["value"], **interval))
        axis = title(report, metric)
        charts.append(svg.scatter(by_time, x_title="seconds a picture (median)", y_title=axis, log_x=True))
        charts.append(svg.scatter(by_size, x_title="weights in MB", y_title=axis, log_x=True))
    return charts_row(charts) or "<p>No model has a time or a size.</p>"


def _calibration(report: dict[str, Any]) -> str:
    series = {
        model: [svg.Point(one["confidence"], one["iou"], f"({one['n']:g} pictures)") for one in points]
        for model, points in report["calibration"].items()
    }
    chart = svg.scatter(series, x_title="mean confidence", y_title="mean IoU", connect=True, diagonal=True)
    if not chart:
        return "<p>No model gives a confidence.</p>"
    note = "<p>Pictures sorted by confidence, in ten equal groups; on the dashed line the confidence is right.</p>"
    return note + svg.legend(list(series)) + charts_row([chart])


def _gallery(chosen: dict[str, list[Choice]], panels: Panels) -> str:
    parts = []
    for model, choices in chosen.items():
        figures = []
        for choice in choices:
            caption = f"<b>{choice.why}</b> {escape(choice.picture)}: {number(choice.value)}"
            figures.append(figure(caption, panels(model, choice)))
        parts.append(f"<h3>{escape(model)}</h3>{''.join(figures)}")
    if not parts:
        return "<p>Nothing was scored.</p>"
    note = "<p>With the picture's score; enlarged where most of the error lies; tinted pixels never count.</p>"
    return note + "".join(parts)


def _problems(report: dict[str, Any]) -> str:
    problems = report["problems"]
    failures = [problem for problem in problems if not problem["expected"]]
    if not problems:
        return "<p>Nothing was left out.</p>"
    rows = [
        [
            "left out by the protocol" if problem["expected"] else '<span class="worse">failed</span>',
            *(escape(problem[key]) for key in ("model", "picture", "code", "message")),
        ]
        for problem in sorted(problems, key=lambda problem: problem["expected"])
    ]
    opened = " open" if failures else ""
    return (
        f"<details{opened}><summary>{len(failures)} failed, {len(problems) - len(failures)} left out</summary>"
        f"{table(['', 'model', 'picture', 'code', 'what happened'], rows)}</details>"
    )
