"""From a checkpoint to the ONNX file that the runtime loads."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from tress.errors import InputError
from tress.io.files import write_atomic
from tress.process.tiles import TileGrid
from tress.spec import ModelSpec
from tress_train.data.sources import registered_sources, source_of
from tress_train.models.locator import Locator
from tress_train.models.refiner import Refiner
from tress_train.models.weights import load_weights
from tress_train.recipes.stages import FIRST_LOOK_PX, SECOND_LOOK_PX
from tress_train.run.records import read_summary

OPSET = 17
# Smaller tensors are kept in full precision: they are biases and scales, and save nothing.
HALF_FROM_SIZE = 256


@dataclass(frozen=True)
class Exported:
    """What a file says of its weights unless told otherwise.

    Attributes:
        variant: encoder of a locator.
        long_side_px: input size of a locator, at its first look.
        second_look_px: input size at the second look; 0 for a locator that never saw one.
        tile_px: input size of a refiner: the side of the runtime's tiles, whatever crops it was trained on.
        licence: SPDX name; empty where this project cannot speak for the data.
    """

    variant: str = "lite2"
    long_side_px: int = FIRST_LOOK_PX
    second_look_px: int = 0
    tile_px: int = TileGrid.tile_px
    licence: str = "Apache-2.0"


def exported(run: Path) -> Exported:
    """What the record in the folder of a run says of its weights; a refiner's run says nothing of a locator.

    Raises:
        InputError: the folder holds no record of a run.
    """
    record = read_summary(run)
    recipe, usual = record["recipe"], Exported()
    registered = registered_sources()
    foreign = recipe["name"] == "finetune" or any(
        source_of(name, registered) is None for name in record.get("used_sets", ())
    )
    last = recipe["stages"][-1]
    looks_twice = bool(last.get("window_px"))
    return Exported(
        variant=recipe.get("variant", usual.variant),
        long_side_px=last["first_px"] if looks_twice else last.get("long_side_px", usual.long_side_px),
        second_look_px=min(SECOND_LOOK_PX, last["long_side_px"]) if looks_twice else 0,
        licence="" if foreign else usual.licence,
    )


def load_locator(weights: Path, variant: str) -> Locator:
    """A locator with trained weights, ready to answer."""
    model = Locator(variant)
    load_weights(model, weights)
    return model.eval()


def load_refiner(weights: Path) -> Refiner:
    """A refiner with trained weights, ready to answer."""
    model = Refiner()
    load_weights(model, weights)
    return model.eval()


def export_onnx(model: nn.Module, spec: ModelSpec, target: Path, *, half: bool = True) -> int:
    """Writes a network as ONNX, with its spec inside.

    Height, width and batch stay dynamic.  No custom operators, opset 17.

    Args:
        model: locator or refiner, in eval mode.
        spec: says how to feed it.
        target: file to write; an existing one is replaced.
        half: store large weights in half precision.  They are cast up when the file is loaded, so the arithmetic
            stays in single precision.

    Returns:
        The size of the file in bytes.
    """
    locates = spec.task == "locator"
    channels, side = 5 if spec.second_look_px or not locates else 3, 96 if locates else 64
    names = ["alpha", "uncertainty", "presence"] if spec.task == "locator" else ["alpha"]
    axes = {"image": {0: "batch", 2: "height", 3: "width"}}
    axes |= {name: {0: "batch", 2: "height", 3: "width"} for name in names if name != "presence"}
    axes |= {"presence": {0: "batch"}} if "presence" in names else {}
    scratch = target.with_suffix(".export.onnx")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    try:
        with warnings.catch_warnings():
            # The tracing exporter is announced as old; the new one needs another package and gives the same graph.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                (torch.zeros(1, channels, side, side),),
                str(scratch),
                opset_version=OPSET,
                input_names=["image"],
                output_names=names,
                dynamic_axes=axes,
                dynamo=False,
            )
        graph = onnx.load(str(scratch))
    finally:
        scratch.unlink(missing_ok=True)
    if half:
        store_half(graph)
    for key, value in spec.to_metadata().items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(graph)
    data = graph.SerializeToString()
    write_atomic(target, data, overwrite=True)
    return len(data)


def store_half(model: onnx.ModelProto) -> None:
    """Replaces large float32 weights by float16 ones followed by a cast, in place.

    ONNX Runtime folds the casts when it loads the file: half the size on disk, no cost afterwards.
    """
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < HALF_FROM_SIZE:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise InputError("weights_too_large", f"{tensor.name} does not fit half precision", hint="use --full")
        stored = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half")
        graph.initializer.remove(tensor)
        graph.initializer.append(stored)
        casts.append(helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
