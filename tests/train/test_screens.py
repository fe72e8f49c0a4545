"""Drawn screens that show photos: what they are made into, and that it can be trained on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from tress.evaluation.manifest import read_manifest
from tress_train.data.library import load_library

pytestmark = pytest.mark.train

TOOL = Path(__file__).parents[2] / "tools" / "screens.py"


def draw(folder: Path, photos: Path, count: int) -> Path:
    words = [sys.executable, str(TOOL), "--photos", str(photos), "--out", str(folder), "--count", str(count)]
    subprocess.run(words, check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    # Of a colour that no device and hardly any frame has.
    cv2.imwrite(str(folder / "green.png"), np.full((90, 120, 3), (40, 250, 40), np.uint8))
    cv2.imwrite(str(folder / "green.alpha.png"), np.zeros((90, 120), np.uint8))
    return folder


def test_what_a_screen_shows_belongs_to_it_and_what_lies_around_is_clear(tmp_path: Path, photos: Path) -> None:
    folder = draw(tmp_path / "out", photos, 12)
    for path in sorted((folder / "screens").glob("*.png")):
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        blue, green, red, alpha = np.moveaxis(picture.astype(int), -1, 0)
        shown = (green > 2 * blue) & (green > 2 * red) & (green > 60)
        assert shown.mean() > 0.2
        assert (alpha[shown] > 0).all()
        assert (alpha[shown] == 255).mean() > 0.98
        assert not alpha[[0, -1]].any()
        assert not alpha[:, [0, -1]].any()
        assert np.isin(alpha, (0, 255)).mean() > 0.95


def test_they_are_listed_as_cut_outs_and_the_same_every_time(tmp_path: Path, photos: Path) -> None:
    first, second = (draw(tmp_path / name, photos, 3) for name in ("a", "b"))
    records = read_manifest(first / "manifest.jsonl")
    library = load_library({str(record.image): record for record in records}, 256)
    assert len(library.cutouts["screens"]) == 3
    for record in records:
        assert record.image.read_bytes() == (second / record.image.relative_to(first)).read_bytes()


def refusal(folder: Path, photos: Path) -> str:
    words = [sys.executable, str(TOOL), "--photos", str(photos), "--out", str(folder)]
    refused = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    return refused.stderr


def test_what_cannot_be_drawn_is_refused(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "none").mkdir()
    assert "there are no photos" in refusal(tmp_path / "out", tmp_path / "none")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "torn.jpg").write_bytes((photos / "green.png").read_bytes()[:60])
    assert "torn.jpg" in refusal(tmp_path / "out", tmp_path / "torn")


def test_a_list_that_is_there_is_left_alone(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text("mine")
    assert "is there already" in refusal(tmp_path, photos)
    assert (tmp_path / "manifest.jsonl").read_text() == "mine"
