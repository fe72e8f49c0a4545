"""The commands that train elsewhere: ``launch`` and ``jobs``."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tress.errors import InputError
from tress_train.commands.gathering import FreeOption
from tress_train.commands.labelling import DataOption
from tress_train.commands.needed import need_packages, need_training_packages
from tress_train.commands.running import ExtendOption, InitOption, PastGateOption, SetOption, SmokeOption, run_recipe
from tress_train.storage.places import is_url

if TYPE_CHECKING:
    from tress_train.cloud.job import JobOptions
    from tress_train.cloud.prices import Estimate

TARGETS = ("local", "torchrun", "vertex")
CHECKPOINT_VARIABLE = "AIP_CHECKPOINT_DIR"
ProjectOption = Annotated[str, typer.Option(help="Google Cloud project.", envvar="GOOGLE_CLOUD_PROJECT")]
RegionOption = Annotated[str, typer.Option(help="Region of Vertex AI.")]
ImageOption = Annotated[str, typer.Option(help="Container image, see docs/cloud.md.")]
MachineOption = Annotated[str, typer.Option(help="Machine type.")]
AcceleratorOption = Annotated[str, typer.Option(help="Type of accelerator; none if empty.")]
CountOption = Annotated[int, typer.Option(min=1, help="Accelerators of a machine.")]
SpotOption = Annotated[bool, typer.Option(help="Cheaper machines that may be taken away at any time.")]
HoursOption = Annotated[float, typer.Option(min=0.1, help="After which the job is ended.")]
AccountOption = Annotated[str, typer.Option(help="Service account that the job works as.")]
PricesOption = Annotated[Path | None, typer.Option(help="TOML table of prices instead of the one in the package.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before it costs money.")]
REGION, MACHINE, ACCELERATOR = "us-central1", "g2-standard-8", "NVIDIA_L4"


def launch(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, see `tress-train recipes`.")],
    data: DataOption,
    target: Annotated[
        str, typer.Option(help="local, torchrun (several processes) or vertex (Google Cloud).")
    ] = "local",
    out: Annotated[str, typer.Option(help="The run's folder or URL; gs:// for vertex.")] = "",
    assignments: SetOption = None,
    smoke: SmokeOption = False,
    init: InitOption = "",
    continue_past_gate: PastGateOption = "",
    extend: ExtendOption = 0,
    free: FreeOption = "",
    processes: Annotated[int, typer.Option(min=0, help="Per machine; one per GPU if 0, one without a GPU.")] = 0,
    project: ProjectOption = "",
    region: RegionOption = REGION,
    image: ImageOption = "",
    machine: MachineOption = MACHINE,
    accelerator: AcceleratorOption = ACCELERATOR,
    count: CountOption = 1,
    replicas: Annotated[int, typer.Option(min=1, help="Machines.")] = 1,
    spot: SpotOption = False,
    max_hours: HoursOption = 24.0,
    service_account: AccountOption = "",
    tensorboard: Annotated[str, typer.Option(help="Vertex AI TensorBoard for the curves.")] = "",
    prices: PricesOption = None,
    dry_run: Annotated[bool, typer.Option(help="Print the exact job and its cost, and submit nothing.")] = False,
    yes: YesOption = False,
) -> None:
    """Run a recipe here, on several processes, or on Google Cloud."""
    if target not in TARGETS:
        raise InputError("target_unknown", f"--target cannot be {target!r}", hint=f"allowed: {', '.join(TARGETS)}")
    words = recipe_words(
        recipe, data, assignments, smoke=smoke, init=init, past_gate=continue_past_gate, extend=extend, free=free
    )
    if target == "vertex":
        need_packages("gcp", "--target vertex", "google.cloud.aiplatform_v1")
        from tress_train.cloud.job import JobOptions

        options = JobOptions(
            image, machine, accelerator, count, replicas, spot, max_hours, service_account, tensorboard
        )
        check_vertex(data, out, init, project, options)
        words = ["launch", *words, "--target", "torchrun", *(["--processes", str(processes)] if processes else [])]
        _submit(recipe, words, out, options, project, region, prices, dry_run=dry_run, yes=yes)
        return
    need_training_packages()
    place = out or os.environ.get(CHECKPOINT_VARIABLE, "")
    if not place:
        raise InputError("out_missing", "no --out is given", hint="name the run's folder with --out")
    if target == "local":
        run_recipe(recipe, data, place, assignments, smoke, init, continue_past_gate, extend, free)
        return
    import torch

    from tress_train.cloud.nodes import torchrun

    count_here = processes or max(1, torch.cuda.device_count())
    command = torchrun(["run", *words, "--out", place], count_here, os.environ)
    # In this process's place, so that a signal that ends the machine reaches the training.
    os.execv(command[0], command)  # noqa: S606


def jobs(
    project: ProjectOption = "",
    region: RegionOption = REGION,
    follow: Annotated[str, typer.Option(metavar="JOB", help="Wait for a job, and say when its state changes.")] = "",
    cancel: Annotated[str, typer.Option(metavar="JOB", help="End a job; what it has saved stays.")] = "",
) -> None:
    """List, follow or cancel the jobs on Google Cloud."""
    need_packages("gcp", "this command", "google.cloud.aiplatform_v1")
    from tress_train.cloud.vertex import Jobs, number_of, state_of

    _need_project(project)
    found = Jobs(project, region)
    if cancel:
        found.cancel(cancel)
        typer.echo(f"{cancel}: asked to end")
    elif follow:
        state = ""
        for job in found.follow(follow):
            state = state_of(job)
            typer.echo(f"{time.strftime('%H:%M:%S')} {state}")
        if state != "succeeded":
            raise typer.Exit(1)
    else:
        for job in found.all():
            out = job.job_spec.base_output_directory.output_uri_prefix
            created = str(job.create_time)[:16]
            typer.echo(f"{number_of(job):22}{created:18}{state_of(job):12}  {job.display_name}  {out}")


def recipe_words(
    recipe: str,
    data: list[str],
    assignments: list[str] | None,
    *,
    smoke: bool,
    init: str,
    past_gate: str = "",
    extend: int = 0,
    free: str = "",
) -> list[str]:
    """The same options as words of a command line."""
    words = [recipe, *(word for folder in data for word in ("--data", str(folder)))]
    words += [word for change in assignments or [] for word in ("--set", change)]
    words += ["--smoke"] if smoke else []
    words += ["--init", init] if init else []
    words += ["--continue-past-gate", past_gate] if past_gate else []
    words += ["--free", free] if free else []
    return words + (["--extend", str(extend)] if extend else [])


def _need_project(project: str) -> None:
    if not project:
        raise InputError("project_missing", "no --project is given", hint="or set GOOGLE_CLOUD_PROJECT")


def check_vertex(data: list[str], out: str, init: str, project: str, options: JobOptions) -> None:
    """Raises InputError if a job could not find what it needs."""
    _need_project(project)
    if not out.startswith("gs://"):
        raise InputError("out_not_in_cloud", f"--out is {out!r}", hint="--target vertex needs a folder under gs://")
    for place in [*data, *([init] if init else [])]:
        if not is_url(place):
            raise InputError(
                "data_not_in_cloud",
                f"{place} is on this machine, where the job cannot see it",
                hint="gcloud storage cp --recursive FOLDER gs://BUCKET/, and name that",
            )
    if not options.image:
        raise InputError("image_missing", "no --image is given", hint="docs/cloud.md says how one is built")


def _submit(
    recipe: str,
    words: list[str],
    out: str,
    options: JobOptions,
    project: str,
    region: str,
    prices: Path | None,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    from tress_train.cloud.job import make_job
    from tress_train.cloud.vertex import Jobs, number_of
    from tress_train.recipes import load_recipe

    load_recipe(recipe)
    job = make_job(f"tress-{recipe}-{time.strftime('%Y%m%d-%H%M%S')}", recipe, words, out, options)
    cost = cost_of(options, prices)
    if dry_run:
        typer.echo(type(job).to_json(job, including_default_value_fields=False))
        typer.echo(str(cost), err=True)
        return
    typer.echo(f"{options.replicas} x {options.machine}: {cost}")
    confirm("Submit it?", yes=yes)
    number = number_of(Jobs(project, region).submit(job))
    typer.echo(f"{number}\nfollow it: tress-train jobs --project {project} --region {region} --follow {number}")


def cost_of(options: JobOptions, prices: Path | None) -> Estimate:
    """What a job costs at most."""
    from tress_train.cloud.prices import TABLE, estimate

    return estimate(
        options.machine,
        options.accelerator,
        options.count,
        options.replicas,
        options.max_hours,
        spot=options.spot,
        table=prices or TABLE,
    )


def confirm(question: str, *, yes: bool) -> None:
    """Ends the command unless the user agrees."""
    if not yes and not typer.confirm(question):
        raise typer.Exit(1)
