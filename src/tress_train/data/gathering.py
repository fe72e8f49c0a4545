"""Everything a run reads before its first step, so that whatever is wrong with the data shows before any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.difficulty import Difficulty
from tress_train.data.collection import (
    Collection,
    by_hash,
    file_hash,
    fingerprints,
    held_back,
    hold_back,
    read_collection,
)
from tress_train.data.difficulty import measure_all
from tress_train.data.gates import (
    BACKGROUND_SHARE,
    MOST,
    check_present,
    found_in,
    on_ground,
    read_gates,
    source_keys,
)
from tress_train.data.library import Library, load_library
from tress_train.data.overlap import SAME_PHOTO
from tress_train.data.source import Free
from tress_train.data.sources import allows, registered_sources, source_of
from tress_train.recipes.base import BaseRecipe, Recipe, RefinerRecipe
from tress_train.recipes.refiner_stages import CANVAS_PX, ZOOM_MAX
from tress_train.recipes.stages import OTHERS, shares
from tress_train.storage.places import Place

OWN, HAIR = "own", "hair"
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
        overlapping: keys of training pictures that are left out because a validation picture shows the same photo.
        folder: where the run keeps what it can make again.
        free: which data sets the run is limited to, if it is.
        not_free: the data sets that are left out because of that.
    """

    library: Library
    difficulty: dict[str, Difficulty]
    subsets: dict[str, list[str]]
    train: dict[str, Record]
    val: dict[str, Record]
    fingerprints: dict[str, str]
    used_sets: list[str]
    overlapping: list[str]
    folder: Path
    free: Free | None = None
    not_free: list[str] = field(default_factory=list)

    @property
    def dropped(self) -> list[str]:
        """Keys of the pictures that are not trained on although the recipe would."""
        return [*self.library.dropped, *self.overlapping]


@dataclass(frozen=True)
class _Choice:
    """Which pictures are trained on, which gates may look at (by subset), and how the former are read."""

    used: dict[str, Record]
    subsets: dict[str, list[str]]
    max_side_px: int
    needs_difficulty: bool = False
    in_memory: bool = True


def gather(recipe: BaseRecipe, folders: Sequence[Place], cache: Path, free: Free | None = None) -> RunData:
    """Reads, judges and decodes the data of a run.

    Args:
        recipe: says which data sets are drawn and what is held back.
        folders: see ``read_collection``.
        cache: where measured difficulties are remembered.
        free: ``open`` trains only on data sets that are registered as that; gates may look at others.

    Raises:
        InputError: data is missing or damaged (all of it is listed), or a gate looks at pictures that are not there.
    """
    collection = read_collection(folders)
    if isinstance(recipe, RefinerRecipe):
        choice = _choose_for_refiner(recipe, collection.train, recipe.own_held_back)
    else:
        assert isinstance(recipe, Recipe)
        choice = _choose_for_locator(recipe, collection)
    wanted = {gate.subset for stage in recipe.stages for gate in stage.gates}
    for name in wanted:
        if not choice.subsets.get(name):
            raise InputError(
                "gate_subset_empty",
                f"recipe {recipe.name} has a gate on the subset {name!r}, which has no pictures",
                hint="the subset 'own' needs own_held_back above zero and at least two pictures",
            )
    overlapping = sorted(choice.used.keys() & SAME_PHOTO.keys())
    registered = registered_sources()
    sets = {record.set for record in choice.used.values()}
    not_free = sorted(name for name in sets if not allows(free, source_of(name, registered)))
    used = {k: r for k, r in choice.used.items() if k not in SAME_PHOTO and r.set not in not_free}
    choice = replace(choice, used=used)
    if not choice.used:
        limit = f"; not {free} are {', '.join(not_free)}" if not_free else ""
        raise InputError("no_samples", f"the data holds no picture that this recipe could train on{limit}")
    used_sets = sorted({record.set for record in choice.used.values()})
    for name in used_sets:
        source = source_of(name, registered)
        if source is not None and source.measuring_only:
            raise InputError(
                "measuring_only",
                f"the data set {name} must not be trained on: {source.licence}",
                hint="remove it from the training manifest",
            )
    subsets = {name: choice.subsets[name] for name in sorted(wanted)}
    looked_at = _looked_at(recipe, subsets, collection)
    hashes = {key: file_hash(record) for key, record in collection.train.items()}
    return RunData(
        library=replace(
            load_library(choice.used, choice.max_side_px, looked_at, in_memory=choice.in_memory),
            later=collection.later_sets,
        ),
        difficulty=measure_all(choice.used, cache) if choice.needs_difficulty else {},
        subsets=subsets,
        train=collection.train,
        val=collection.val,
        fingerprints=fingerprints(hashes, collection.train),
        used_sets=used_sets,
        overlapping=overlapping,
        folder=cache.parent,
        free=free,
        not_free=not_free,
    )


