"""A run goes on only with what it was started with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tress.errors import InputError
from tress_train.data.source import DataSource
from tress_train.models.locator import Locator
from tress_train.recipes import load_recipe
from tress_train.recipes.base import Optim, Recipe
from tress_train.recipes.stages import Composites, Gate, GateMissedError, Mix, Stage
from tress_train.run import loop
from tress_train.run.records import read_summary
from tress_train.run.running import _other_weights, hash_weights

pytestmark = [
    pytest.mark.train,
    # Packages below Accelerate and TensorBoard announce changes of their own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

MIX = Mix(sets={"discs": 0.6}, composite=0.4, composites=Composites(studio=0.5))
STAGE = Stage("only", steps=1, long_side_px=64, batch=2, lr=1e-3, mix=MIX, gates=(Gate("iou", "own", 1.1),))
RECIPE = Recipe(
    "tiny",
    stages=(STAGE,),
    variant="lite0",
    encoder_weights="random",
    precision="fp32",
    norms="frozen",
    optim=Optim(warmup_steps=1),
    log_every=1,
    checkpoint_every=1,
    evaluate_every=1,
    loader_processes=0,
    val_stride=0,
    own_held_back=0.3,
)


@pytest.fixture(scope="module")
def stopped(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``data``, the weights ``init.pt`` and a ``run`` on them that missed its gate."""
    folder = tmp_path_factory.mktemp("stopped")
    shutil.copytree(data, folder / "data")
    torch.manual_seed(5)
    torch.save(Locator("lite0").state_dict(), folder / "init.pt")
    with pytest.raises(GateMissedError):
        loop.train(RECIPE, [folder / "data"], folder / "run", init=folder / "init.pt")
    return folder


