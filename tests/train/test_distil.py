from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

onnx = pytest.importorskip("onnx")

from tress.errors import InputError, ModelError
from tress.evaluation.manifest import Record
from tress.spec import ModelSpec
from tress_train.commands.cli import app
from tress_train.data.collection import read_collection
from tress_train.data.library import load_library
from tress_train.data.prepare import check_folder, write_manifest
from tress_train.data.reading import read_alpha, read_rgb
from tress_train.labels.distil import distil
from tress_train.labels.teacher import Teacher

pytestmark = pytest.mark.train


def brightness_network(path: Path, spec: ModelSpec | None) -> Path:
    """A network whose alpha is the mean of the three channels, of any size."""
    from onnx import TensorProto, helper

    node = helper.make_node("ReduceMean", ["x"], ["alpha"], axes=[1], keepdims=1)
    graph = helper.make_graph(
        [node],
        "brightness",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, 1, "h", "w"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (spec.to_metadata() if spec else {}).items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, path)
    return path


SPEC = ModelSpec("brightness", "1", "locator", 96)


def test_a_teacher_answers_at_the_pictures_own_size(tmp_path: Path) -> None:
    teacher = Teacher(brightness_network(tmp_path / "t.onnx", SPEC))
    image = np.zeros((50, 130, 3), np.uint8)
    image[:, 65:] = 200
    alpha = teacher(image)
    assert alpha.shape == (50, 130)
    assert alpha[25, 10] == 0
    assert alpha[25, 120] == 200


def test_a_teacher_that_does_not_describe_itself_needs_a_description(tmp_path: Path) -> None:
    path = brightness_network(tmp_path / "t.onnx", None)
    with pytest.raises(ModelError) as error:
        Teacher(path)
    assert error.value.code == "model_spec_missing"
    squares = Teacher(path, ModelSpec("t", "", "locator", 64, keep_aspect=False, mean=(0.5, 0.5, 0.5)))
    assert squares(np.full((40, 90, 3), 255, np.uint8)).mean() == pytest.approx(128, abs=1)
    assert squares.content != Teacher(path, SPEC).content
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError):
        Teacher(tmp_path / "broken.onnx", SPEC)


def test_labels_are_made_once_and_a_stopped_command_goes_on(data: Path, tmp_path: Path) -> None:
    records = read_collection([data]).train
    calls: list[int] = []

    def teacher(image: np.ndarray) -> np.ndarray:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return image[..., 0]

    with pytest.raises(KeyboardInterrupt):
        distil(records, teacher, "a" * 64, tmp_path)
    assert not (tmp_path / "manifest.jsonl").exists()
    distil(records, teacher, "a" * 64, tmp_path)
    labelled = sum(record.alpha is not None for record in records.values())
    assert len(calls) == labelled + 1
    distil(records, teacher, "a" * 64, tmp_path)
    assert len(calls) == labelled + 1
    distil(records, teacher, "b" * 64, tmp_path)
    assert len(calls) == 2 * labelled + 1


def test_labels_are_data_to_train_on_and_a_broken_one_is_made_again(data: Path, tmp_path: Path) -> None:
    records = read_collection([data]).train
    distil(records, lambda image: image[..., 1], "a" * 64, tmp_path)
    # The same files keep their keys, so whatever is held back by key stays held back.
    relabelled = read_collection([data, tmp_path]).train
    assert set(relabelled) == set(records)
    assert {relabelled[key].edge for key in records if records[key].alpha is not None} == {"teacher"}
    made = read_collection([tmp_path]).train
    assert {record.edge for record in made.values()} == {"teacher"}
    record = next(iter(made.values()))
    assert record.alpha is not None
    assert np.array_equal(read_alpha(record.alpha), read_rgb(record.image)[..., 1])
    record.alpha.write_bytes(b"half")
    distil(records, lambda image: image[..., 1], "a" * 64, tmp_path)
    assert np.array_equal(read_alpha(record.alpha), read_rgb(record.image)[..., 1])


def test_pictures_without_a_subject_are_not_labelled(data: Path, tmp_path: Path) -> None:
    records = {k: r for k, r in read_collection([data]).train.items() if r.edge in ("rgba", "background")}
    with pytest.raises(InputError, match="no picture to label"):
        distil(records, lambda image: image[..., 0], "a" * 64, tmp_path)


