"""Fine-tuning in one command: checked, trained, compared, and exported only if nothing was forgotten."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from tress.engine import OnnxEngine
from tress.errors import InputError
from tress_train.commands.cli import app
from tress_train.data.collection import file_hash, fingerprints, read_collection
from tress_train.data.sources.replay import SOURCE
from tress_train.models.locator import Locator
from tress_train.models.weights import load, mixed
from tress_train.run import finetuning
from tress_train.run.records import read_log, read_summary
from tress_train.scoring.before_after import Change
from tress_train.scoring.quick_eval import Row

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

RUNNER = CliRunner()


@pytest.fixture
def mine(data: Path, tmp_path: Path) -> Path:
    """A folder of eight photos with masks, and weights ``w.pt`` beside it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for path in (data / "train/discs").iterdir():
        shutil.copy(path, folder / path.name)
    torch.manual_seed(5)
    model = Locator("lite0")
    torch.nn.init.normal_(model.up4.prior.weight, std=0.01)
    torch.save(model.state_dict(), tmp_path / "w.pt")
    return folder


def finetune(folder: Path, *more: str) -> Any:
    here = folder.parent
    words = ["finetune", "--data", str(folder), "--out", str(here / "mine.onnx"), "--init", str(here / "w.pt")]
    return RUNNER.invoke(app, [*words, "--smoke", "--set", "variant=lite0", *more])


def test_a_folder_becomes_a_network_with_a_page_that_compares(mine: Path) -> None:
    answer = finetune(mine, "--accept-loss")
    assert answer.exit_code == 0, answer.output
    spec = OnnxEngine(mine.parent / "mine.onnx", threads=1).spec
    assert (spec.name, spec.long_side_px, spec.second_look_px) == ("mine", 32, 64)
    page = (mine.parent / "mine.run/before-after.html").read_text(encoding="utf-8")
    record = read_summary(mine.parent / "mine.run")
    assert record["used_sets"] == ["mine", "replay"]
    assert record["later_sets"] == ["replay"]
    assert page.count("<figure>") == len(_own(mine)) + finetuning_shown()
    assert "before" in page
    assert "http" not in page
    again = finetune(mine)
    assert isinstance(again.exception, InputError)
    assert again.exception.code == "target_exists"


def _own(folder: Path) -> list[str]:
    from tress_train.data.gathering import own_held_back

    return own_held_back(read_collection([folder]), 0.3)


def finetuning_shown() -> int:
    from tress_train.scoring.before_after import SHOWN

    return min(SHOWN, len(read_collection([finetuning.REPLAY]).val))


