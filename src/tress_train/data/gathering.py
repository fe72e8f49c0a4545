"""Everything a run reads before its first step, so that whatever is wrong with the data shows before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.difficulty import Difficulty
from tress_train.curriculum import OTHERS, shares
from tress_train.data.collection import file_hash, fingerprints, held_back, read_collection
from tress_train.data.difficulty import measure_all
from tress_train.data.library import Library, load_library
from tress_train.data.sources import registered_sources
from tress_train.gates import read_gates, source_keys
from tress_train.recipes.base import Recipe

OWN = "own"
# Views zoom in, so pictures are kept a little larger than the samples.
_SPARE = 1.25


@dataclass(frozen=True)
class RunData:
    """What a run works with.

    Attributes:
        library: the decoded training pictures.
        difficulty: of the training photos, by key; empty if no stage has limits.
        subsets: keys of the frozen pictures of every gate of the recipe.
        train, val: all pictures of the data by key, also those that are not trained on.
        fingerprints: SHA-256 by data set.
        used_sets: the data sets that are trained on.
    """

    library: Library
    difficulty: dict[str, Difficulty]
    subsets: dict[str, list[str]]
    train: dict[str, Record]
    val: dict[str, Record]
    fingerprints: dict[str, str]
    used_sets: list[str]


def gather(recipe: Recipe, folders: Sequence[Path], cache: Path) -> RunData:
    """Reads, judges and decodes the data of a run.

    Args:
        recipe: says which data sets are drawn and what is held back.
        folders: see ``read_collection``.
        cache: where measured difficulties are remembered.

    Raises:
        InputError: data is missing or damaged (all of it is listed), or a gate looks at pictures that are not there.
    """
    collection = read_collection(folders)
    frozen = read_gates()
    own = [
        key
        for key, record in collection.train.items()
        if recipe.own_held_back and record.edge not in ("background", "empty") and held_back(key, recipe.own_held_back)
    ]
    subsets = {**frozen, OWN: own}
    wanted = {gate.subset for stage in recipe.stages for gate in stage.gates}
    for name in wanted:
        if not subsets.get(name):
            raise InputError(
                "gate_subset_empty",
                f"recipe {recipe.name} has a gate on the subset {name!r}, which has no pictures",
                hint="the subset 'own' needs own_held_back above zero and enough pictures",
            )
    out = set(own) | (source_keys(frozen) if recipe.keep_gate_pictures_out else set())
    mixes = [mix for index in range(len(recipe.stages)) for mix, _ in shares(recipe.stages, index)]
    sets = {name for mix in mixes for name in mix.sets}
    used = {
        key: record
        for key, record in collection.train.items()
        if key not in out and (record.alpha is None or record.set in sets or OTHERS in sets)
    }
    if not used:
        raise InputError("no_samples", "the data holds no picture that this recipe could train on")
    used_sets = sorted({record.set for record in used.values()})
    registered = registered_sources()
    for name in used_sets:
        if name in registered and registered[name].measuring_only:
            raise InputError(
                "measuring_only",
                f"the data set {name} must not be trained on: {registered[name].licence}",
                hint="remove it from the training manifest",
            )
    hashes = {key: file_hash(record) for key, record in collection.train.items()}
    limited = any(mix.limits is not None for mix in mixes)
    return RunData(
        library=load_library(used, round(_SPARE * max(stage.long_side_px for stage in recipe.stages))),
        difficulty=measure_all(used, cache) if limited else {},
        subsets={name: subsets[name] for name in sorted(wanted)},
        train=collection.train,
        val=collection.val,
        fingerprints=fingerprints(hashes, collection.train),
        used_sets=used_sets,
    )
