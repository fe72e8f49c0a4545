"""The commands that label photos, or cut them up by their labels, each into a data folder of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tress.errors import InputError
from tress.evaluation.manifest import Record

DataOption = Annotated[
    list[str],
    typer.Option("--data", help="Folder or URL with train/ and val/, or one that `prepare` checked. Repeatable."),
]
SetsOption = Annotated[str, typer.Option(help="Only these data sets, separated by commas.")]


def distil(
    data: Annotated[list[Path], typer.Option("--data", help="A data folder, or a plain folder of photos. Repeatable.")],
    teacher: Annotated[Path, typer.Option(help="ONNX file of the teacher.")],
    out: Annotated[Path, typer.Option(help="Folder for labels and manifest; a stopped command goes on there.")],
    sets: SetsOption = "",
    long_side: Annotated[int, typer.Option(help="Input size of a teacher that does not describe itself.")] = 0,
    mean: Annotated[str, typer.Option(help="Its input is (rgb - mean) / std with rgb in 0..1.")] = "0,0,0",
    std: Annotated[str, typer.Option(help="See --mean.")] = "1,1,1",
    stretch: Annotated[bool, typer.Option(help="It wants a square: stretch instead of scale and pad.")] = False,
    sigmoid: Annotated[bool, typer.Option(help="It answers with logits.")] = False,
    mend: Annotated[
        bool, typer.Option("--mend", help="Only fill in the unknown edge of rough masks, see docs/training.md.")
    ] = False,
    relabel: Annotated[bool, typer.Option("--relabel", help="Label pictures that have a label, too.")] = False,
) -> None:
    """Label pictures that have no label with a teacher network, once, for training a student."""
    from tress.spec import ModelSpec
    from tress_train.labels.distil import distil as label
    from tress_train.labels.distil import read_pictures
    from tress_train.labels.teacher import Teacher

    spec = None
    if long_side:
        spec = ModelSpec(
            teacher.stem,
            "",
            "locator",
            long_side,
            keep_aspect=not stretch,
            mean=_triple(mean, "--mean"),
            std=_triple(std, "--std"),
            sigmoid=sigmoid,
        )
    records = {
        key: record
        for key, record in _of_sets(read_pictures(data, out), sets).items()
        if mend or relabel or record.alpha is None
    }
    network = Teacher(teacher, spec)
    path = label(records, network, network.content, out, show_progress, mend=mend)
    print(file=sys.stderr)
    typer.echo(path)


def curate(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for sheets, list of choices, labels and manifest.")],
    labels: Annotated[
        list[Path] | None, typer.Option("--labels", help="Labels of another network, from `distil`. Repeatable.")
    ] = None,
    choices: Annotated[
        Path | None,
        typer.Option(help="The list, filled in: writes the labels.  Without it: draws sheets and the list."),
    ] = None,
) -> None:
    """Choose by eye between the labels of several networks, where they differ."""
    from tress_train.data.collection import read_collection
    from tress_train.labels import curating

    answers = [read_collection(data).train, *(read_collection([*data, str(folder)]).train for folder in labels or [])]
    if choices is not None:
        typer.echo(curating.curate(answers, curating.read_choices(choices), out))
        return
    path, count = curating.ask(answers, out)
    typer.echo(f"{count} pictures: look at {out / 'sheets'}, put a letter for every {curating.OPEN} in {path},")
    typer.echo(f"and run the same again with --choices {path}")


def cutouts(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for cut-outs and manifest, which must not be there.")],
    model: Annotated[
        str, typer.Option(help="What finds the subjects: see `tress models`, or an ONNX file.")
    ] = "default",
    keep_edge: Annotated[
        bool, typer.Option("--keep-edge", help="Keep the labels' edges, if those were drawn finer than tress does.")
    ] = False,
    sets: SetsOption = "",
) -> None:
    """Cut the subjects out of labelled photos, to train on them before other backgrounds."""
    from tress.evaluation.predictors import ModelPredictor
    from tress_train.data.collection import read_collection
    from tress_train.labels.cutting import cut_out_all

    records = _of_sets(read_collection(data).train, sets)
    path = cut_out_all(records, ModelPredictor(model), out, show_progress, keep_edge=keep_edge)
    print(file=sys.stderr)
    typer.echo(path)


def empties(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for parts, sheets, list of choices and manifest.")],
    choices: Annotated[
        Path | None,
        typer.Option(help="The list, filled in.  Without it: parts where something is found are asked about."),
    ] = None,
    model: Annotated[
        str, typer.Option(help="What looks for further subjects: see `tress models`, or an ONNX file.")
    ] = "default",
    sets: SetsOption = "",
) -> None:
    """Cut the parts beside the subjects out of labelled photos, to train on them as pictures without a subject."""
    from tress.evaluation.predictors import ModelPredictor
    from tress_train.data.collection import read_collection
    from tress_train.labels import curating
    from tress_train.labels.emptying import cut_parts

    records = _of_sets(read_collection(data).train, sets)
    chosen = None if choices is None else curating.read_choices(choices)
    path, found = cut_parts(records, ModelPredictor(model), out, chosen, show_progress)
    print(file=sys.stderr)
    typer.echo(path)
    if found and choices is not None:
        typer.echo(f"something was found in {found} more parts, which are on no list and left out")
    elif found:
        listed = out / curating.CHOICES
        typer.echo(
            f"something was found in {found} parts, which are left out: look at {out / 'sheets'}, and in {listed}"
        )
        typer.echo(
            f"put {curating.NO_SUBJECT} behind those without a subject and {curating.NONE_RIGHT} behind the others;"
        )
        typer.echo(f"then run the same again with --choices {listed}")


def _of_sets(records: dict[str, Record], sets: str) -> dict[str, Record]:
    """The pictures of the data sets that are named, separated by commas; all of them if none is."""
    chosen = [name.strip() for name in sets.split(",") if name.strip()]
    present = {record.set for record in records.values()}
    if unknown := sorted(set(chosen) - present):
        raise InputError(
            "set_unknown", f"the data has no set {unknown[0]!r}", hint=f"it has: {', '.join(sorted(present))}"
        )
    return {key: record for key, record in records.items() if not chosen or record.set in chosen}


def show_progress(done: int, of: int) -> None:
    """Tells on standard error how far a command is."""
    print(f"\r{done}/{of}", end="", file=sys.stderr, flush=True)


def _triple(text: str, option: str) -> tuple[float, float, float]:
    try:
        first, second, third = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError("option_malformed", f"{option} needs three numbers, not {text!r}") from None
    return first, second, third
