"""The command ``tress-train sweep``: the best settings of a recipe, found by trying."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tress.errors import InputError
from tress_train.commands.labelling import DataOption
from tress_train.commands.launching import (
    ACCELERATOR,
    MACHINE,
    REGION,
    AcceleratorOption,
    AccountOption,
    CountOption,
    HoursOption,
    ImageOption,
    MachineOption,
    PricesOption,
    ProjectOption,
    RegionOption,
    SpotOption,
    YesOption,
    check_vertex,
    confirm,
    cost_of,
    recipe_words,
)
from tress_train.commands.needed import need_packages, need_training_packages
from tress_train.commands.overrides import apply
from tress_train.commands.running import InitOption, SetOption, SmokeOption
from tress_train.recipes import load_recipe
from tress_train.recipes.base import smoke as make_smoke

if TYPE_CHECKING:
    from tress_train.cloud.job import JobOptions
    from tress_train.cloud.vertex import Jobs
    from tress_train.run.sweeping import Sweep, Trainer


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
    target: Annotated[str, typer.Option(help="local, or vertex for jobs on Google Cloud.")] = "local",
    parallel: Annotated[int, typer.Option(min=1, help="Jobs at the same time, with --target vertex.")] = 4,
    runs: Annotated[str, typer.Option(help="gs:// folder for the runs, with --target vertex.")] = "",
    project: ProjectOption = "",
    region: RegionOption = REGION,
    image: ImageOption = "",
    machine: MachineOption = MACHINE,
    accelerator: AcceleratorOption = ACCELERATOR,
    count: CountOption = 1,
    spot: SpotOption = False,
    max_hours: HoursOption = 24.0,
    service_account: AccountOption = "",
    prices: PricesOption = None,
    yes: YesOption = False,
) -> None:
    """Try settings of a recipe, and write the best as a recipe file."""
    if target not in ("local", "vertex"):
        raise InputError("target_unknown", f"--target cannot be {target!r}", hint="allowed: local, vertex")
    need_training_packages()
    need_packages("sweep", "a sweep", "optuna")
    from tress_train.run.sweeping import Sweep, goal_of, read_axis, write_recipe
    from tress_train.storage.copies import local_file

    axes = [read_axis(text) for text in over]
    chosen = load_recipe(recipe)
    chosen = apply(make_smoke(chosen, keep_network=bool(init)) if smoke else chosen, assignments or [])
    judged_by = goal_of(chosen, goal)
    if target == "vertex":
        need_packages("gcp", "--target vertex", "google.cloud.aiplatform_v1")
        from tress_train.cloud.job import JobOptions
        from tress_train.cloud.vertex import Jobs

        options = JobOptions(image, machine, accelerator, count, 1, spot, max_hours, service_account)
        check_vertex(data, runs, init, project, options)
        typer.echo(f"{trials} trials, for each: {cost_of(options, prices)}")
        confirm("Start them?", yes=yes)
        found = Sweep(chosen, axes, apply, judged_by, out)
        words = recipe_words(recipe, data, assignments, smoke=smoke, init=init)
        trainer = _train_there(found, words, runs, options, Jobs(project, region))
        found.run(trials, trainer, typer.echo, parallel=parallel)
    else:
        found = Sweep(chosen, axes, apply, judged_by, out)
        found.run(trials, found.train_here(data, local_file(init) if init else None), typer.echo)
    best, value, folder = found.best()
    name = f"{recipe}_swept"
    about = f"{recipe} with settings found by a sweep over {', '.join(over)}: {goal or 'its goal'} {value:.5f}."
    path = write_recipe(best, name, out / f"{name}.py", about)
    typer.echo(f"best: {folder} with {value:.5f}\n{path}: put it into src/tress_train/recipes to run it by its name")


def _train_there(sweep: Sweep, words: list[str], runs: str, options: JobOptions, jobs: Jobs) -> Trainer:
    """Trains each trial as a job; one that an earlier command has started is waited for."""
    import optuna

    from tress_train.cloud.job import CHECKPOINTS, make_job
    from tress_train.cloud.vertex import CloudError, has_ended, number_of, state_of
    from tress_train.run.records import read_summary
    from tress_train.storage.copies import local_run

    def trainer(_: optuna.Trial, assignments: list[str], folder: str) -> float:
        place = f"{runs.rstrip('/')}/{folder}"
        name = f"tress-sweep {place}"[-128:]
        under_way = [job for job in jobs.all() if job.display_name == name and not has_ended(job)]
        changes = [word for change in assignments for word in ("--set", change)]
        there = ["launch", *words, *changes, "--target", "torchrun"]
        job = under_way[0] if under_way else jobs.submit(make_job(name, words[0], there, place, options))
        state = [state_of(later) for later in jobs.follow(number_of(job))][-1]
        try:
            record = read_summary(local_run(f"{place}/{CHECKPOINTS}"))
        except InputError as error:
            raise CloudError("trial_failed", f"{folder}: {state}, and there is no record of a run") from error
        if state != "succeeded":
            raise optuna.TrialPruned(state)
        return sweep.score(record)

    return trainer
