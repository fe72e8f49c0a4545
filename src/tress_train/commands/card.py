"""The model card: written from the records of the runs, so that it cannot say what did not happen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tress.errors import InputError
from tress.io.files import write_atomic
from tress_train.data.sources import describe, registered_sources, source_of
from tress_train.run.records import hours_of, read_log, read_summary


def write_card(
    runs: Sequence[Path],
    out: Path,
    *,
    scores: Path | None = None,
    about: Path | None = None,
    notes: Path | None = None,
) -> Path:
    """Writes the card of the weights that the last of ``runs`` made.

    Args:
        runs: folders of the runs, first to last, each started from the one before.
        out: the Markdown file.
        scores: JSON ``{slice: {metric: value}}`` of release scores; None takes the last scores of the run and says so.
        about: Markdown that says what the networks are for, put first.
        notes: Markdown with known failures, put last.

    Raises:
        InputError: a folder holds no record, or ``scores`` cannot be read.
    """
    records = [read_summary(run) for run in runs]
    lines = [
        "# Model card",
        "",
        "Written by `tress-train card` from the records of the training runs.",
        "",
        *([about.read_text(encoding="utf-8").strip(), ""] if about is not None else []),
        "## Runs",
        "",
        "| run | recipe | recipe hash | code | steps | hours | processes |",
        "|---|---|---|---|---|---|---|",
    ]
    for run, record in zip(runs, records, strict=True):
        name, digest, commit = record["recipe"]["name"], record["recipe_hash"][:12], record["commit"][:12] or "?"
        hours = hours_of(read_log(run))
        lines.append(
            f"| {run.resolve().name} | {name} | `{digest}` | `{commit}` | {record.get('steps', 0)} | {hours:.1f} | "
            f"{record['processes']} |"
        )
    last = records[-1]
    versions = ", ".join(f"{name} {version}" for name, version in last["versions"].items())
    lines += ["", f"Versions: {versions}.", "", *_decisions(records), *_data(records), *_scores(last, scores)]
    if notes is not None:
        lines += ["## Known failures", "", notes.read_text(encoding="utf-8").strip(), ""]
    write_atomic(out, "\n".join(lines).encode(), overwrite=True)
    return out


def _decisions(records: Sequence[dict[str, Any]]) -> list[str]:
    found = [decision for record in records for decision in record.get("decisions", [])]
    lines = ["## Gates", ""]
    for record in records:
        for stage in record.get("stages_done", []):
            if stage["gates"]:
                lines.append(f"- {record['recipe']['name']}, {stage['stage']}: {'; '.join(stage['gates'])}")
    if found:
        lines += ["", "Decided by people:", ""]
        lines += [f"- stage {d['stage']}: {d['what']}: {d['reason']} {'; '.join(d['gates'])}".rstrip() for d in found]
    return [*lines, "" if len(lines) > 2 else "No stage had a gate.", ""]


def _data(records: Sequence[dict[str, Any]]) -> list[str]:
    registered = registered_sources()
    used: dict[str, list[str]] = {}
    for record in records:
        for name in record["used_sets"]:
            used.setdefault(name, []).append(record["data"][name])
    lines = ["## Data", "", "| set | what | origin | licence as stated | files |", "|---|---|---|---|---|"]
    for name, digests in sorted(used.items()):
        source = source_of(name, registered)
        # Runs may have had different files of a set: all are named, once.
        files = {digest: f"`{digest[:12]}`" for digest in digests}
        if source is None:
            lines.append(f"| {name} | not registered | ? | ? | {', '.join(files.values())} |")
        else:
            as_registered = ["as registered"] if files.pop(source.fingerprints.get("train", ""), None) else []
            other = "changed, " if name in registered else ""
            state = "; ".join(as_registered + [f"{other}{digest}" for digest in files.values()])
            lines.append(f"| {name} | {describe(name, registered)} | {source.origin} | {source.licence} | {state} |")
    return [*lines, ""]


def _scores(record: dict[str, Any], path: Path | None) -> list[str]:
    if path is None:
        scores, said = record.get("val", {}), "Quick scores of the run itself, at the resolution of its last stage."
    else:
        try:
            scores, said = json.loads(path.read_text(encoding="utf-8")), "Scores of `tress eval`."
        except (OSError, ValueError) as error:
            raise InputError("scores_unreadable", f"cannot read {path}: {error}") from error
    if not scores:
        return ["## Scores", "", "There are none.", ""]
    metrics = list(dict.fromkeys(metric for row in scores.values() for metric in row))
    lines = ["## Scores", "", said, "", f"| slice | {' | '.join(metrics)} |", "|---" * (len(metrics) + 1) + "|"]
    for name, row in scores.items():
        cells = [f"{row[metric]:g}" if metric in row else "" for metric in metrics]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]
