"""Fine-tuning in one go: the best weights for pictures of one's own that still know what they knew.

The released weights are trained on a user's pictures mixed with replay pictures that travel in the package.  The
training ends when the held-back pictures no longer gain.  The weights it ends with are then mixed with the released
ones: of all to a quarter of the way, the furthest is taken at which the general set has not lost (Wortsman et al. 2022,
"Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tress.errors import InputError, TressError
from tress_train.data.collection import Collection, read_collection
from tress_train.data.gates import Target, read_targets
from tress_train.data.gathering import OWN, own_held_back
from tress_train.models.locator import Locator, looks_twice
from tress_train.models.weights import load, load_weights, mixed
from tress_train.recipes.base import Recipe
from tress_train.recipes.stages import Gate
from tress_train.run import checkpoint
from tress_train.run.loop import train
from tress_train.run.records import read_log
from tress_train.run.running import Run
from tress_train.scoring.before_after import Change
from tress_train.scoring.quick_eval import quick_eval
from tress_train.tasks.locator import LocatorPredictor

REPLAY = Path(__file__).parents[1] / "data/replay_pictures"
GENERAL = "general set"
BEST, TUNED = "best.pt", "tuned.pt"
# What the general set may lose: its 20 pictures are not known better than this.
IOU_TOLERANCE, MAE_TOLERANCE = 0.01, 0.005
SHARES = (1.0, 0.75, 0.5, 0.25)
PATIENCE = 3


class GeneralLossError(TressError):
    """The fine-tuned network no longer knows what the released one knew."""


@dataclass(frozen=True)
class Tuned:
    """What came of a fine-tuning.

    Attributes:
        weights: the file of the weights to export.
        share: how far they lie on the way from the released weights to those the training ended with.
        changes: scores of the held-back pictures (``own``) and of the general set, before and after.
        lost: whether the general set got worse, even at the least share.
        before, after: the networks.
        collection: the pictures.
    """

    weights: Path
    share: float
    changes: dict[str, Change]
    lost: bool
    before: LocatorPredictor
    after: LocatorPredictor
    collection: Collection

    def targets(self, group: str, keys: Sequence[str]) -> Iterable[Target]:
        """Reads pictures of ``own`` or of the general set."""
        return read_targets(keys, self.collection.val if group == GENERAL else self.collection.train)


def released_weights() -> Path:
    """The newest released locator weights, in a clone of the repository or in the working folder.

    Raises:
        InputError: there are none.
    """
    for folder in (Path(__file__).parents[3] / "weights", Path("weights")):
        found = sorted(folder.glob("tress-locator-*.pt"), key=lambda path: _version(path.stem))
        if found:
            return found[-1]
    raise InputError(
        "weights_missing",
        "the released weights are not here",
        hint="name them with --init: weights/tress-locator-VERSION.pt of the repository",
    )


def tuning_recipe(recipe: Recipe, steps: int) -> Recipe:
    """``recipe`` for ``steps`` steps, with no gate that could stop it and no validation pictures on the way.

    Whether the result is good enough is for the comparison before and after to say.
    """
    stages = [replace(stage, steps=steps or stage.steps, gates=(Gate("iou", OWN, 0.0),)) for stage in recipe.stages]
    return replace(recipe, stages=tuple(stages), val_stride=0)


def tune(recipe: Recipe, folder: Path, out: Path, init: Path) -> Tuned:
    """Trains, and chooses the weights; a stopped one goes on.

    Args:
        recipe: see ``tuning_recipe``.
        folder: the user's pictures, with a manifest.
        out: the run's folder.
        init: the weights to start from.

    Raises:
        InputError: as ``train``; ``pictures_too_few`` if none can be held back; ``weights_one_look`` if the weights
            have not learned the second look that the recipe trains.
    """
    collection = read_collection([folder, REPLAY])
    own = own_held_back(collection, recipe.own_held_back)
    if not own:
        raise InputError(
            "pictures_too_few",
            f"{folder} has too few pictures: one is trained on and one is held back",
            hint="twenty pictures are a start, two hundred are good",
        )
    before = _predictor(recipe, init)
    if recipe.stages[-1].window_px and not looks_twice(before.model):
        raise InputError(
            "weights_one_look",
            f"{init} has never learned to look twice, as these pictures would be trained on",
            hint="start from the released weights of 0.3 or later; or train one look alone: "
            "--set stages.own.window_px=0 --set stages.own.long_side_px=512",
        )
    groups = {OWN: (own, collection.train), GENERAL: (sorted(collection.val), collection.val)}
    rows_before = {name: quick_eval(before, read_targets(*group)) for name, group in groups.items()}

    def changes(after: LocatorPredictor, name: str) -> Change:
        return Change(rows_before[name], quick_eval(after, read_targets(*groups[name])))

    train(recipe, [folder, REPLAY], out, init=init, watch=EarlyStop())
    best = out / BEST if (out / BEST).exists() else out / "ema.pt"
    for share in SHARES:
        checkpoint.save(out / TUNED, mixed(before.model.state_dict(), load(best), share))
        after = _predictor(recipe, out / TUNED)
        general = changes(after, GENERAL)
        lost = general.lost(IOU_TOLERANCE, MAE_TOLERANCE)
        if not lost:
            break
    return Tuned(out / TUNED, share, {OWN: changes(after, OWN), GENERAL: general}, lost, before, after, collection)


class EarlyStop:
    """Ends the stage when the held-back pictures have not gained for ``PATIENCE`` evaluations; keeps the best weights.

    It looks into the run's log, so a run that was stopped and goes on knows what was before.
    """

    def __call__(self, run: Run) -> bool:
        """Whether there has been enough."""
        errors: dict[int, float] = {
            row["total"]: row["subsets"][OWN]["mae"] for row in read_log(run.out) if row["event"] == "evaluate"
        }
        found = [errors[total] for total in sorted(errors) if total <= run.progress.total]
        best = found.index(min(found))
        if best == len(found) - 1:
            checkpoint.save(run.out / BEST, run.averaged.model.state_dict())
        return len(found) - 1 - best >= PATIENCE


def _predictor(recipe: Recipe, weights: Path) -> LocatorPredictor:
    model = Locator(recipe.variant)
    load_weights(model, weights)
    stage = recipe.stages[-1]
    return LocatorPredictor(model.eval(), max(stage.seen_px), recipe.precision, stage.second_look_px)


def _version(stem: str) -> list[Any]:
    return [int(part) if part.isdecimal() else -1 for part in stem.rsplit("-", 1)[-1].split(".")]
