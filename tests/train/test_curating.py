from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.labels import make_label
from tress_train.data.collection import read_collection
from tress_train.data.library import load_library
from tress_train.data.reading import read_alpha
from tress_train.labels.curating import Choice, Outline, ask, candidates, curate, decided, drawn, read_choices
from tress_train.labels.distil import distil

pytestmark = pytest.mark.train

Answers = list[dict[str, Record]]

CORNER = Outline(True, ((0.0, 0.0), (50.0, 0.0), (50.0, 50.0), (0.0, 50.0)))


@pytest.fixture
def answers(data: Path, tmp_path: Path) -> Answers:
    """The given labels, and those of a network that is right but on every picture whose key ends with 3."""
    records = read_collection([data]).train
    blind = [key for key in records if key.endswith("3.png")]

    def nearly_right(image: np.ndarray) -> np.ndarray:
        for key, record in records.items():
            if record.alpha is not None and np.array_equal(cv2.imread(str(record.image))[..., ::-1], image):
                alpha = read_alpha(record.alpha)
                return np.zeros_like(alpha) if key in blind else alpha
        raise AssertionError("a picture that is not in the data")

    distil(records, nearly_right, "b" * 64, tmp_path / "labels")
    return [records, read_collection([data, tmp_path / "labels"]).train]


def test_only_pictures_whose_labels_differ_are_asked_about(answers: Answers, tmp_path: Path) -> None:
    path, count = ask(answers, tmp_path / "out")
    assert list(read_choices(path)) == ["discs/3.png", "rough/3.png"]
    assert count == 2
    assert set(read_choices(path).values()) == {Choice("?")}
    sheet = cv2.imread(str(tmp_path / "out" / "sheets" / "00000.png"))
    assert sheet.shape[1] == 5 * 192
    path.write_text("discs/3.png A\n")
    with pytest.raises(InputError) as error:
        ask(answers, tmp_path / "out")
    assert error.value.code == "choices_exist"
    assert path.read_text() == "discs/3.png A\n"


def test_chosen_labels_replace_the_old_ones(answers: Answers, data: Path, tmp_path: Path) -> None:
    letters = {"discs/3.png": "A", "discs/0.png": "D", "rough/3.png": "-", "rough/2.png": "0"}
    choices = {key: Choice(letter) for key, letter in letters.items()}
    folder = curate(answers, choices, tmp_path / "out").parent
    records = read_collection([data, folder]).train
    assert records.keys() == answers[0].keys()
    library = load_library(records, 512)
    assert library.dropped == ["rough/3.png"]
    photos = {photo.key: photo.label for photos in library.photos.values() for photo in photos}
    assert "rough/2.png" not in photos
    assert "rough/2.png" in [picture.key for picture in library.backgrounds["room"]]
    assert records["discs/3.png"] == answers[0]["discs/3.png"]
    alpha = answers[0]["discs/0.png"].alpha
    assert alpha is not None
    label = photos["discs/0.png"]
    sure = label.where > 0
    np.testing.assert_array_equal(label.alpha[sure] > 127, read_alpha(alpha)[sure] > 127)
    assert 0.5 < sure.mean() < 1
    assert not label.soft.any()


def test_a_choice_that_means_nothing_is_refused(answers: Answers, tmp_path: Path) -> None:
    for choices, code in (
        ({"discs/3.png": Choice("?")}, "choice_unknown"),
        ({"discs/3.png": Choice("E")}, "choice_unknown"),
        ({"discs/3.png": Choice("-", (CORNER,))}, "choice_unknown"),
        ({"lost.png": Choice("A")}, "key_unknown"),
    ):
        with pytest.raises(InputError) as error:
            curate(answers, choices, tmp_path / "out")
        assert error.value.code == code
    assert not (tmp_path / "out" / "manifest.jsonl").exists()
    drawings = ("A + 1,2 3,4", "A * 1,2 3,4 5,6", "A + -1,2 3,4 5,6", "A 1,2 3,4 5,6")
    for text in ("discs/3.png\n", "discs/3.png AB\n", "A\n", *(f"discs/3.png {drawing}\n" for drawing in drawings)):
        (tmp_path / "c.txt").write_text(text)
        with pytest.raises(InputError, match="line 1"):
            read_choices(tmp_path / "c.txt")
    with pytest.raises(InputError) as error:
        read_choices(tmp_path / "none.txt")
    assert error.value.code == "choices_unreadable"


