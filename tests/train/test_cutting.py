"""Cut-outs from labelled photos, found by a predictor whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.evaluation.predictors import Prediction
from tress_train.commands.cli import app
from tress_train.data.collection import read_collection
from tress_train.data.library import load_library
from tress_train.data.reading import read_rgba
from tress_train.labels.cutting import cut_out, cut_out_all, is_decided, stands_alone

pytestmark = pytest.mark.train

Floats = npt.NDArray[np.float32]


class Answers:
    """A predictor that gives the same alpha for every picture."""

    name, size_bytes, cleans_colours = "answers", None, True

    def __init__(self, alpha: Floats) -> None:
        self.alpha = alpha

    def key(self, name: str) -> str:
        return name

    def predict(self, name: str, image: npt.NDArray[np.uint8]) -> Prediction:
        return Prediction(self.alpha, 1.0, 1.0, True, 0.0)


def disc(x: float = 150, y: float = 160, radius: float = 110, *, width: int = 300, height: int = 320) -> Floats:
    """The alpha of a disc with an edge of 6 px."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.clip((radius - np.hypot(columns - x, rows - y)) / 6 + 0.5, 0, 1).astype(np.float32)


def photo(folder: Path, label: Floats, *, edge: str = "hard", ignore_px: int = 3, name: str = "a") -> Record:
    """A red disc on blue, with a label."""
    folder.mkdir(parents=True, exist_ok=True)
    alpha = disc()[..., None]
    picture = alpha * np.array([220, 30, 30]) + (1 - alpha) * np.array([20, 40, 200])
    cv2.imwrite(str(folder / f"{name}.png"), picture.astype(np.uint8)[..., ::-1])
    cv2.imwrite(str(folder / f"{name}.alpha.png"), ((label > 0.5) * np.uint8(255)))
    return Record(folder / f"{name}.png", folder / f"{name}.alpha.png", "discs", "objects", edge, ignore_px)  # type: ignore[arg-type]


def test_a_subject_gets_the_predicted_edge_and_its_own_colours(tmp_path: Path) -> None:
    cutout = cut_out("a", photo(tmp_path, disc()), Answers(disc()))
    assert cutout is not None
    trimmed = disc()[46:275, 36:265]
    assert cutout.shape[:2] == pytest.approx(trimmed.shape, abs=4)
    alpha = cutout[..., 3]
    soft = (alpha > 60) & (alpha < 200)
    assert soft.sum() > 500
    # Half of a soft pixel is blue in the photo; the cut-out is red there.
    colours = cutout[soft][:, :3].astype(int)
    assert np.abs(colours - [220, 30, 30]).mean() < 12


def test_an_edge_that_is_kept_is_the_label_s(tmp_path: Path) -> None:
    record = photo(tmp_path, disc(), edge="teacher", ignore_px=0)
    cv2.imwrite(str(record.alpha), (disc(radius=108) * 255).astype(np.uint8))
    drawn = cut_out("a", record, Answers(disc()))
    kept = cut_out("a", record, Answers(disc()), keep_edge=True)
    assert drawn is not None
    assert kept is not None
    area = lambda cutout: cutout[..., 3].sum() / 255  # noqa: E731
    assert area(kept) == pytest.approx((disc(radius=108)).sum(), rel=0.003)
    assert area(drawn) > area(kept) * 1.01
    assert set(np.unique(kept[..., 3])) >= {0, 255}
    assert kept[..., 3][(kept[..., 3] > 0) & (kept[..., 3] < 14)].size == 0
    assert cut_out("a", record, Answers(disc(radius=90)), keep_edge=True) is None


def test_the_label_decides_away_from_its_edge(tmp_path: Path) -> None:
    answer = disc()
    answer[5:15, 5:15] = 1
    answer[150:160, 150:160] = 0
    cutout = cut_out("a", photo(tmp_path, disc()), Answers(answer))
    assert cutout is not None
    assert max(cutout.shape[:2]) < 230
    assert cutout[110:120, 110:120, 3].min() == 255


