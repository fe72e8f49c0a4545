"""Exported networks answer as the trained ones do, at every size, and carry their description."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from typer.testing import CliRunner

from tress.engine import OnnxEngine
from tress.errors import InputError, ModelError
from tress.matting import GRID
from tress.process.geometry import resize
from tress.process.looks import locate, look_again
from tress.spec import ModelSpec
from tress_train.commands.cli import app
from tress_train.commands.export import OPSET, export_onnx, load_locator, load_refiner
from tress_train.models.locator import Locator
from tress_train.models.looking import Looking
from tress_train.models.refiner import Refiner
from tress_train.tasks.locator import LocatorPredictor

pytestmark = pytest.mark.train

LOCATOR = ModelSpec("tress-locator", "1", "locator", 64, has_uncertainty=True, has_presence=True, recipe="abc")
REFINER = ModelSpec("tress-refiner", "1", "refiner", 64, 8)
# Weights are stored in half precision; what that costs alpha must stay far below one step of 8 bits.
TOLERANCE = 0.5 / 255


@pytest.fixture(scope="module")
def locator():
    torch.manual_seed(0)
    return Locator("lite0").eval()


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_locator_parity(locator, tmp_path, half, size):
    path = tmp_path / "a.onnx"
    export_onnx(locator, LOCATOR, path, half=half)
    engine = OnnxEngine(path, threads=1)
    assert engine.spec == LOCATOR
    x = np.random.default_rng(0).random((2, 3, *size), np.float32)
    with torch.no_grad():
        want = locator(torch.from_numpy(x))
    for got, true in zip(engine.run(x), want, strict=True):
        np.testing.assert_allclose(got, true.numpy(), atol=TOLERANCE if half else 1e-4)


def test_both_looks_of_a_network_in_training_are_those_of_the_exported_one(tmp_path):
    torch.manual_seed(2)
    model = Locator("lite0").eval()
    torch.nn.init.normal_(model.up4.prior.weight)
    # Something is found, whatever the picture.
    torch.nn.init.ones_(model.head.bias)
    path = tmp_path / "a.onnx"
    export_onnx(model, replace(LOCATOR, second_look_px=96), path, half=False)
    image = np.random.default_rng(0).integers(0, 256, (90, 130, 3), np.uint8)
    engine = OnnxEngine(path, threads=1)
    first = locate(image, engine)
    want, got = look_again(image, first, engine), Looking(model, 64, 96)(image)
    assert got.alpha.shape == want.alpha.shape != first.alpha.shape
    np.testing.assert_allclose(got.alpha, want.alpha, atol=2e-3)
    assert np.abs(got.uncertainty.astype(int) - want.uncertainty).max() <= 2
    assert got.presence == pytest.approx(want.presence, abs=1e-4)
    alpha, _ = LocatorPredictor(model, 64, "fp32", 96)(image)
    np.testing.assert_allclose(alpha, resize(got.alpha, 90, 130), atol=1e-5)


def test_refiner_parity(tmp_path):
    torch.manual_seed(0)
    refiner = Refiner().eval()
    torch.nn.init.normal_(refiner.head.weight, std=0.3)
    path = tmp_path / "r.onnx"
    export_onnx(refiner, REFINER, path)
    x = np.random.default_rng(0).random((3, 5, 72, 40), np.float32)
    with torch.no_grad():
        want = refiner(torch.from_numpy(x)).numpy()
    assert np.abs(want - x[:, 3:4]).max() > 0.05
    np.testing.assert_allclose(OnnxEngine(path, threads=1).run(x)[0], want, atol=TOLERANCE)


def test_half_precision_halves_the_file_and_uses_plain_operators(locator, tmp_path):
    half = export_onnx(locator, LOCATOR, tmp_path / "h.onnx")
    full = export_onnx(locator, LOCATOR, tmp_path / "f.onnx", half=False)
    assert half < 0.55 * full
    graph = onnx.load(str(tmp_path / "h.onnx"))
    assert [(o.domain, o.version) for o in graph.opset_import] == [("", OPSET)]
    assert all(node.domain == "" for node in graph.graph.node)


def test_saved_weights_come_back(locator, tmp_path):
    torch.save(locator.state_dict(), tmp_path / "ema.pt")
    again = load_locator(tmp_path / "ema.pt", "lite0")
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(again(x)[0], locator(x)[0])


def test_weights_of_another_network_are_refused(locator, tmp_path):
    torch.save(locator.state_dict(), tmp_path / "ema.pt")
    for load in (lambda p: load_locator(p, "lite2"), load_refiner):
        with pytest.raises(ModelError) as caught:
            load(tmp_path / "ema.pt")
        assert caught.value.code == "weights_mismatch"


def test_the_command_writes_a_file_that_the_runtime_takes(locator, tmp_path):
    torch.save(locator.state_dict(), tmp_path / "ema.pt")
    target = tmp_path / "mine.onnx"
    arguments = ["export", str(tmp_path / "ema.pt"), str(target), "--variant", "lite0", "--long-side", "64"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert OnnxEngine(target, threads=1).spec.long_side_px == 64


def test_a_file_says_of_its_weights_what_the_record_says(locator, tmp_path):
    torch.save(locator.state_dict(), tmp_path / "ema.pt")
    recipe = {"name": "curriculum", "variant": "lite0", "stages": [{"long_side_px": 64}, {"long_side_px": 96}]}
    record = {"recipe": recipe, "recipe_hash": "abc", "finished": True, "used_sets": ["ccp1004"]}
    arguments = ["export", str(tmp_path / "ema.pt"), str(tmp_path / "a.onnx"), "--run", str(tmp_path)]

    def spec(*more, **changes):
        (tmp_path / "record.json").write_text(json.dumps({**record, **changes}))
        assert CliRunner().invoke(app, [*arguments, *more], catch_exceptions=False).exit_code == 0
        return OnnxEngine(tmp_path / "a.onnx", threads=1).spec

    found = spec()
    assert (found.long_side_px, found.licence, found.recipe) == (96, "Apache-2.0", "abc")
    assert spec(used_sets=["ccp1004", "mine"]).licence == ""
    assert spec(used_sets=["ccp1004", "ccp1004-cutouts"]).licence == "Apache-2.0"
    assert spec(used_sets=["ccp1004", "mine-cutouts"]).licence == ""
    found = spec("--long-side", "64", "--licence", "MIT", recipe={**recipe, "name": "finetune"})
    assert (found.long_side_px, found.licence) == (64, "MIT")
    assert spec(recipe={**recipe, "name": "finetune"}).licence == ""


def test_a_refiner_is_exported_for_the_tiles_of_the_runtime(tmp_path):
    torch.save(Refiner().state_dict(), tmp_path / "ema.pt")
    target = tmp_path / "r.onnx"
    arguments = ["export", str(tmp_path / "ema.pt"), str(target), "--task", "refiner"]

    def side(*more):
        assert CliRunner().invoke(app, [*arguments, *more], catch_exceptions=False).exit_code == 0
        return OnnxEngine(target, threads=1).spec.long_side_px

    assert side() == GRID.tile_px
    record = {"recipe": {"name": "refiner", "stages": [{"crop_px": 160}]}, "recipe_hash": "abc", "finished": True}
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert side("--run", str(tmp_path)) == GRID.tile_px
    assert side("--run", str(tmp_path), "--long-side", "96") == 96


@pytest.mark.parametrize("wrong", [["x.onnx", "--task", "painter"], ["x.txt"]])
def test_the_command_refuses_nonsense(tmp_path, wrong):
    with pytest.raises(InputError):
        CliRunner().invoke(app, ["export", str(tmp_path / "ema.pt"), *wrong], catch_exceptions=False)
