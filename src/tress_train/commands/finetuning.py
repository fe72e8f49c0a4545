"""The command ``tress-train finetune``: from a folder of one's own pictures to a network for ``tress --model``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tress.errors import InputError
from tress.io.files import target_exists, write_atomic
from tress_train.commands.needed import need_training_packages
from tress_train.commands.overrides import apply
from tress_train.data.collection import MANIFEST
from tress_train.recipes import load_recipe
from tress_train.recipes.base import Recipe, smoke

if TYPE_CHECKING:
    from tress_train.run.finetuning import Tuned

RECIPE = "finetune"
STEPS = 240
EVALUATE_EVERY = 40


def finetune(
    data: Annotated[Path, typer.Option(help="Your pictures: photos with NAME.alpha.png beside them, or cut-outs.")],
    out: Annotated[Path, typer.Option(help="The ONNX file to write, for `tress --model`.")],
    run: Annotated[
        Path | None, typer.Option(help="Folder for the training and its page; beside the ONNX file if not given.")
    ] = None,
    init: Annotated[Path | None, typer.Option(help="Weights to start from; the released ones if not given.")] = None,
    steps: Annotated[
        int, typer.Option(min=1, help="At most so many steps; it ends earlier if nothing is gained.")
    ] = STEPS,
    leave_out_bad: Annotated[bool, typer.Option(help="Train without the pictures that are wrong.")] = False,
    accept_loss: Annotated[bool, typer.Option(help="Export even if the network has forgotten other subjects.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace the ONNX file if it is there.")] = False,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Change a value of the recipe: seed=3. Repeatable.")
    ] = None,
    smoke_test: Annotated[bool, typer.Option("--smoke", help="A few tiny steps, to see that all works.")] = False,
) -> None:
    """Adapt the released network to your own pictures: checked, trained, compared, exported."""
    need_training_packages()
    from tress_train.run import finetuning
    from tress_train.scoring.before_after import before_after_page

    if out.suffix != ".onnx":
        raise InputError("option_malformed", f"{out} must end in .onnx")
    if out.exists() and not overwrite:
        raise target_exists([out])
    weights = init or finetuning.released_weights()
    recipe = _recipe(steps, assignments or [], tiny=smoke_test)
    _describe(data, leave_out_bad=leave_out_bad)
    folder = run or out.with_suffix(".run")
    tuned = finetuning.tune(finetuning.tuning_recipe(recipe, recipe.stages[0].steps), data, folder, weights)

    verdict = _verdict(tuned)
    page = folder / "before-after.html"
    text = before_after_page(
        f"{out.stem}: before and after", verdict, tuned.changes, tuned.targets, tuned.before, tuned.after
    )
    write_atomic(page, text.encode(), overwrite=True)
    for name, change in tuned.changes.items():
        typer.echo(f"{name:12} {change}")
    typer.echo(f"{verdict}\nlook at {page}")
    if tuned.lost and not accept_loss:
        raise finetuning.GeneralLossError(
            "general_set_lost",
            "the network has forgotten other subjects, so it is not exported",
            hint=f"look at {page}; give more pictures, fewer --steps or a lower --set optim.lr_scale=0.5 with another "
            "--run, or --accept-loss if only your own pictures matter",
        )
    typer.echo(_export(tuned, folder, out))


def _recipe(steps: int, assignments: list[str], *, tiny: bool) -> Recipe:
    recipe = load_recipe(RECIPE)
    assert isinstance(recipe, Recipe)
    (stage,) = recipe.stages
    recipe = replace(
        recipe,
        stages=(replace(stage, steps=steps),),
        log_every=EVALUATE_EVERY // 2,
        checkpoint_every=EVALUATE_EVERY // 2,
        evaluate_every=EVALUATE_EVERY,
    )
    return apply(smoke(recipe, keep_network=True) if tiny else recipe, assignments)


def _describe(folder: Path, *, leave_out_bad: bool) -> None:
    """Checks the folder and writes its manifest, unless there is one."""
    from tress_train.data.prepare import check_folder, refuse_problems, write_manifest

    if (folder / MANIFEST).exists():
        return
    check = check_folder(folder)
    for line in check.lines():
        typer.echo(line)
    if not leave_out_bad:
        refuse_problems(folder, check)
    typer.echo(f"{len(check.rows)} pictures: {write_manifest(folder, check)}")


def _verdict(tuned: Tuned) -> str:
    how = "" if tuned.share == 1 else f" It is mixed: {tuned.share:.0%} of the way from the weights it started with."
    if tuned.lost:
        return "The general set has lost: the network has forgotten other subjects." + how
    gained = not tuned.changes["own"].lost(0, 0)
    own = "Your held-back pictures did not lose." if gained else "Your held-back pictures did not gain."
    return f"{own} The general set has not lost.{how}"


def _export(tuned: Tuned, folder: Path, out: Path) -> str:
    from tress.spec import ModelSpec
    from tress_train.commands.export import export_onnx, exported
    from tress_train.run.records import model_metadata

    metadata, found = model_metadata(folder), exported(folder)
    spec = ModelSpec(
        name=out.stem,
        version="",
        task="locator",
        long_side_px=found.long_side_px,
        multiple=32,
        has_uncertainty=True,
        has_presence=True,
        second_look_px=found.second_look_px,
        licence=found.licence,
        recipe=metadata["recipe"],
        notes=metadata["notes"],
    )
    size = export_onnx(tuned.after.model, spec, out)
    return f"{out}: {size / 1e6:.1f} MB; try it: tress photo.jpg --model {out}"
