"""What is hard to bring about from outside: devices that do not start, pictures that take their time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tress.api
import tress.catalog
from tress.cli.failures import ExitCode
from tress.cli.main import main
from tress.errors import ModelError
from tress.io.decode import decode
from tress.matte import Matte


class FakeRemover:
    """Everything is subject, on a device that nobody asked for."""

    device, model = "cpu", "fake"
    warnings = ("cuda did not start: no driver",)

    def __init__(self, model: str, **settings: object) -> None:
        self.settings = settings

    def read(self, source: object):
        return decode(source)

    def matte(self, picture) -> Matte:
        if (picture.pixels == 13).all():
            raise ModelError("model_run", "the network failed")
        alpha = np.ones(picture.pixels.shape[:2], np.float32)
        return Matte(picture.pixels, alpha, True, 0.5, self.model, self.device, {"locate": 0.1}, ("half of it",))


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    monkeypatch.setattr(tress.api, "Remover", FakeRemover)
    monkeypatch.setattr(tress.catalog, "resolve", lambda *_, **__: None)


def photo(path: Path, value: int = 90) -> str:
    Image.new("RGB", (6, 4), (value,) * 3).save(path)
    return str(path)


def test_devices_that_did_not_start_are_told(tmp_path, capsys):
    assert main([photo(tmp_path / "a.png"), "--json"]) == ExitCode.OK
    assert capsys.readouterr().err == "warning: cuda did not start: no driver\n"


def test_warnings_of_a_picture_are_told_with_its_name(tmp_path, capsys):
    main([photo(tmp_path / "a.png"), "-q"])
    assert f"warning: {tmp_path / 'a.png'}: half of it\n" in capsys.readouterr().err


def test_a_network_that_fails_on_one_picture_goes_on_with_the_next(tmp_path, capsys):
    names = [photo(tmp_path / f"{n}.png", value) for n, value in enumerate([1, 13, 3, 13, 5, 6, 7])]
    assert main([*names, "--json"]) == ExitCode.SOME_FAILED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["input"] for row in rows] == names
    assert [row["error"] is None for row in rows] == [True, False, True, False, True, True, True]
    assert len(list(tmp_path.glob("*.cutout.png"))) == 5


def test_alone_the_failure_decides_the_exit_code(tmp_path):
    assert main([photo(tmp_path / "a.png", 13)]) == ExitCode.MODEL


def test_a_target_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    source = photo(tmp_path / "a.png")
    target = tmp_path / "a.cutout.png"

    def matte(self, picture):
        target.write_bytes(b"of somebody else")
        return Matte(picture.pixels, np.ones((4, 6), np.float32), True, 1.0, "fake", "cpu")

    monkeypatch.setattr(FakeRemover, "matte", matte)
    assert main([source]) == ExitCode.INPUT
    assert target.read_bytes() == b"of somebody else"
    assert not list(tmp_path.glob("*.part"))
