"""The command ``tress-train``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tress import __version__
from tress.errors import InputError, ModelError, TressError
from tress_train.commands import comparing, finetuning, gathering, labelling, launching, needing, packing, sweeping
from tress_train.commands.labelling import DataOption
from tress_train.commands.needed import need_training_packages
from tress_train.commands.running import run_recipe

app = typer.Typer(
    name="tress-train",
    help="Train the networks of tress, on the project's data or on your own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def run() -> None:
    """Entry point: runs a command and turns every expected error into a message and an exit code."""
    try:
        app()
    except TressError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 3 if isinstance(error, ModelError) else 1)
    except OSError as error:
        # Above all a full disk, wherever it strikes; what is saved stays.
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


app.command("run")(run_recipe)


@app.command()
def recipes() -> None:
    """List the recipes."""
    from tress_train import recipes as found

    for name in found.recipe_names():
        typer.echo(f"{name:28}{found.describe(name)}")


@app.command()
def prepare(
    folder: Annotated[Path, typer.Argument(help="Photos with NAME.alpha.png beside them, or transparent pictures.")],
    edge: Annotated[
        str, typer.Option(help="How far the alphas can be trusted: exact, soft or hard; found out if not given.")
    ] = "",
    ignore_px: Annotated[int, typer.Option(min=0, help="For hard edges: band that is not learned.")] = 2,
    leave_out_bad: Annotated[
        bool, typer.Option(help="Write the manifest without the pictures that are wrong.")
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace a manifest that is there.")] = False,
) -> None:
    """Check a folder of your own, picture by picture, and write its manifest."""
    from tress_train.data.prepare import check_folder, refuse_problems, write_manifest

    if edge not in ("", "exact", "soft", "hard"):
        raise InputError("edge_unknown", f"--edge cannot be {edge!r}", hint="allowed: exact, soft, hard")
    check = check_folder(folder, edge or None, ignore_px)  # type: ignore[arg-type]
    for line in check.lines():
        typer.echo(line)
    if not leave_out_bad:
        refuse_problems(folder, check)
    typer.echo(f"{len(check.rows)} pictures: {write_manifest(folder, check, overwrite=overwrite)}")


for _command in (
    gathering.sources,
    gathering.gather,
    labelling.distil,
    labelling.curate,
    labelling.cutouts,
    labelling.empties,
    finetuning.finetune,
    launching.launch,
    launching.jobs,
    packing.shards,
    comparing.compare,
    needing.needs,
    sweeping.sweep,
):
    app.command()(_command)


@app.command()
def difficulty(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="JSON lines with the measured figures; goes on where it stopped.")],
    write_gates: Annotated[
        Path | None, typer.Option(help="Also choose the held-back pictures of the gates and write the list here.")
    ] = None,
) -> None:
    """Measure how hard every picture is."""
    from tress_train.data.collection import read_collection
    from tress_train.data.difficulty import measure_all
    from tress_train.recipes.stages import LADDER

    records = read_collection(data).train
    measured = measure_all(records, out)
    left = list(measured.values())
    for name, limits in LADDER:
        typer.echo(f"{name:16}{sum(limits.admits(d) for d in left):6}")
        left = [d for d in left if not limits.admits(d)]
    if write_gates is not None:
        from tress.io.files import write_atomic
        from tress_train.data.gates import build_gates

        subsets = build_gates(records)
        write_atomic(write_gates, (json.dumps(subsets, indent=1) + "\n").encode(), overwrite=True)
        typer.echo(f"{write_gates}: " + ", ".join(f"{name} {len(keys)}" for name, keys in subsets.items()))


@app.command()
def average(
    weights: Annotated[list[Path], typer.Argument(help="Weights of runs that started from one another (ema.pt).")],
    out: Annotated[Path, typer.Option(help="The file to write; it must not be there.")],
) -> None:
    """Write the mean of several runs' weights."""
    need_training_packages()
    from tress_train.models.weights import average as mean_of
    from tress_train.run.checkpoint import save

    if out.exists():
        raise InputError("output_exists", f"{out} is there already", hint="name another file with --out")
    save(out, mean_of(weights))
    typer.echo(str(out))


@app.command()
def export(
    weights: Annotated[Path, typer.Argument(help="Averaged weights of a run (ema.pt).")],
    out: Annotated[Path, typer.Argument(help="The ONNX file to write; replaced if it is there.")],
    task: Annotated[str, typer.Option(help="locator or refiner.")] = "locator",
    variant: Annotated[str, typer.Option(help="Encoder of a locator; that of the run, or lite2, if not given.")] = "",
    long_side: Annotated[
        int,
        typer.Option(
            min=0, help="Input size if not 0; else a locator's run's long side, or 512; a refiner's tile, 112."
        ),
    ] = 0,
    second_look: Annotated[
        int | None,
        typer.Option(min=0, help="Input size at a locator's second look, 0 for none; the run's if not given, or none."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model; tress-TASK if not given.")] = "",
    version: Annotated[str, typer.Option(help="Version of the weights.")] = __version__,
    licence: Annotated[
        str | None,
        typer.Option(
            help="SPDX name of the weights' licence; Apache-2.0, but none for a run on data of your own, if not given."
        ),
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of the run, whose record is put into the file.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Store single instead of half precision.")] = False,
) -> None:
    """Write trained weights as the ONNX file that tress runs."""
    need_training_packages()
    from tress.spec import ModelSpec
    from tress_train.commands.export import Exported, export_onnx, exported, load_locator, load_refiner
    from tress_train.run.records import model_metadata

    if task not in ("locator", "refiner"):
        raise InputError("task_unknown", f"--task cannot be {task!r}", hint="allowed: locator, refiner")
    if out.suffix != ".onnx":
        raise InputError("option_malformed", f"{out} must end in .onnx")
    locates = task == "locator"
    metadata = model_metadata(run) if run else {}
    found = exported(run) if run else Exported()
    spec = ModelSpec(
        name=name or f"tress-{task}",
        version=version,
        task="locator" if locates else "refiner",
        long_side_px=long_side or (found.long_side_px if locates else found.tile_px),
        multiple=32 if locates else 8,
        has_uncertainty=locates,
        has_presence=locates,
        second_look_px=(found.second_look_px if second_look is None else second_look) if locates else 0,
        licence=found.licence if licence is None else licence,
        recipe=metadata.get("recipe", ""),
        notes=metadata.get("notes", ""),
    )
    model = load_locator(weights, variant or found.variant) if locates else load_refiner(weights)
    size = export_onnx(model, spec, out, half=not full)
    typer.echo(f"{out}: {size / 1e6:.1f} MB")


@app.command()
def card(
    runs: Annotated[list[Path], typer.Argument(help="Folders of the runs the weights come from, first to last.")],
    out: Annotated[Path, typer.Option(help="The model card.")] = Path("docs/model-card.md"),
    scores: Annotated[
        Path | None,
        typer.Option(help="Release scores: report.json of `tress eval`, or the quality benchmark's."),
    ] = None,
    about: Annotated[Path | None, typer.Option(help="Markdown that says what the networks are for, put first.")] = None,
    notes: Annotated[Path | None, typer.Option(help="Markdown with known failures, put last.")] = None,
) -> None:
    """Write the model card from the records of the runs."""
    from tress_train.commands.card import write_card

    typer.echo(write_card(runs, out, scores=scores, about=about, notes=notes))
