"""Models whose weights lie in other files: beside them they are read, anywhere else the model is refused."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from tress.api import Remover
from tress.cli.main import main
from tress.engine import OnnxEngine
from tress.errors import ModelError
from tress.io.onnx_data import FIELDS, check_external_data

TINY = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def entry(key: str, value: str) -> bytes:
    return field(13, field(1, key.encode()) + field(2, value.encode()))


def tensor(location: str, *, length: int = 4) -> bytes:
    """One float, in another file."""
    where = entry("location", location) + entry("offset", "0") + entry("length", str(length))
    return field(1, 1) + field(2, 1) + field(8, b"elsewhere") + where + field(14, 1)


def graph(content: bytes) -> bytes:
    return field(7, content)


# All places where onnx.proto lets a tensor stand.
PLACES = {
    "initializer": lambda t: graph(field(5, t)),
    "sparse values": lambda t: graph(field(15, field(1, t))),
    "sparse indices": lambda t: graph(field(15, field(2, t))),
    "attribute": lambda t: graph(field(1, field(5, field(5, t)))),
    "attribute's list": lambda t: graph(field(1, field(5, field(10, t)))),
    "attribute's sparse": lambda t: graph(field(1, field(5, field(22, field(1, t))))),
    "attribute's sparse list": lambda t: graph(field(1, field(5, field(23, field(2, t))))),
    "graph in a graph": lambda t: graph(field(1, field(5, field(6, field(5, t))))),
    "graphs in a graph": lambda t: graph(field(1, field(5, field(11, field(5, t))))),
    "function": lambda t: field(25, field(7, field(5, field(5, t)))),
    "function's default": lambda t: field(25, field(11, field(5, t))),
    "training": lambda t: field(20, field(2, field(5, t))),
}
SECRET = "../secret.bin"


def with_weights(location: str, place: str = "initializer") -> bytes:
    """The tiny network with one tensor more: parts of a message that come later are added to it."""
    return TINY.read_bytes() + PLACES[place](tensor(location))


def refused(model: Path | bytes) -> str:
    with pytest.raises(ModelError) as caught:
        check_external_data(model, "net.onnx")
    return caught.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.bin").write_bytes(struct.pack("<f", 0.25))
    models = tmp_path / "models"
    (models / "weights").mkdir(parents=True)
    for name in ("beside.bin", "weights/deep.bin"):
        (models / name).write_bytes(struct.pack("<f", 0.5))
    return models


@pytest.mark.parametrize("place", list(PLACES))
def test_weights_are_looked_for_wherever_tensors_may_stand(folder: Path, place: str) -> None:
    model = folder / "net.onnx"
    model.write_bytes(with_weights(SECRET, place))
    assert refused(model) == "model_external_data"
    model.write_bytes(with_weights("beside.bin", place))
    check_external_data(model, "net.onnx")


@pytest.mark.parametrize(
    "location",
    [
        SECRET,
        "weights/../../secret.bin",
        "weights/../beside.bin",
        "/etc/hostname",
        "..",
        "..\\secret.bin",
        "weights\\..\\..\\secret.bin",
        "C:\\secret.bin",
        "C:secret.bin",
        "\\\\server\\share\\secret.bin",
        "*/_ORT_MEM_ADDR_/*",
        "a\0b",
    ],
)
def test_other_places_are_refused(folder: Path, location: str) -> None:
    model = folder / "net.onnx"
    model.write_bytes(with_weights(location))
    assert refused(model) == "model_external_data"


def test_an_address_in_memory_is_refused_even_if_there_is_such_a_file(folder: Path) -> None:
    if os.name == "nt":
        pytest.skip("no such names there")
    (folder / "*" / "_ORT_MEM_ADDR_").mkdir(parents=True)
    (folder / "*" / "_ORT_MEM_ADDR_" / "*").write_bytes(bytes(4))
    model = folder / "net.onnx"
    model.write_bytes(with_weights("*/_ORT_MEM_ADDR_/*"))
    assert refused(model) == "model_external_data"


def test_links_must_not_lead_out(folder: Path, tmp_path: Path) -> None:
    model = folder / "net.onnx"
    try:
        (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    except OSError:
        pytest.skip("this system lets nobody make links")
    model.write_bytes(with_weights("link.bin"))
    assert refused(model) == "model_external_data"
    # As caches do it: model and weights are links into one folder.
    store, shown = tmp_path / "store", tmp_path / "shown"
    store.mkdir()
    shown.mkdir()
    (store / "1f").write_bytes(with_weights("net.bin"))
    (store / "2e").write_bytes(bytes(4))
    (shown / "net.onnx").symlink_to(store / "1f")
    (shown / "net.bin").symlink_to(store / "2e")
    check_external_data(shown / "net.onnx", "net.onnx")


def test_weights_that_are_missing_are_named(folder: Path) -> None:
    model = folder / "net.onnx"
    for location in ("gone.bin", "weights", ""):
        model.write_bytes(with_weights(location))
        assert refused(model) == "model_not_found"


def test_of_several_locations_none_may_lead_out(folder: Path) -> None:
    model = folder / "net.onnx"
    twice = field(13, field(1, b"location") + field(2, SECRET.encode()) + field(2, b"beside.bin"))
    model.write_bytes(TINY.read_bytes() + PLACES["initializer"](tensor("beside.bin") + twice))
    assert refused(model) == "model_external_data"


def test_contents_have_no_folder() -> None:
    assert refused(with_weights("beside.bin")) == "model_external_data"
    check_external_data(TINY.read_bytes(), "net.onnx")


def test_what_is_no_model_is_corrupt() -> None:
    whole = TINY.read_bytes()
    codes = set()
    for data in (b"\x0b", b"not a network", b"\x3a\xff\xff\xff\xff\x0f", b"\xff" * 20, whole[:-5], whole + b"\x0c"):
        codes.add(refused(data))
    assert codes == {"model_corrupt"}
    check_external_data(b"", "net.onnx")


def test_engine_api_and_command_line_refuse_before_the_runtime_reads(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    def reached(*_: object, **__: object) -> None:
        raise AssertionError("the runtime got the model")

    model = folder / "net.onnx"
    model.write_bytes(with_weights(SECRET))
    photo = folder / "photo.png"
    photo.write_bytes(b"")
    monkeypatch.setattr(onnxruntime, "InferenceSession", reached)
    for load in (lambda: OnnxEngine(model), lambda: Remover(model), lambda: OnnxEngine(with_weights(SECRET))):
        with pytest.raises(ModelError) as caught:
            load()
        assert caught.value.code == "model_external_data"
    assert main(["cut", str(photo), "--model", str(model)]) == 3
    assert "outside its folder" in capsys.readouterr().err


def test_weights_beside_a_model_are_used(folder: Path) -> None:
    """A network that adds a number from another file to red."""
    onnx = pytest.importorskip("onnx")
    network = onnx.load(TINY)
    helper = onnx.helper
    added = helper.make_tensor("added", onnx.TensorProto.FLOAT, [1], struct.pack("<f", 0.5), raw=True)
    onnx.external_data_helper.set_external_data(added, "weights/deep.bin", offset=0, length=4)
    added.ClearField("raw_data")
    network.graph.initializer.append(added)
    for node in network.graph.node:
        node.output[:] = ["red" if name == "alpha" else name for name in node.output]
    network.graph.node.append(helper.make_node("Mul", ["red", "added"], ["alpha"]))
    model = folder / "net.onnx"
    model.write_bytes(network.SerializeToString())
    x = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
    np.testing.assert_allclose(OnnxEngine(model, device="cpu").run(x)[0], x[:, :1] / 2, rtol=1e-6)
    added.external_data[0].value = SECRET
    network.graph.initializer[-1].CopyFrom(added)
    model.write_bytes(network.SerializeToString())
    assert refused(model) == "model_external_data"


def test_the_fields_are_those_of_onnx() -> None:
    onnx = pytest.importorskip("onnx")
    found: dict[str, dict[int, str]] = {}
    waiting = [onnx.ModelProto.DESCRIPTOR]
    while waiting:
        message = waiting.pop()
        if message.name not in found:
            below = [each for each in message.fields if each.message_type is not None]
            found[message.name] = {each.number: each.message_type.name for each in below}
            waiting += [each.message_type for each in below]
    # What never leads to a tensor's external data is left out, and the field that is meant is kept.
    leading = {"TensorProto"}
    while grown := {name for name, below in found.items() if leading & set(below.values())} - leading:
        leading |= grown
    expected = {name: {n: to for n, to in found[name].items() if to in leading} for name in leading}
    expected["TensorProto"] = {13: found["TensorProto"][13]}
    assert {name: dict(below) for name, below in FIELDS.items()} == expected
