"""The command ``tress-train needs``: which data would help most."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tress.errors import InputError
from tress.io.files import write_atomic
from tress_train.commands.comparing import text_table
from tress_train.commands.labelling import DataOption
from tress_train.commands.needed import need_training_packages
from tress_train.storage.copies import local_run


def needs(
    run: Annotated[str, typer.Argument(help="Folder or URL of a locator's run.")],
    data: DataOption,
    curve: Annotated[
        list[str] | None,
        typer.Option("--curve", help="Run on another share of the data, for the learning curve. Repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
) -> None:
    """Say of which kinds and difficulties more pictures would help most."""
    need_training_packages()
    from tress_train.commands.export import exported, load_locator
    from tress_train.data.collection import read_collection
    from tress_train.run.needing import MORE, learning_curve
    from tress_train.run.needing import needs as find_needs
    from tress_train.run.records import read_summary
    from tress_train.tasks.locator import LocatorPredictor

    folder = local_run(run)
    recipe, found = read_summary(folder)["recipe"], exported(folder)
    if recipe["task"] == "refiner":
        raise InputError("task_unknown", f"{run} trained a refiner", hint="name the run of a locator")
    runs = [folder, *map(local_run, curve)] if curve else []
    fitted = learning_curve(runs)
    model = load_locator(folder / "ema.pt", found.variant)
    predict = LocatorPredictor(model, found.long_side_px, recipe["precision"], found.second_look_px)
    rows = find_needs(predict, read_collection(data), recipe["own_held_back"], folder / "difficulty.jsonl", fitted)

    head = ["", "trained on", "held back", "mean IoU", "mean error", f"gain of {MORE} more"]
    cells = [
        [
            need.name,
            str(need.trained),
            str(need.mae.n if need.mae else 0),
            f"{need.iou.value:.3f} [{need.iou.low:.3f}, {need.iou.high:.3f}]" if need.iou else "not known",
            f"{need.mae.value:.4f}" if need.mae else "not known",
            f"{need.gain:.5f}" if need.mae else "not known",
        ]
        for need in rows
    ]
    typer.echo(text_table([head, *cells]))
    if fitted.points:
        shown = ", ".join(f"{count}: {error:.4f}" for count, error in fitted.points)
        typer.echo(f"\nerror by number of photos ({shown}): falls as n to the power of -{fitted.power:.2f}")
    else:
        typer.echo(f"\nassumed: errors fall as n to the power of -{fitted.power:g}; --curve RUN measures it")
    typer.echo(f"gain: by how much the mean error over all held-back pictures would fall with {MORE} more of this kind")
    if out is not None:
        facts = {"power": fitted.power, "points": fitted.points, "needs": [asdict(need) for need in rows]}
        write_atomic(out, (json.dumps(facts, indent=1) + "\n").encode(), overwrite=True)
