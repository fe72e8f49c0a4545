"""Which data is missing: how a network does on held-back pictures of every kind and difficulty, and how many it had.

Errors fall with the number of pictures as a power, ``error ~ n ** -b`` (Hestness et al. 2017, "Deep learning scaling is
predictable, empirically").  Where runs on different numbers of pictures exist, ``b`` is fitted to them; else it is
assumed.  For each group it follows by how much the error over all pictures would fall with ``MORE`` more of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.evaluation.statistics import Estimated
from tress.process.difficulty import Difficulty
from tress_train.data.collection import Collection, hold_back
from tress_train.data.difficulty import measure_all
from tress_train.data.gates import found_in, read_gates, read_targets, source_keys
from tress_train.recipes.stages import LADDER
from tress_train.run.comparing import interval
from tress_train.run.records import read_log, read_summary
from tress_train.scoring.quick_eval import Predict, Row, quick_eval

MORE = 100
ASSUMED_POWER = 0.3
NO_ALPHA = ("background", "empty", "rgba")


@dataclass(frozen=True)
class Need:
    """One kind or difficulty of pictures.

    Attributes:
        name: as in ``kind people`` or ``difficulty groups``.
        trained: pictures that are trained on.
        iou, mae: of the held-back ones; None if there are none.
        gain: by how much the mean error over all held-back pictures would fall with ``MORE`` more pictures.
    """

    name: str
    trained: int
    iou: Estimated | None
    mae: Estimated | None
    gain: float


@dataclass(frozen=True)
class Curve:
    """How the error fell with the number of pictures; ``power`` is assumed where there are no ``points``."""

    power: float
    points: Sequence[tuple[int, float]] = ()


def held_back_photos(collection: Collection, share: float) -> list[str]:
    """Keys of photos that a run has not trained on: held back as ``own``, or pictures of the gates."""
    photos = [key for key, record in collection.train.items() if record.edge not in NO_ALPHA]
    first = [key for key in photos if key in collection.first]
    out = {*hold_back(first, share), *source_keys(found_in(read_gates(), collection.train))}
    return [key for key in photos if key in out]


def needs(predict: Predict, collection: Collection, share: float, cache: Path, curve: Curve) -> list[Need]:
    """What every kind and difficulty lacks, the most useful first.

    Args:
        predict: the network.
        collection: the data of the run.
        share: ``own_held_back`` of its recipe.
        cache: where measured difficulties are remembered.
        curve: see ``learning_curve``.

    Raises:
        InputError: no picture is held back, or one is damaged.
    """
    held = held_back_photos(collection, share)
    if not held:
        raise InputError(
            "nothing_held_back",
            "the run has held back no photos of this data, so nothing can be said about it",
            hint="train with --set own_held_back=0.15, or give the data that the gates were made from",
        )
    records = {key: record for key, record in collection.train.items() if record.edge not in NO_ALPHA}
    measured = measure_all(records, cache)
    rows = {row.key: row for row in quick_eval(predict, read_targets(held, collection.train))}
    found = [_need(name, keys, rows, curve.power) for name, keys in _groups(records, measured).items()]
    return sorted(found, key=lambda need: -need.gain)


def learning_curve(runs: Sequence[Path]) -> Curve:
    """Fits the power to the last scores of runs that differ in how many photos they drew from.

    Raises:
        InputError: a folder holds no record of a run, or the runs do not tell enough.
    """
    points = []
    for run in runs:
        record, log = read_summary(run), read_log(run)
        pools: Mapping[str, int] = next((row["pools"] for row in reversed(log) if row["event"] == "stage"), {})
        scores = record.get("subsets", {}).get("own") or record.get("val", {}).get("mean") or {}
        if pools and scores.get("mae"):
            points.append((sum(pools.values()), float(scores["mae"])))
    if not runs:
        return Curve(ASSUMED_POWER)
    if len({count for count, _ in points}) < 2:
        raise InputError(
            "curve_too_short",
            "a learning curve needs runs on at least two different numbers of photos, each with scores",
            hint="train on shares of the data: --data HALF, --data QUARTER, with the same settings",
        )
    counts, errors = np.log(np.array(sorted(points))).T
    power = -float(np.polyfit(counts, errors, 1)[0])
    return Curve(max(0.0, power), sorted(points))


def _groups(records: Mapping[str, Record], measured: Mapping[str, Difficulty]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key, record in records.items():
        rung = next((name for name, limits in LADDER if limits.admits(measured[key])), LADDER[-1][0])
        groups.setdefault(f"kind {record.kind}", []).append(key)
        groups.setdefault(f"difficulty {rung}", []).append(key)
    return groups


def _need(name: str, keys: Sequence[str], rows: Mapping[str, Row], power: float) -> Need:
    held = [rows[key] for key in keys if key in rows]
    trained = len(keys) - len(held)
    if not held:
        return Need(name, trained, None, None, 0.0)
    mae = interval([row.mae for row in held])
    falls = 1 - ((max(1, trained) + MORE) / max(1, trained)) ** -power
    return Need(name, trained, interval([row.iou for row in held]), mae, mae.value * falls * len(held) / len(rows))