@pytest.fixture
def moved(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it at another place."""
    return shutil.copytree(stopped, tmp_path / "moved")


def go_on(folder: Path, *, init: str = "init.pt", **changes: Any) -> Path:
    weights = folder / init if init else None
    return loop.train(RECIPE, [folder / "data"], folder / "run", init=weights, **changes)


def add_set(folder: Path, name: str, edge: str) -> None:
    """Adds one picture of a new set to the training data."""
    train = folder / "data/train"
    rng = np.random.default_rng(1)
    cv2.imwrite(str(train / f"{name}.png"), rng.integers(0, 256, (70, 70, 4)).astype(np.uint8))
    cv2.imwrite(str(train / f"{name}.alpha.png"), np.eye(70, dtype=np.uint8) * 255)
    row = {"image": f"{name}.png", "set": name, "kind": "objects", "edge": edge, "ignore_px": 0}
    row |= {} if edge == "rgba" else {"alpha": f"{name}.alpha.png"}
    with open(train / "manifest.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def test_a_run_goes_on_with_the_same_data_and_weights_at_another_place(moved: Path, stopped: Path) -> None:
    (moved / "init.pt").rename(moved / "renamed.pt")
    # It is not drawn, so it does not matter.
    add_set(moved, "unused", "exact")
    with pytest.raises(GateMissedError):
        go_on(moved, init="renamed.pt")
    record = read_summary(moved / "run")
    assert record["init"] == str(stopped / "init.pt")
    assert record["weights"].keys() == {"init"}
    assert record["folders"] == [str(moved / "data")]


def test_a_run_goes_on_without_its_first_weights_and_keeps_their_name(
    moved: Path, stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_summary(moved / "run")
    with pytest.raises(GateMissedError):
        go_on(moved, init="")
    assert f"started from {stopped / 'init.pt'}" in capsys.readouterr().err
    after = read_summary(moved / "run")
    assert (after["init"], after["weights"]) == (before["init"], before["weights"])


def change_a_picture(folder: Path) -> None:
    path = folder / "data/train/discs/1.png"
    image = cv2.imread(str(path))
    image[0, 0] = 255 - image[0, 0]
    cv2.imwrite(str(path), image)


def take_a_set_away(folder: Path) -> None:
    path = folder / "data/train/manifest.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"grounds"' not in line), encoding="utf-8")


def change_the_weights(folder: Path) -> None:
    torch.save({name: value + 1 for name, value in Locator("lite0").state_dict().items()}, folder / "init.pt")


def forget_the_weights(folder: Path) -> None:
    path = folder / "run/record.json"
    path.write_text(json.dumps({**read_summary(folder / "run"), "init": "", "weights": {}}), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_a_picture, "data set discs has other pictures"),
        (take_a_set_away, "data set grounds is missing"),
        (lambda folder: add_set(folder, "added", "rgba"), "data set added is new"),
        (change_the_weights, "--init names a file with other weights"),
        (forget_the_weights, "started without --init"),
    ],
)
def test_other_data_or_weights_are_refused_and_change_nothing(
    change: Callable[[Path], None], said: str, moved: Path
) -> None:
    change(moved)
    before = [(moved / "run" / name).read_bytes() for name in ("last.pt", "record.json")]
    with pytest.raises(InputError, match=said) as error:
        go_on(moved)
    assert error.value.code == "run_differs"
    assert "another --out" in error.value.hint
    assert [(moved / "run" / name).read_bytes() for name in ("last.pt", "record.json")] == before


def test_another_first_folder_is_refused(moved: Path) -> None:
    path = moved / "run/record.json"
    record = {**read_summary(moved / "run"), "later_sets": ["discs"]}
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(InputError, match="first --data"):
        go_on(moved)


def test_records_that_know_less_are_compared_as_far_as_they_go(moved: Path) -> None:
    path = moved / "run/record.json"
    record = read_summary(moved / "run")
    path.write_text(json.dumps({k: v for k, v in record.items() if k not in ("weights", "later_sets")}), "utf-8")
    change_the_weights(moved)
    with pytest.raises(GateMissedError):
        go_on(moved)
    path.unlink()
    change_a_picture(moved)
    with pytest.raises(GateMissedError):
        go_on(moved)


def test_a_finished_run_stays_finished(moved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = go_on(moved, past_gates="enough")
    before = weights.read_bytes(), read_summary(moved / "run")
    assert before[1]["finished"]
    change_a_picture(moved)
    assert go_on(moved) == weights
    assert (weights.read_bytes(), read_summary(moved / "run")) == before
    said = capsys.readouterr().err
    assert "is finished" in said
    assert "data set discs has other pictures" in said


def test_the_weights_that_a_recipe_names_are_known_by_content(tmp_path: Path) -> None:
    (tmp_path / "locator.pt").write_text("locator")
    recipe = replace(load_recipe("refiner"), locator_weights=str(tmp_path / "locator.pt"))  # type: ignore[call-arg]
    weights = hash_weights(recipe, None)
    assert weights.keys() == {"locator_weights"}
    assert _other_weights(weights, {"weights": weights, "init": ""}) == []
    (tmp_path / "locator.pt").write_text("another")
    (found,) = _other_weights(hash_weights(recipe, None), {"weights": weights, "init": ""})
    assert found.startswith("locator_weights ")


def test_a_run_is_limited_to_open_data_and_goes_on_so(
    moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"not open are .*discs"):
        loop.train(RECIPE, [moved / "data"], tmp_path / "open", free="open")
    open_sets = {name: DataSource(name, "", "", "", free="open") for name in ("discs", "grounds")}
    closed = {name: DataSource(name, "", "", "") for name in ("cuts", "rough")}
    monkeypatch.setattr("tress_train.data.gathering.registered_sources", lambda: open_sets | closed)
    recipe = replace(RECIPE, stages=(replace(STAGE, mix=Mix(sets={"discs": 1.0})),))
    with pytest.raises(GateMissedError):
        loop.train(recipe, [moved / "data"], tmp_path / "open", free="open")
    record = read_summary(tmp_path / "open")
    assert (record["used_sets"], record["free"], record["not_free"]) == (["discs", "grounds"], "open", ["cuts"])
    with pytest.raises(InputError, match="limited to open data sets"):
        loop.train(recipe, [moved / "data"], tmp_path / "open")
    with pytest.raises(InputError, match="not limited to open data sets"):
        go_on(moved, free="open")
