"""The flags of a plan and of a run, which several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tress.cli.options import (
    Device,
    MaxMegapixels,
    Model,
    Name,
    Overwrite,
    Quiet,
    Refine,
    SkipExisting,
    check_numbers,
)
from tress.errors import InputError
from tress.io.limits import MAX_MEGAPIXELS
from tress.outputs import OutputOptions

if TYPE_CHECKING:
    from tress.batch import Settings
    from tress.batch.task import Engine, How

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout for every picture, and a last one.")]


@dataclass(frozen=True)
class Planning:
    """What a plan is made with, besides the output options."""

    name: str
    column: str | None
    shards: int | None
    overwrite: bool
    skip_existing: bool
    model: str
    refine: bool
    device: str
    max_megapixels: float

    def settings(self, options: OutputOptions) -> Settings:
        """With the output options."""
        from tress.batch import Settings

        return Settings(options, self.model, self.refine, self.device, self.max_megapixels)


def plan_options(
    *,
    name: Name = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of a manifest that holds the inputs. Unset: path.")
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Parts that can be worked on by themselves. Unset: 16, or one for 5,000 inputs."
        ),
    ] = None,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    model: Model = "default",
    refine: Refine = True,
    device: Device = "auto",
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
) -> Planning:
    """The flags of a plan."""
    check_numbers(None, max_megapixels)
    return Planning(name or "{stem}", column, shards, overwrite, skip_existing, model, refine, device, max_megapixels)


@dataclass(frozen=True)
class Running:
    """How to work on a plan, and what to say meanwhile."""

    how: How
    engine: Engine | None
    as_json: bool
    quiet: bool


def run_options(
    *,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that each hold the networks. Unset: one for two cores.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads of each process. Unset: the cores are shared evenly.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="Give a picture up that takes longer.")] = 300.0,
    shard: Annotated[
        str | None,
        typer.Option(metavar="K/N", help="Work on part K of N only, K from 0: N machines each take another K."),
    ] = None,
    max_failure_rate: Annotated[
        float | None,
        typer.Option(metavar="0..1", help="Stop when more than this share of the pictures of this run has failed."),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="Wait for a shard that another run holds, which may have died, or for a place on Ray.",
        ),
    ] = 0.0,
    engine: Annotated[
        str,
        typer.Option(metavar="local|ray", help="local: processes of this machine. ray: a Ray cluster (tress[ray])."),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of a Ray cluster, such as auto. Unset: a cluster on this machine."),
    ] = None,
    num_cpus: Annotated[
        float | None, typer.Option(metavar="N", help="With ray: cores of each worker. Unset: its threads.")
    ] = None,
    num_gpus: Annotated[float, typer.Option(metavar="N", help="With ray: GPUs of each worker, such as 0.5.")] = 0.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> Running:
    """The flags of a run."""
    from tress.batch import How

    how = How(
        workers=workers,
        threads=threads,
        timeout_s=timeout,
        part=_part(shard) if shard else None,
        max_failure_rate=max_failure_rate,
        wait_s=wait,
    )
    return Running(how, _engine(engine, address, num_cpus, num_gpus), as_json, quiet)


def _part(text: str) -> tuple[int, int]:
    k, slash, n = text.partition("/")
    if not (slash and k.isdecimal() and n.isdecimal()):
        raise InputError("option_value", f"shard is {text!r}, but it must be K/N, such as 0/16")
    return int(k), int(n)


def _engine(name: str, address: str | None, num_cpus: float | None, num_gpus: float) -> Engine | None:
    if name == "ray":
        from tress.batch.ray_engine import RayEngine

        return RayEngine(address=address, num_cpus=num_cpus, num_gpus=num_gpus)
    if name != "local":
        raise InputError("option_value", f"engine is {name!r}, but it must be local or ray")
    if address is not None or num_cpus is not None or num_gpus:
        raise InputError("options_conflict", "--address, --num-cpus and --num-gpus need --engine ray")
    return None