def test_a_network_that_has_forgotten_is_not_exported(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever the tiny network does, it counts as a loss.
    monkeypatch.setattr(finetuning, "IOU_TOLERANCE", -2.0)
    answer = finetune(mine)
    assert isinstance(answer.exception, finetuning.GeneralLossError)
    assert answer.exception.code == "general_set_lost"
    assert "--accept-loss" in answer.exception.hint
    assert not (mine.parent / "mine.onnx").exists()
    assert (mine.parent / "mine.run/before-after.html").exists()
    # Nothing is trained again by the second command.
    log = len(read_log(mine.parent / "mine.run"))
    assert finetune(mine, "--accept-loss").exit_code == 0
    assert len(read_log(mine.parent / "mine.run")) == log
    assert (mine.parent / "mine.onnx").exists()


def test_weights_of_one_look_are_refused_unless_one_look_is_asked_for(mine: Path) -> None:
    torch.save(Locator("lite0").state_dict(), mine.parent / "w.pt")
    refused = finetune(mine)
    assert isinstance(refused.exception, InputError)
    assert refused.exception.code == "weights_one_look"
    assert not (mine.parent / "mine.run").exists()
    assert "window_px=0" in refused.exception.hint
    once = finetune(mine, "--accept-loss", "--set", "stages.own.window_px=0")
    assert once.exit_code == 0, once.output
    assert OnnxEngine(mine.parent / "mine.onnx", threads=1).spec.second_look_px == 0


def test_what_is_wrong_with_the_folder_stops_it_before_anything_is_trained(mine: Path) -> None:
    (mine / "alone.png").write_bytes((mine / "0.png").read_bytes() + b" ")
    answer = finetune(mine)
    assert isinstance(answer.exception, InputError)
    assert answer.exception.code == "folder_problems"
    assert "wrong: alone.png" in answer.output
    assert not (mine.parent / "mine.run").exists()


def test_the_furthest_weights_that_lose_nothing_are_taken(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = iter([True, True, False])
    monkeypatch.setattr(Change, "lost", lambda *_: next(verdicts, False))
    answer = finetune(mine)
    assert answer.exit_code == 0, answer.output
    run = mine.parent / "mine.run"
    start, end, found = load(mine.parent / "w.pt"), load(run / "best.pt"), load(run / "tuned.pt")
    name = "head.weight"
    torch.testing.assert_close(found[name], (start[name] + end[name]) / 2)
    assert "50%" in answer.output


def test_mixed_weights_lie_between_and_counters_are_the_last_ones() -> None:
    start = {"w": torch.zeros(2), "n": torch.tensor(1)}
    end = {"w": torch.ones(2), "n": torch.tensor(5), "new": torch.ones(1)}
    found = mixed(start, end, 0.25)
    assert found["w"].tolist() == [0.25, 0.25]
    assert found["n"] == 5
    assert found["new"].tolist() == [1.0]


def test_it_stops_when_the_held_back_pictures_gain_no_more(tmp_path: Path) -> None:
    errors = [0.5, 0.4, 0.45, 0.41, 0.42]

    class Averaged:
        model = torch.nn.Linear(1, 1)

    class FakeRun:
        out, averaged = tmp_path, Averaged

        class progress:
            total = 0

    stop, answers = finetuning.EarlyStop(), []
    with open(tmp_path / "log.jsonl", "w", encoding="utf-8") as log:
        for i, error in enumerate(errors, 1):
            log.write(json.dumps({"event": "evaluate", "total": i, "subsets": {"own": {"mae": error}}}) + "\n")
            log.flush()
            FakeRun.progress.total = i
            if i == 2:
                torch.nn.init.constant_(Averaged.model.weight, 2.0)
            if i == 3:
                torch.nn.init.constant_(Averaged.model.weight, 3.0)
            answers.append(stop(FakeRun))  # type: ignore[arg-type]
    assert answers == [False, False, False, False, True]
    assert load(tmp_path / "best.pt")["weight"].item() == 2.0


def test_a_loss_is_a_worse_mean_beyond_what_is_known() -> None:
    row = Row("a", "s", iou=0.9, mae=0.02, band_mad=None, presence=1.0)
    assert Change([row], [replace(row, iou=0.88)]).lost(0.01, 0.005)
    assert Change([row], [replace(row, mae=0.03)]).lost(0.01, 0.005)
    assert not Change([row], [replace(row, iou=0.895, mae=0.024)]).lost(0.01, 0.005)


def test_the_replay_pictures_are_small_unchanged_and_hold_every_kind() -> None:
    collection = read_collection([finetuning.REPLAY])
    for split, records in (("train", collection.train), ("val", collection.val)):
        found = fingerprints({key: file_hash(record) for key, record in records.items()}, records)
        assert found == {"replay": SOURCE.fingerprints[split]}
    kinds = {record.kind for record in collection.train.values()}
    assert kinds >= {"people", "animals", "objects", "hair", "room"}
    assert {record.edge for record in collection.val.values()} >= {"hard", "rgba", "empty"}
    size = sum(path.stat().st_size for path in finetuning.REPLAY.rglob("*") if path.is_file())
    assert size < 2_000_000


def test_a_hard_mask_says_nothing_about_the_soft_edge(mine: Path) -> None:
    from tress_train.data.library import load_library

    for path in mine.glob("*.alpha.png"):
        from PIL import Image

        mask = np.asarray(Image.open(path)) > 127
        Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(path)
    RUNNER.invoke(app, ["prepare", str(mine)])
    library = load_library(read_collection([mine]).train, 80)
    assert all(photo.label.soft.max() == 0 for photo in library.photos["mine"])
    assert all(photo.label.where.max() == 255 for photo in library.photos["mine"])


def test_the_newest_released_weights_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(finetuning, "__file__", str(tmp_path / "a/b/c/d.py"))
    with pytest.raises(InputError) as error:
        finetuning.released_weights()
    assert "--init" in error.value.hint
    (tmp_path / "weights").mkdir()
    for version in ("0.9.0", "0.10.0"):
        (tmp_path / f"weights/tress-locator-{version}.pt").touch()
    assert finetuning.released_weights().name == "tress-locator-0.10.0.pt"
