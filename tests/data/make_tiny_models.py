"""Writes the tiny networks that the runtime's tests use: python tests/data/make_tiny_models.py (needs onnx).

Each answers with plain channels of its input, so that a test knows the right answer:

tiny_locator  alpha = red, uncertainty = green, presence = mean of blue; any size in multiples of 32; carries its spec
tiny_refiner  alpha = the fourth of five channels; carries its spec
tiny_peer     logit = red of the normalised input, and a second output of no use; 64 x 64 only; carries no spec
tiny_future   an operator set that no ONNX Runtime knows yet
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from tress.spec import ModelSpec

HERE = Path(__file__).parent
ANY = ("n", "h", "w")


def channel(source: str, index: int, output: str) -> list[onnx.NodeProto]:
    """Nodes that cut channel ``index`` out of ``source``."""
    numbers = [("start", index), ("end", index + 1), ("axis", 1)]
    constants = [
        helper.make_node(
            "Constant", [], [f"{output}_{name}"], value=helper.make_tensor(name, TensorProto.INT64, [1], [value])
        )
        for name, value in numbers
    ]
    names = [f"{output}_{name}" for name, _ in numbers]
    return [*constants, helper.make_node("Slice", [source, *names], [output])]


def picture(name: str, channels: int, size: tuple = ANY) -> onnx.ValueInfoProto:
    """Declares an input or output ``(N, channels, H, W)``."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [size[0], channels, *size[1:]])


def save(name: str, nodes: list, inputs: list, outputs: list, spec: ModelSpec | None = None, opset: int = 13) -> None:
    """Writes one network, with its spec in the metadata."""
    graph = helper.make_graph(nodes, name, inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    if spec is not None:
        helper.set_model_props(model, spec.to_metadata())
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())


def main() -> None:
    rgb = [picture("image", 3)]
    nodes = [
        *channel("image", 0, "alpha"),
        *channel("image", 1, "uncertainty"),
        *channel("image", 2, "blue"),
        helper.make_node("ReduceMean", ["blue"], ["presence"], axes=[1, 2, 3], keepdims=0),
    ]
    presence = helper.make_tensor_value_info("presence", TensorProto.FLOAT, ["n"])
    outputs = [picture("alpha", 1), picture("uncertainty", 1), presence]
    spec = ModelSpec("tiny-locator", "1", "locator", 64, has_uncertainty=True, has_presence=True, licence="Apache-2.0")
    save("tiny_locator", nodes, rgb, outputs, spec)

    spec = ModelSpec("tiny-refiner", "1", "refiner", 64, multiple=8, licence="Apache-2.0")
    save("tiny_refiner", channel("tile", 3, "alpha"), [picture("tile", 5)], [picture("alpha", 1)], spec)

    fixed = (1, 64, 64)
    nodes = [*channel("input.1", 0, "logit"), *channel("input.1", 1, "other")]
    save("tiny_peer", nodes, [picture("input.1", 3, fixed)], [picture("logit", 1, fixed), picture("other", 1, fixed)])

    save("tiny_future", channel("image", 0, "alpha"), rgb, [picture("alpha", 1)], opset=99)


if __name__ == "__main__":
    main()