def _looked_at(recipe: BaseRecipe, subsets: Mapping[str, Sequence[str]], collection: Collection) -> list[Record]:
    """The pictures that the run only scores: those of its gates, and validation pictures."""
    for keys in subsets.values():
        check_present(keys, collection.train)
    scored = [collection.train[key] for key in sorted(source_keys(subsets))]
    return scored + [collection.val[key] for key in val_keys(recipe, collection.val)]


def val_keys(recipe: BaseRecipe, val: Mapping[str, Record]) -> list[str]:
    """Keys of the validation pictures that an evaluation looks at; a refiner's looks at none."""
    stride = recipe.val_stride if isinstance(recipe, Recipe) else 0
    return sorted(val)[::stride] if stride else []


def own_held_back(collection: Collection, share: float) -> list[str]:
    """Keys of the subset ``own`` of a locator's run: pictures with a subject, of the first folder.

    Later folders are there to keep what a network knows; ``own`` shall score what it is trained for.
    """
    train = collection.train
    first = [key for key in train if key in collection.first and train[key].edge not in ("background", "empty")]
    return hold_back(first, share)


def _choose_for_locator(recipe: Recipe, collection: Collection) -> _Choice:
    """The photos of the mixes, all cut-outs and backgrounds; gates look at frozen pictures or held-back ones."""
    frozen, train = found_in(read_gates(), collection.train), collection.train
    own = own_held_back(collection, recipe.own_held_back)
    out = set(own) | (source_keys(frozen) if recipe.keep_gate_pictures_out else set())
    mixes = [mix for index in range(len(recipe.stages)) for mix, _ in shares(recipe.stages, index)]
    sets = {name for mix in mixes for name in mix.sets}
    used = {
        key: record
        for key, record in train.items()
        if key not in out and (record.alpha is None or record.set in sets or OTHERS in sets)
    }
    return _Choice(
        used,
        {**frozen, OWN: own},
        recipe.keep_px or round(_SPARE * max(max(stage.sides_px) for stage in recipe.stages)),
        any(mix.limits is not None for mix in mixes),
        recipe.in_memory,
    )


def _choose_for_refiner(recipe: BaseRecipe, train: Mapping[str, Record], share: float) -> _Choice:
    """Cut-outs and backgrounds, of which ``share`` is held back; gates look at composites of the latter."""
    cutouts = hold_back((key for key in train if train[key].edge == "rgba"), share)
    grounds = sorted(key for key in train if train[key].alpha is None and train[key].edge != "rgba")
    grounds = [key for key in grounds if share and held_back(key, BACKGROUND_SHARE)]
    out = {*cutouts, *grounds} | (
        source_keys(found_in(read_gates(), train)) if recipe.keep_gate_pictures_out else set()
    )
    composites = {
        OWN: [on_ground(key, grounds) for key in by_hash(cutouts)[:MOST]],
        HAIR: [on_ground(key, grounds) for key in by_hash(cutouts) if train[key].kind == "hair"][:MOST],
    }
    used = {key: record for key, record in train.items() if key not in out and record.alpha is None}
    return _Choice(used, composites, round(CANVAS_PX * ZOOM_MAX))
