"""Parts beside labelled subjects, looked at by a predictor that takes whatever is red for a subject."""

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
from tress_train.data.reading import read_rgb
from tress_train.data.sources import registered_sources, source_of
from tress_train.labels.curating import Choice
from tress_train.labels.emptying import SMALLEST_PX, beside_subject, cut_parts

pytestmark = pytest.mark.train

RED, GREEN = (220, 30, 30), (30, 120, 30)


class FindsRed:
    """A predictor."""

    name, size_bytes, cleans_colours = "red", None, True

    def key(self, name: str) -> str:
        return name

    def predict(self, name: str, image: npt.NDArray[np.uint8]) -> Prediction:
        return Prediction((image[..., 0] > 127).astype(np.float32), 1.0, 1.0, True, 0.0)


def photo(
    folder: Path,
    name: str,
    subject: tuple[slice, slice],
    *,
    bystander: tuple[slice, slice] | None = None,
    ignore_px: int = 3,
) -> Record:
    """A green photo of 300 x 400 px with a red subject, and at times a second one that its label leaves out."""
    folder.mkdir(parents=True, exist_ok=True)
    picture, label = np.full((300, 400, 3), GREEN, np.uint8), np.zeros((300, 400), np.uint8)
    picture[subject], label[subject] = RED, 255
    if bystander is not None:
        picture[bystander] = RED
    cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    cv2.imwrite(str(folder / f"{name}.alpha.png"), label)
    return Record(folder / f"{name}.png", folder / f"{name}.alpha.png", "ccp1004", "people", "hard", ignore_px)


LEFT, CORNER = (slice(20, 280), slice(30, 150)), (slice(0, 40), slice(360, 400))


def test_the_largest_free_side_is_taken_up_to_what_the_label_leaves_open(tmp_path: Path) -> None:
    part = beside_subject(photo(tmp_path, "a", LEFT, ignore_px=3))
    assert part is not None
    assert part.shape == (300, 247, 3)
    assert (part == GREEN).all()
    flipped = beside_subject(photo(tmp_path, "b", (slice(150, 300), slice(0, 400)), ignore_px=0))
    assert flipped is not None
    assert flipped.shape == (150, 400, 3)


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ((slice(50, 250), slice(SMALLEST_PX - 1, 400 - SMALLEST_PX + 1)), "narrow at every side"),
        ((slice(0, 0), slice(0, 0)), "no subject in the label, which may have missed it"),
    ],
)
def test_photos_without_such_a_side_give_nothing(tmp_path: Path, subject: tuple[slice, slice], why: str) -> None:
    record = photo(tmp_path, "a", subject)
    assert beside_subject(record) is None, why
    with pytest.raises(InputError) as caught:
        cut_parts({"a": record}, FindsRed(), tmp_path / "out")
    assert caught.value.code == "no_parts"


def test_a_label_of_another_size_is_refused(tmp_path: Path) -> None:
    record = photo(tmp_path, "a", LEFT)
    cv2.imwrite(str(record.alpha), np.zeros((20, 20), np.uint8))
    with pytest.raises(InputError, match="size"):
        beside_subject(record)


def test_where_something_is_found_a_person_decides(tmp_path: Path) -> None:
    records = {
        "alone": photo(tmp_path / "photos", "alone", LEFT),
        "poster": photo(tmp_path / "photos", "poster", LEFT, bystander=CORNER),
        "visitor": photo(tmp_path / "photos", "visitor", LEFT, bystander=CORNER),
        "stamp": Record(tmp_path / "none.png", None, "stamps", "objects", "rgba", 0),
    }
    out, seen = tmp_path / "out", []
    manifest, found = cut_parts(records, FindsRed(), out, None, lambda done, of: seen.append((done, of)))
    assert (seen, found) == ([(1, 3), (2, 3), (3, 3)], 2)
    assert len(manifest.read_text().splitlines()) == 1
    assert (out / "choices.txt").read_text() == "poster ?\nvisitor ?\n"
    assert [path.name for path in (out / "sheets").iterdir()] == ["00001.png"]
    assert (read_rgb(out / "sheets" / "00001.png") == RED).all(-1).any()
    with pytest.raises(InputError, match="is there already"):
        cut_parts(records, FindsRed(), out)

    assert cut_parts(records, FindsRed(), out, {"poster": Choice("0")}) == (manifest, 1)
    assert len(manifest.read_text().splitlines()) == 2
    # What a person says holds, whatever is found.
    said = {"alone": Choice("-"), "poster": Choice("0"), "visitor": Choice("-")}
    assert cut_parts(records, FindsRed(), out, said) == (manifest, 0)
    assert len(manifest.read_text().splitlines()) == 1
    cut_parts(records, FindsRed(), out, {"poster": Choice("0"), "visitor": Choice("-")})
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    assert [(row["set"], row["kind"], row["edge"]) for row in rows] == [("ccp1004-parts", "empty", "empty")] * 2
    library = load_library(read_collection([out]).train, 512)
    assert sorted((picture.image == RED).all(-1).any() for picture in library.empty) == [False, True]
    assert list(library.backgrounds) == ["empty"]


@pytest.mark.parametrize(
    ("key", "letter", "code"), [("a", "?", "choice_unknown"), ("a", "A", "choice_unknown"), ("b", "0", "key_unknown")]
)
def test_a_choice_that_means_nothing_writes_nothing(tmp_path: Path, key: str, letter: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        cut_parts({"a": photo(tmp_path, "a", LEFT)}, FindsRed(), tmp_path / "out", {key: Choice(letter)})
    assert caught.value.code == code
    assert not (tmp_path / "out").exists()


def test_pictures_of_the_gates_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tress_train.labels.emptying.read_gates", lambda: {"plain": ["a@far"]})
    with pytest.raises(InputError, match="of 0 photos"):
        cut_parts({"a": photo(tmp_path, "a", LEFT)}, FindsRed(), tmp_path / "out")


def test_parts_have_the_licence_of_their_photos() -> None:
    registered = registered_sources()
    assert source_of("ccp1004-parts", registered) is registered["ccp1004"]
    assert source_of("mine-parts", registered) is None


def test_the_command_tells_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tress.evaluation.predictors.ModelPredictor", lambda name: FindsRed())
    record = photo(tmp_path, "a", LEFT, bystander=CORNER)
    assert record.alpha is not None
    row = {"image": record.image.name, "alpha": record.alpha.name}
    row |= {"set": "ccp1004", "kind": "people", "edge": "hard", "ignore_px": 3}  # type: ignore[dict-item]
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    arguments = ["empties", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0
    choices = tmp_path / "out" / "choices.txt"
    assert f"--choices {choices}" in first.stdout
    assert isinstance(CliRunner().invoke(app, [*arguments, "--choices", str(choices)]).exception, InputError)
    choices.write_text(choices.read_text().replace("?", "0"))
    second = CliRunner().invoke(app, [*arguments, "--choices", str(choices)])
    assert second.exit_code == 0
    assert len((tmp_path / "out" / "manifest.jsonl").read_text().splitlines()) == 1