def test_pictures_of_the_gates_are_never_labelled(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tress_train.labels.curating.read_gates", lambda: {"plain": ["rough/3.png"]})
    with pytest.raises(InputError) as error:
        curate(answers, {"discs/3.png": Choice("B"), "rough/3.png": Choice("0")}, tmp_path / "out")
    assert error.value.code == "gate_picture"
    assert "rough/3.png" in error.value.message
    assert not (tmp_path / "out" / "manifest.jsonl").exists()


def test_answers_that_agree_leave_nothing_to_ask(answers: Answers, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        ask([answers[0], answers[0]], tmp_path / "out")
    assert error.value.code == "answers_agree"
    with pytest.raises(InputError) as error:
        ask(answers[:1], tmp_path / "out")
    assert error.value.code == "answers_number"


def test_candidates_follow_colours_and_hold_what_any_answer_found() -> None:
    image = np.full((80, 80, 3), 220, np.uint8)
    image[20:60, 20:60] = (30, 60, 20)
    rng = np.random.default_rng(0)
    image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    wide, narrow = np.zeros((80, 80), np.uint8), np.zeros((80, 80), np.uint8)
    wide[12:68, 14:66] = 255
    narrow[24:56, 22:60] = 255
    found = candidates(image, [wide, narrow])
    assert list(found) == ["A", "B", "C", "D"]
    true = np.zeros((80, 80), bool)
    true[20:60, 20:60] = True
    assert ((found["C"] > 127) != true).mean() < 0.01
    np.testing.assert_array_equal(found["D"], np.maximum(wide, narrow))
    nothing = np.zeros((80, 80), np.uint8)
    assert not candidates(image, [nothing, nothing])["C"].any()


def test_doubt_stays_only_along_the_edge() -> None:
    answer = np.zeros((100, 100), np.uint8)
    answer[20:80, 20:80] = 255
    answer[45:55, 45:55] = 180
    answer[20:80, 80:84] = 90
    answer[5, 5] = 255
    label = decided(answer, colours=False)
    assert (label[45:55, 45:55] == 255).all()
    assert (label[30:70, 82:84] == 90).all()
    assert label[5, 5] == 0
    assert (label[50, 18:22] == 128).all()
    np.testing.assert_array_equal(np.unique(decided(answer, colours=True)), [0, 128, 255])


def test_outlines_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_text("a set/a 1.png A + 0,0 50,0 50,50 0,50 - 1.5,2 3,4 5,6\nb.png 0\n")
    hole = Outline(False, ((1.5, 2.0), (3.0, 4.0), (5.0, 6.0)))
    assert read_choices(path) == {"a set/a 1.png": Choice("A", (CORNER, hole)), "b.png": Choice("0")}


def test_outlines_add_and_take_away_with_doubt_along_their_edge() -> None:
    label = np.zeros((200, 400), np.uint8)
    label[:, 300:] = 255
    label[:, 280:300] = 128
    added = drawn(label, [CORNER])
    assert (added[:88, :188] == 255).all()
    assert (added[:88, 192:208] == 128).all()
    assert (added[112:, :280] == 0).all()
    np.testing.assert_array_equal(added[:, 280:], label[:, 280:])
    over = drawn(label, [Outline(True, ((60.0, 0.0), (100.0, 0.0), (100.0, 100.0), (60.0, 100.0)))])
    assert (over[:, 252:] == 255).all()
    label[:, 100:] = 255
    taken = drawn(label, [Outline(False, ((85.0, 0.0), (100.0, 0.0), (100.0, 100.0), (85.0, 100.0)))])
    assert (taken[:, 352:] == 0).all()
    assert (taken[:, 330:350] == 128).all()
    np.testing.assert_array_equal(taken[:, :328], label[:, :328])


def test_outlines_around_small_things_leave_less_doubt() -> None:
    outline = Outline(True, ((30.0, 30.0), (60.0, 30.0), (60.0, 60.0), (30.0, 60.0)))
    label = drawn(np.zeros((200, 200), np.uint8), [outline])
    assert make_label(label, "teacher") is not None
    assert (label == 255).any()
    assert (label == 128).any()


def test_outlines_are_drawn_on_an_answer_or_on_nothing(answers: Answers, data: Path, tmp_path: Path) -> None:
    choices = {"discs/0.png": Choice("A", (CORNER,)), "discs/1.png": Choice("0", (CORNER,))}
    folder = curate(answers, choices, tmp_path / "out").parent
    library = load_library(read_collection([data, folder]).train, 512)
    photos = {photo.key: photo.label for photos in library.photos.values() for photo in photos}
    for key, starts_from in (("discs/0.png", answers[0]["discs/0.png"].alpha), ("discs/1.png", None)):
        label = photos[key]
        sure = label.where > 0
        found = np.zeros(label.alpha.shape, bool) if starts_from is None else read_alpha(starts_from) > 127
        height, width = found.shape
        found[: height // 2, : width // 2] = True
        np.testing.assert_array_equal(label.alpha[sure] > 127, found[sure])
        assert 0.3 < sure.mean() < 1