@pytest.mark.parametrize(
    ("answer", "label", "why"),
    [
        (disc(x=120), disc(), "found elsewhere"),
        (disc() * np.float32(0), disc(), "not found"),
        (disc(x=20), disc(x=20), "cut by the frame at its left"),
        (disc(y=20), disc(y=20), "cut by the frame at its top"),
        (disc(radius=70), disc(radius=70), "small"),
    ],
)
def test_subjects_that_cannot_be_trusted_are_left_out(tmp_path: Path, answer: Floats, label: Floats, why: str) -> None:
    assert cut_out("a", photo(tmp_path, label), Answers(answer)) is None, why


def test_a_bust_may_stand_on_the_lower_edge(tmp_path: Path) -> None:
    cutout = cut_out("a", photo(tmp_path, disc(y=260)), Answers(disc(y=260)))
    assert cutout is not None
    assert cutout[-1, :, 3].max() == 255


def test_a_teachers_doubt_is_left_to_the_predictor_and_haze_is_refused() -> None:
    alpha = (disc() * 255).astype(np.uint8)
    assert is_decided(alpha, 6)
    alpha[120:180, 120:180] = 120
    assert not is_decided(alpha, 6)
    assert stands_alone(alpha)


def test_an_exact_label_is_taken_as_it_is(tmp_path: Path) -> None:
    record = photo(tmp_path, disc(), edge="exact", ignore_px=0)
    exact = (disc() * 255 + 0.5).astype(np.uint8)
    exact[120:180, 120:180] = 120
    cv2.imwrite(str(record.alpha), exact)
    cutout = cut_out("a", record, Answers(disc() * np.float32(0)))
    assert cutout is not None
    rows, columns = np.nonzero(exact)
    np.testing.assert_array_equal(cutout[..., 3], exact[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    cv2.imwrite(str(record.alpha), (disc(x=20) * 255).astype(np.uint8))
    assert cut_out("a", record, Answers(disc(x=20))) is None


def test_a_label_of_another_size_is_refused(tmp_path: Path) -> None:
    record = photo(tmp_path, disc())
    cv2.imwrite(str(record.alpha), np.zeros((20, 20), np.uint8))
    with pytest.raises(InputError, match="size"):
        cut_out("a", record, Answers(disc()))


def test_the_folder_is_data_of_its_own(tmp_path: Path) -> None:
    records = {name: photo(tmp_path / "photos", disc(), name=name) for name in ("a", "b")}
    records["stamp"] = Record(tmp_path / "none.png", None, "stamps", "objects", "rgba", 0)
    seen: list[tuple[int, int]] = []
    path = cut_out_all(records, Answers(disc()), tmp_path / "out", lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["set"], row["edge"], row["kind"]) for row in rows] == [("discs-cutouts", "rgba", "objects")] * 2
    library = load_library(read_collection([tmp_path / "out"]).train, 512)
    assert len(library.cutouts["discs-cutouts"]) == 2
    assert read_rgba(tmp_path / "out" / rows[0]["image"]).shape[2] == 4
    with pytest.raises(InputError, match="is there already"):
        cut_out_all(records, Answers(disc()), tmp_path / "out")


def test_nothing_that_can_be_trusted_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none gives a cut-out"):
        cut_out_all({"a": photo(tmp_path, disc())}, Answers(disc(x=20)), tmp_path / "out")


def test_pictures_of_the_gates_are_never_cut_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tress_train.labels.cutting.read_gates", lambda: {"plain": ["a@far"]})
    with pytest.raises(InputError, match="of 0 pictures"):
        cut_out_all({"a": photo(tmp_path, disc())}, Answers(disc()), tmp_path / "out")


def test_the_command_says_which_sets_there_are(tmp_path: Path) -> None:
    record = photo(tmp_path, disc())
    assert record.alpha is not None
    row = {
        "image": record.image.name,
        "alpha": record.alpha.name,
        "set": "discs",
        "kind": "objects",
        "edge": "hard",
        "ignore_px": 3,
    }
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    arguments = ["cutouts", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*arguments, "--sets", "squares"])
    assert isinstance(result.exception, InputError)
    assert "squares" in result.exception.message
    assert "discs" in (result.exception.hint or "")
    assert CliRunner().invoke(app, [*arguments, "--sets", "discs"]).exit_code == 0
    assert (tmp_path / "out" / "manifest.jsonl").exists()
