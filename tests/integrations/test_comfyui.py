"""The node pack, loaded, checked and run by a stand-in that does what ComfyUI does with node packs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tress.errors import InputError
from tress.outputs import OPTIONS

pytestmark = pytest.mark.train

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny_locator.onnx"
WIDGETS = {"BOOLEAN": bool, "FLOAT": (int, float), "INT": int, "STRING": str}


class StandIn:
    """Loads a folder of nodes, fills in the widgets, and runs one, as ComfyUI's execution does."""

    def __init__(self, folder: Path) -> None:
        name = f"custom_nodes_{folder.name}"
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None
        pack = importlib.util.module_from_spec(spec)
        sys.modules[name] = pack
        spec.loader.exec_module(pack)
        self.nodes: dict[str, Any] = pack.NODE_CLASS_MAPPINGS
        assert set(pack.NODE_DISPLAY_NAME_MAPPINGS) == set(self.nodes)

    def widgets(self, node: str) -> dict[str, Any]:
        """The values of a node that was just put on the canvas, checked against their types."""
        values = {}
        for name, (kind, *settings) in self.nodes[node].INPUT_TYPES()["required"].items():
            if kind in ("IMAGE", "MASK"):
                continue
            told = settings[0]
            value = told["default"]
            if isinstance(kind, list):
                assert value in kind, name
            else:
                assert isinstance(value, WIDGETS[kind]), name
                assert kind not in ("FLOAT", "INT") or told["min"] <= value <= told["max"], name
            values[name] = value
        return values

    def run(self, node: str, **inputs: Any) -> dict[str, Any]:
        """Runs a node and checks what it returns against what it declares."""
        made = self.nodes[node]()
        known = made.INPUT_TYPES()
        given = {**self.widgets(node), **inputs}
        assert set(given) <= {*known["required"], *known["optional"]}
        assert set(known["required"]) <= set(given)
        result = getattr(made, made.FUNCTION)(**given)
        assert isinstance(result, tuple)
        named = dict(zip(made.RETURN_NAMES, result, strict=True))
        for kind, value in zip(made.RETURN_TYPES, result, strict=True):
            assert value.dtype == torch.float32
            assert value.ndim == (4 if kind == "IMAGE" else 3)
            assert 0 <= float(value.min()) <= float(value.max()) <= 1
        return named


@pytest.fixture(scope="module")
def comfy() -> StandIn:
    return StandIn(ROOT / "integrations" / "comfyui")


@pytest.fixture
def tiny(comfy: StandIn, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the node with the tiny network: alpha is the red channel."""

    def run(**inputs: Any) -> dict[str, Any]:
        return comfy.run("TressRemoveBackground", model=str(TINY), device="cpu", refine=False, **inputs)

    return run


def pictures(*lefts: int) -> Any:
    batch = torch.zeros(len(lefts), 64, 96, 3)
    batch[..., 2] = 1
    for picture, left in zip(batch, lefts, strict=True):
        picture[16:48, left : left + 32, 0] = 1
    return batch


def test_every_option_is_there_but_those_of_files(comfy: StandIn) -> None:
    inputs = comfy.nodes["TressRemoveBackground"].INPUT_TYPES()
    asked = {*inputs["required"], *inputs["optional"]}
    assert {name for name in OPTIONS if name not in asked} == {
        "mask",
        "format",
        "quality",
        "lossless",
        "keep_metadata",
    }
    assert all(entry[1]["tooltip"] == OPTIONS[n].help for n, entry in inputs["required"].items() if n in OPTIONS)
    assert "default" in inputs["required"]["model"][0]


def test_pictures_and_masks_come_out(tiny: Any) -> None:
    result = tiny(image=pictures(8, 48))
    image, mask = result["image"].numpy(), result["mask"].numpy()
    assert image.shape == (2, 64, 96, 4)
    assert mask.shape == (2, 64, 96)
    np.testing.assert_array_equal(image[..., 3], mask)
    assert (mask[0, 32, 20], mask[0, 32, 70], mask[1, 32, 70]) == (1, 0, 1)
    assert image[0, 32, 20].tolist() == [1, 0, 1, 1]
    assert image[0, 2, 2].tolist() == [0, 0, 0, 0]


def test_a_batch_is_cropped_alike_over_a_background(tiny: Any) -> None:
    result = tiny(image=pictures(8, 48), crop=True, background="#ff0000", grow=2.0)
    image, mask = result["image"], result["mask"]
    assert image.shape[1:3] == mask.shape[1:3]
    assert image.shape[2] == pytest.approx(76, abs=6)
    assert image.shape[3] == 3
    assert image[0, 16, -3].tolist() == [1, 0, 0]
    assert float(mask[0, 16, -3]) == 0


def test_a_picture_is_put_behind_and_marks_count(tiny: Any) -> None:
    green = torch.zeros(1, 64, 96, 3)
    green[..., 1] = 1
    marks = torch.zeros(1, 64, 96)
    marks[:, :, :48] = 1
    result = tiny(image=pictures(32, 32), background_image=green, clear=marks)
    assert result["image"][1, 32, 40].tolist() == pytest.approx([0, 1, 0], abs=0.02)
    assert result["image"][1, 32, 58].tolist() == pytest.approx([1, 0, 1], abs=0.02)
    kept = tiny(image=pictures(32), keep=marks[:, ::2, ::2])
    assert float(kept["mask"][0, 4, 4]) == 1


def test_invert_and_transparent_inputs(tiny: Any) -> None:
    opaque = pictures(32)
    half = torch.cat([opaque, torch.full((1, 64, 96, 1), 0.5)], 3)
    assert float(tiny(image=half)["mask"][0, 32, 48]) == pytest.approx(0.5, abs=0.01)
    inverted = tiny(image=opaque, invert=True)["mask"]
    assert (float(inverted[0, 32, 48]), float(inverted[0, 2, 2])) == (0, 1)


def test_wrong_values_are_told_in_words(tiny: Any) -> None:
    with pytest.raises(InputError, match="background is 'reddish'"):
        tiny(image=pictures(8), background="reddish")
