"""The Markdown table, for a README."""

from __future__ import annotations

from typing import Any

from tress.evaluation.report.tables import best, cell, headline, main_group, megabytes, number, title


def markdown(report: dict[str, Any]) -> str:
    """A table of all models by the headline metrics, with what is needed to read it below."""
    metrics = headline(report)
    head = ["model", *(title(report, metric) for metric in metrics), "s / picture", "size"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for model in report["models"]:
        row = [model["name"]]
        for metric in metrics:
            group = main_group(metric)
            found = cell(report, model["name"], group, metric)
            text = number(found["value"] if found else None)
            row.append(f"**{text}**" if best(report, group, metric) == model["name"] else text)
        row += [number(model["seconds"]["median"]), megabytes(model["size_bytes"])]
        lines.append("| " + " | ".join(row) + " |")
    data, bootstrap = report["data"], report["bootstrap"]
    lines += [
        "",
        f"{data['scored']} of {data['pictures']} pictures of `{data['name']}` in {len(data['sets'])} sets, scored at "
        f"their own resolution; means of the sets' scores. (band): inside the unknown band. Best value in bold; "
        f"`report.json` has {bootstrap['interval']:.0%} intervals and paired differences.",
        "",
    ]
    return "\n".join(lines)
