"""The command ``tress-train sweep``: the best settings of a recipe, found by trying."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tress_train.commands.labelling import DataOption
from tress_train.commands.needed import need_packages, need_training_packages
from tress_train.commands.overrides import apply
from tress_train.commands.running import InitOption, SetOption, SmokeOption
from tress_train.recipes import load_recipe
from tress_train.recipes.base import smoke as make_smoke


def sweep(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, see `tress-train recipes`.")],
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder of the sweep and its runs; a sweep that stopped goes on there.")],
    over: Annotated[list[str], typer.Option(help="A setting and its range: optim.lr_scale=0.1..10:log. Repeatable.")],
    trials: Annotated[int, typer.Option(min=1, help="So many runs, with those of an earlier command.")] = 12,
    goal: Annotated[
        str,
        typer.Option(help="GROUP.METRIC, as own.iou; what the last gate looks at, or val's mean IoU, if not given."),
    ] = "",
    assignments: SetOption = None,
    smoke: SmokeOption = False,
    init: InitOption = "",
) -> None:
    """Try settings of a recipe, and write the best as a recipe file."""
    need_training_packages()
    need_packages("sweep", "a sweep", "optuna")
    from tress_train.run.sweeping import Sweep, goal_of, read_axis, write_recipe
    from tress_train.storage.copies import local_file

    axes = [read_axis(text) for text in over]
    chosen = load_recipe(recipe)
    chosen = apply(make_smoke(chosen, keep_network=bool(init)) if smoke else chosen, assignments or [])
    found = Sweep(chosen, axes, apply, goal_of(chosen, goal), out)
    found.run(trials, data, local_file(init) if init else None, typer.echo)
    best, value, folder = found.best()
    name = f"{recipe}_swept"
    about = f"{recipe} with settings found by a sweep over {', '.join(over)}: {goal or 'its goal'} {value:.5f}."
    path = write_recipe(best, name, out / f"{name}.py", about)
    typer.echo(f"best: {folder} with {value:.5f}\n{path}: put it into src/tress_train/recipes to run it by its name")
