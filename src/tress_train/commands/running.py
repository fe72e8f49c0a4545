"""The command ``tress-train run``, and the options that it shares with commands that run recipes elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from tress_train.commands.gathering import FreeOption, as_free
from tress_train.commands.labelling import DataOption
from tress_train.commands.needed import need_training_packages

SetOption = Annotated[list[str] | None, typer.Option("--set", help="Change a value: stages.small.lr=1e-4. Repeatable.")]
SmokeOption = Annotated[bool, typer.Option("--smoke", help="A few tiny steps, to see that all works.")]
InitOption = Annotated[str, typer.Option(help="Weights to start from instead of ImageNet's; a path or URL.")]
PastGateOption = Annotated[
    str, typer.Option(metavar="REASON", help="Go on although a gate is missed; the reason goes into the record.")
]
ExtendOption = Annotated[int, typer.Option(min=0, help="Steps to add to the stage that a stopped run stands at.")]


def run_recipe(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, see `tress-train recipes`.")],
    data: DataOption,
    out: Annotated[str, typer.Option(help="The run's folder or URL; a run that stopped goes on there.")],
    assignments: SetOption = None,
    smoke: SmokeOption = False,
    init: InitOption = "",
    continue_past_gate: PastGateOption = "",
    extend: ExtendOption = 0,
    free: FreeOption = "",
) -> None:
    """Run a recipe, or continue it where it stopped."""
    need_training_packages()
    from tress_train import recipes
    from tress_train.commands.overrides import apply
    from tress_train.recipes.base import smoke as make_smoke
    from tress_train.run.loop import train
    from tress_train.run.processes import started_processes
    from tress_train.storage.copies import local_file

    chosen, changes = recipes.load_recipe(recipe), assignments or []
    if smoke:
        given = bool(init) or any(change.partition("=")[0].strip() == "locator_weights" for change in changes)
        chosen = make_smoke(chosen, processes=started_processes(), keep_network=given)
    chosen = apply(chosen, changes)
    start = local_file(init) if init else None
    weights = train(chosen, data, out, init=start, past_gates=continue_past_gate, extend=extend, free=as_free(free))
    typer.echo(weights)
