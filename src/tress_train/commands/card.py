"""The model card: written from the records of the runs, so that it cannot say what did not happen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tress.errors import InputError
from tress.io.files import write_atomic
from tress_train.data.sources import registered_sources, source_of
from tress_train.run.records import hours_of, read_log, read_summary

# Columns and rows of the table of scores, and what a metric is called there.
METRICS = {"iou": "IoU", "mae": "MAE", "sad_unknown": "SAD in the band", "gaps": "gaps opened"}
WHOLE, SLICE = "mean of sets", "slice:"


def write_card(
    runs: Sequence[Path],
    out: Path,
    *,
    scores: Path | None = None,
    about: Path | None = None,
    notes: Path | None = None,
) -> Path:
    """Writes the card of the weights that the last of ``runs`` made: two pages.

    Args:
        runs: folders of the runs, first to last, each started from the one before.
        out: the Markdown file.
        scores: ``report.json`` of ``tress eval``, or the result of the quality benchmark; its first model counts.  None
            takes the last scores of the run and says so.
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
        *_runs(runs, records),
        *_data(records),
        *_scores(records[-1], scores),
    ]
    if notes is not None:
        lines += ["## Known failures", "", notes.read_text(encoding="utf-8").strip(), ""]
    write_atomic(out, "\n".join(lines).encode(), overwrite=True)
    return out


def _runs(runs: Sequence[Path], records: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["## Runs", "", "| run | recipe | code | steps | hours | gates |", "|---|---|---|---|---|---|"]
    decided = []
    for run, record in zip(runs, records, strict=True):
        name, recipe = run.resolve().name, record["recipe"]["name"]
        gates = [gate for stage in record.get("stages_done", []) for gate in stage["gates"]]
        missed = [gate for gate in gates if not gate.endswith(": passed")]
        passed = f"{len(gates) - len(missed)} of {len(gates)} passed" if gates else "none asked"
        lines.append(
            f"| {name} | {recipe} `{record['recipe_hash'][:12]}` | `{record['commit'][:12] or '?'}` | "
            f"{record.get('steps', 0)} | {hours_of(read_log(run)):.1f} | {'; '.join([passed, *missed])} |"
        )
        decided += [f"- {name}, {d['stage']}: {d['what']}: {d['reason']}" for d in record.get("decisions", [])]
    versions = ", ".join(f"{name} {version}" for name, version in records[-1]["versions"].items())
    lines += ["", f"Versions: {versions}."]
    return [*lines, *(["", "Decided by people:", "", *decided] if decided else []), ""]


def _data(records: Sequence[dict[str, Any]]) -> list[str]:
    """The data sets by their licences; origins are in the sources' files."""
    registered = registered_sources()
    used: dict[str, set[str]] = {}
    for record in records:
        for name in record["used_sets"]:
            used.setdefault(name, set()).add(record["data"][name])
    by_licence: dict[str, list[str]] = {}
    changed = []
    for name, digests in sorted(used.items()):
        source = source_of(name, registered)
        licence = "not registered, licence unknown" if source is None else source.licence
        by_licence.setdefault(licence, []).append(name)
        # What was gathered or cut out differs in its bytes from machine to machine.
        if source is not None and source.gathering is None and name in registered:
            others = sorted(digests - {source.fingerprints.get("train", "")})
            changed += [f"{name} `{digest[:12]}`" for digest in others]
    lines = [
        "## Data",
        "",
        "By licence as stated. `NAME-cutouts` are subjects cut out of NAME, `NAME-parts` parts without a subject.",
        "`src/tress_train/data/sources` names every origin, [data sets](datasets.md) the repositories; the records",
        "have a checksum of every set.",
        "",
        *(f"- {licence}: {', '.join(names)}" for licence, names in sorted(by_licence.items())),
    ]
    return [*lines, *(["", f"Other files than registered: {', '.join(changed)}."] if changed else []), ""]


def _scores(record: dict[str, Any], path: Path | None) -> list[str]:
    if path is None:
        scores, said = record.get("val", {}), "Quick scores of the run itself, at the resolution of its last stage."
    else:
        scores, said = _release_scores(path), "Scores of `tress eval`."
    if not scores:
        return ["## Scores", "", "There are none.", ""]
    metrics = list(dict.fromkeys(metric for row in scores.values() for metric in row))
    lines = ["## Scores", "", said, "", f"| slice | {' | '.join(metrics)} |", "|---" * (len(metrics) + 1) + "|"]
    for name, row in scores.items():
        cells = [f"{row[metric]:g}" if metric in row else "" for metric in metrics]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def _release_scores(path: Path) -> dict[str, dict[str, float]]:
    """``slice -> metric -> value`` of the first model of a report."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        groups = report["scores"][report["models"][0]["name"]]
        return {
            group.removeprefix(SLICE): {
                METRICS[metric]: round(found["value"], 3) for metric, found in row.items() if metric in METRICS
            }
            for group, row in groups.items()
            if group == WHOLE or group.startswith(SLICE)
        }
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            "scores_unreadable", f"{path} is no report of `tress eval`: {error!r}", hint="give its report.json"
        ) from error
