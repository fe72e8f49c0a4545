"""The server for assistants, asked by the official SDK's own client."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("mcp")
import anyio
from mcp import Client, StdioServerParameters

from tress.api import Remover
from tress.errors import InputError
from tress.mcp import Allowed, make_server
from tress.outputs import OPTIONS

TINY = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"
Ask = Callable[..., Any]


def photo(path: Path, blue: int = 255) -> Path:
    """64x96: alpha 1 in a square in the middle, 0 elsewhere; blue is how sure the network is of a subject."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[..., 2] = blue
    pixels[16:48, 32:64, 0] = 255
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    photo(tmp_path / "mine" / "photo.png")
    photo(tmp_path / "secret.png")
    return tmp_path / "mine"


@pytest.fixture
def ask(folder: Path) -> Ask:
    """Calls a tool; gives whether it failed, and what it said."""
    server = make_server(Allowed.of([folder]), lambda: Remover(TINY, device="cpu", refine=False))

    def call(name: str, **arguments: Any) -> tuple[bool, str]:
        async def run() -> tuple[bool, str]:
            async with Client(server) as client:
                result = await client.call_tool(name, arguments)
                return bool(result.is_error), "".join(part.text for part in result.content)

        return anyio.run(run)

    return call


def test_a_background_is_removed(ask: Ask, folder: Path) -> None:
    failed, said = ask("remove_background", input="photo.png", options={"crop": True, "margin": "4px"})
    assert not failed, said
    told = json.loads(said)
    assert told["output"] == str(folder / "photo.cutout.png")
    assert told["found"]
    assert told["box"]["left"] == pytest.approx(32, abs=3)
    with Image.open(folder / "photo.cutout.png") as cutout:
        assert (cutout.mode, cutout.size) == ("RGBA", (told["width"], told["height"]))
    again = ask("remove_background", input="photo.png")
    assert again[0]
    assert "exists" in again[1]
    assert not ask("remove_background", input="photo.png", overwrite=True)[0]


def test_options_are_those_of_the_command_line(ask: Ask, folder: Path) -> None:
    Image.new("RGB", (96, 64), (0, 200, 0)).save(folder / "green.png")
    wanted = {"background": "green.png", "quality": 95}
    failed, said = ask("remove_background", input="photo.png", output="shop.jpg", options=wanted)
    assert not failed, said
    with Image.open(folder / "shop.jpg") as shop:
        assert np.asarray(shop)[3, 3].tolist() == pytest.approx([0, 200, 0], abs=6)
    failed, said = ask("remove_background", input="photo.png", options={"colour": "red"})
    assert (failed, "no option 'colour'" in said) == (True, True)
    assert (
        "clash.png is a name for png"
        in ask("remove_background", input="photo.png", output="clash.png", options={"format": "webp"})[1]
    )


def test_a_picture_is_described_without_writing(ask: Ask, folder: Path) -> None:
    before = sorted(folder.iterdir())
    failed, said = ask("matte_info", input=str(folder / "photo.png"))
    assert not failed, said
    told = json.loads(said)
    assert (told["found"], told["width"], told["height"]) == (True, 96, 64)
    assert told["subject_share"] == pytest.approx(1 / 6, abs=0.05)
    photo(folder / "empty.png", blue=0)
    assert json.loads(ask("matte_info", input="empty.png")[1])["box"] is None
    assert sorted([*before, folder / "empty.png"]) == sorted(folder.iterdir())


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("matte_info", {"input": "../secret.png"}),
        ("matte_info", {"input": "link.png"}),
        ("matte_info", {"input": "{above}/secret.png"}),
        ("remove_background", {"input": "photo.png", "output": "../out.png"}),
        ("remove_background", {"input": "photo.png", "options": {"background": "../secret.png"}}),
        ("remove_background", {"input": "photo.png", "options": {"keep": "link.png"}}),
        ("evaluate", {"data": "..", "out": "report"}),
        ("evaluate", {"data": ".", "out": "../report"}),
        ("evaluate", {"data": ".", "out": "report", "models": ["../model.onnx"]}),
    ],
)
def test_nothing_outside_of_the_folders_is_touched(ask: Ask, folder: Path, tool: str, arguments: dict) -> None:
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    arguments = {k: v.format(above=folder.parent) if isinstance(v, str) else v for k, v in arguments.items()}
    failed, said = ask(tool, **arguments)
    assert failed
    assert "not below an allowed folder" in said
    assert sorted(path.name for path in folder.parent.iterdir()) == ["mine", "secret.png"]


def test_models_are_scored(ask: Ask, folder: Path) -> None:
    for name in ("image", "alpha"):
        (folder / "set" / name).mkdir(parents=True)
    photo(folder / "set" / "image" / "1.png")
    truth = np.zeros((64, 96), np.uint8)
    truth[16:48, 32:64] = 255
    Image.fromarray(truth).save(folder / "set" / "alpha" / "1.png")
    Image.fromarray(truth).save(folder / "1.png")
    (folder / "predicted.d").mkdir()
    (folder / "1.png").rename(folder / "predicted.d" / "1.png")
    failed, said = ask("evaluate", data="set", out="report", models=["predicted.d"], metrics=["iou"])
    assert not failed, said
    assert "1.000" in said
    assert (folder / "report" / "report.html").exists()
    assert "at least 1" in ask("evaluate", data="set", out="report", every=0)[1]


def test_every_option_is_described_and_folders_must_be_there(folder: Path, tmp_path: Path) -> None:
    server = make_server(Allowed.of([folder]), lambda: Remover(TINY, refine=False))
    tools = {tool.name: tool for tool in anyio.run(server.list_tools)}
    assert set(tools) == {"remove_background", "matte_info", "evaluate"}
    for option in OPTIONS.values():
        assert f"- {option.name}: {option.help}" in tools["remove_background"].description
    with pytest.raises(InputError, match="is no folder"):
        Allowed.of([tmp_path / "nowhere"])


def test_the_command_speaks_the_protocol_on_its_streams(folder: Path) -> None:
    command = ["-m", "tress", "mcp", "--allow", str(folder), "--model", str(TINY), "--no-refine", "--device", "cpu"]

    async def run() -> str:
        async with Client(StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))) as client:
            result = await client.call_tool("matte_info", {"input": "photo.png"})
            return "".join(part.text for part in result.content)

    assert json.loads(anyio.run(run))["found"]