def test_a_plain_folder_of_photos_is_labelled(data: Path, tmp_path: Path) -> None:
    photos, teacher = tmp_path / "photos", brightness_network(tmp_path / "t.onnx", SPEC)
    (photos / "deep").mkdir(parents=True)
    for name, source in (("a.png", "discs/0.png"), ("deep/b.png", "discs/1.png"), ("cut.png", "cuts/0.png")):
        shutil.copy(data / "train" / source, photos / name)
    words = ["distil", "--data", str(photos), "--teacher", str(teacher), "--out", str(photos / "labels")]
    for _ in range(2):
        answer = CliRunner().invoke(app, words)
        assert answer.exit_code == 0, answer.output
    records = read_collection([photos / "labels"]).train
    assert sorted(record.image.name for record in records.values()) == ["a.png", "b.png"]
    assert {(record.set, record.edge) for record in records.values()} == {("photos", "teacher")}
    library = load_library(records, 64)
    assert len(library.photos.get("photos", [])) + len(library.dropped) == 2


def test_pictures_that_have_a_label_keep_it_unless_asked(data: Path, tmp_path: Path) -> None:
    folder, teacher = tmp_path / "mine", brightness_network(tmp_path / "t.onnx", SPEC)
    folder.mkdir()
    for name, source in (("a.png", "0.png"), ("a.alpha.png", "0.alpha.png"), ("b.png", "1.png")):
        shutil.copy(data / "train" / "discs" / source, folder / name)
    write_manifest(folder, check_folder(folder))
    words = ["distil", "--data", str(folder), "--teacher", str(teacher), "--out", str(tmp_path / "labels")]
    for more, labelled in (([], ["b.png"]), (["--relabel"], ["a.png", "b.png"])):
        answer = CliRunner().invoke(app, [*words, *more])
        assert answer.exit_code == 0, answer.output
        found = read_collection([tmp_path / "labels"]).train
        assert sorted(record.image.name for record in found.values()) == labelled
    error = CliRunner().invoke(app, ["distil", "--data", str(data), *words[3:]]).exception
    assert isinstance(error, InputError)
    assert "--relabel" in error.hint


def rough_mask(folder: Path) -> dict[str, Record]:
    """A photo whose left half is subject by a mask that says nothing within 4 px of the edge."""
    mask = np.zeros((40, 60), np.uint8)
    mask[:, :30] = 255
    cv2.imwrite(str(folder / "photo.png"), np.full((40, 60, 3), 90, np.uint8))
    cv2.imwrite(str(folder / "mask.png"), mask)
    record = Record(folder / "photo.png", folder / "mask.png", "rough", "people", "hard", 4)
    exact = Record(folder / "photo.png", folder / "mask.png", "fine", "people", "exact", 0)
    return {"rough/photo.png": record, "fine/photo.png": exact}


def test_a_teacher_mends_only_the_band_of_a_rough_mask(tmp_path: Path) -> None:
    taught = np.zeros((40, 60), np.uint8)
    taught[:, :32] = 255
    taught[:, 32] = 100
    taught[:3, :3] = 0
    distil(rough_mask(tmp_path), lambda image: taught, "a" * 64, tmp_path / "out", mend=True)
    (record,) = read_collection([tmp_path / "out"]).train.values()
    assert (record.set, record.edge) == ("rough", "teacher")
    assert record.alpha is not None
    found = read_alpha(record.alpha)
    assert (found[:, 26:34] == taught[:, 26:34]).all()
    assert (found[:3, :3] == 255).all()
    assert (found[:, 36:] == 0).all()


def test_a_teacher_that_sees_something_else_mends_nothing(tmp_path: Path) -> None:
    records = rough_mask(tmp_path)
    with pytest.raises(InputError, match="agrees with none"):
        distil(records, lambda image: np.full((40, 60), 255, np.uint8), "a" * 64, tmp_path / "out", mend=True)
    with pytest.raises(InputError, match="no picture to label"):
        distil({"fine/photo.png": records["fine/photo.png"]}, lambda image: image[..., 0], "a", tmp_path, mend=True)


def test_pictures_of_the_gates_are_never_labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tress_train.labels.distil.read_gates", lambda: {"plain": ["rough/photo.png"]})
    with pytest.raises(InputError, match="no picture to label"):
        distil(rough_mask(tmp_path), lambda image: image[..., 0], "a" * 64, tmp_path, mend=True)
