"""Which data is missing: measured on held-back pictures, group by group."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from tress.errors import InputError
from tress_train.commands.cli import app
from tress_train.data.collection import read_collection
from tress_train.models.locator import Locator
from tress_train.run.needing import ASSUMED_POWER, Curve, held_back_photos, learning_curve, needs

pytestmark = pytest.mark.train

RUNNER = CliRunner()


def leave_run(folder: Path, photos: int, mae: float) -> Path:
    folder.mkdir()
    recipe = {"name": "r", "task": "locator", "variant": "lite0", "precision": "fp32", "own_held_back": 0.4}
    record = {
        "recipe": {**recipe, "stages": [{"long_side_px": 64}]},
        "subsets": {"own": {"mae": mae, "iou": 0.5, "n": 2}},
    }
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    row = {"time": "2026-01-01T10:00:00", "event": "stage", "pools": {"a": photos - 1, "b": 1}}
    (folder / "log.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    torch.manual_seed(1)
    torch.save(Locator("lite0").state_dict(), folder / "ema.pt")
    return folder


def test_groups_where_the_network_fails_come_first(data: Path, tmp_path: Path) -> None:
    collection = read_collection([data])
    held = held_back_photos(collection, 0.4)
    assert held

    def predict(image: np.ndarray) -> tuple[np.ndarray, float]:
        return np.zeros(image.shape[:2], np.float32), 0.0

    found = needs(predict, collection, 0.4, tmp_path / "d.jsonl", Curve(0.5))
    (kind,) = [need for need in found if need.name == "kind objects"]
    assert kind.mae is not None
    assert kind.mae.n == len(held)
    assert kind.trained == 16 - len(held)
    assert kind.iou is not None
    assert kind.iou.value == 0
    # All groups together miss what is missed, and more of many helps less than more of few.
    falls = 1 - ((kind.trained + 100) / kind.trained) ** -0.5
    assert kind.gain == pytest.approx(kind.mae.value * falls)
    assert [need.gain for need in found] == sorted((need.gain for need in found), reverse=True)


def test_the_command_says_how_many_there_are_and_how_it_does(data: Path, tmp_path: Path) -> None:
    run = leave_run(tmp_path / "run", 8, 0.2)
    answer = RUNNER.invoke(app, ["needs", str(run), "--data", str(data), "--out", str(tmp_path / "n.json")])
    assert answer.exit_code == 0, answer.output
    assert "kind objects" in answer.output
    assert "assumed" in answer.output
    facts = json.loads((tmp_path / "n.json").read_text(encoding="utf-8"))
    assert facts["power"] == ASSUMED_POWER
    other = leave_run(tmp_path / "half", 4, 0.4)
    measured = RUNNER.invoke(app, ["needs", str(run), "--data", str(data), "--curve", str(other)])
    assert "power of -1.00" in measured.output


def test_the_curve_is_the_power_at_which_errors_fall(tmp_path: Path) -> None:
    runs = [leave_run(tmp_path / str(n), n, 0.5 * n**-0.25) for n in (16, 64, 256)]
    assert learning_curve(runs).power == pytest.approx(0.25)
    assert learning_curve([]).points == ()
    with pytest.raises(InputError) as error:
        learning_curve(runs[:1])
    assert error.value.code == "curve_too_short"


def test_without_held_back_pictures_nothing_is_said(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        needs(
            lambda image: (np.zeros(image.shape[:2], np.float32), 0.0), read_collection([data]), 0.0, tmp_path, Curve(1)
        )
    assert error.value.code == "nothing_held_back"
