"""What a run reads: collections, held-back pictures, damage, fingerprints, difficulties, gates."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress_train.data import gathering
from tress_train.data.collection import Collection, file_hash, fingerprints, held_back, hold_back, read_collection
from tress_train.data.difficulty import measure_all
from tress_train.data.gates import build_gates, composite, found_in, read_targets
from tress_train.data.gathering import gather
from tress_train.data.library import load_library
from tress_train.data.prepare import check_folder, write_manifest
from tress_train.data.source import DataSource
from tress_train.data.sources import index, registered_sources
from tress_train.recipes import load_recipe
from tress_train.recipes.base import smoke
from tress_train.recipes.stages import Gate

pytestmark = pytest.mark.train


def test_only_pictures_of_the_first_folder_are_held_back(data: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(data / "train" / "discs", tmp_path / "mine")
    write_manifest(mine, check_folder(mine))
    recipe = replace(smoke(load_recipe("finetune")), own_held_back=0.5)
    run = gather(recipe, [mine, data], tmp_path / "cache.jsonl")
    assert run.subsets["own"]
    assert all(key.startswith("mine/") for key in run.subsets["own"])
    assert run.library.later == {"discs", "rough", "cuts", "grounds"}
    assert len(run.library.photos["rough"]) == 8


def test_damaged_pictures_are_all_listed_before_any_training(tmp_path: Path) -> None:
    good = np.full((70, 70, 3), 90, np.uint8)
    alpha = np.zeros((70, 70), np.uint8)
    alpha[20:50, 20:50] = 255
    for name in ("good", "cut", "size", "gone"):
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), good)
        cv2.imwrite(str(tmp_path / f"{name}.alpha.png"), alpha)
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:300])
    cv2.imwrite(str(tmp_path / "size.alpha.png"), alpha[:60])
    (tmp_path / "gone.alpha.png").unlink()
    rows = [
        {"image": f"{n}.jpg", "alpha": f"{n}.alpha.png", "set": "s", "kind": "objects", "edge": "hard", "ignore_px": 1}
        for n in ("good", "cut", "size", "gone")
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_library(read_collection([tmp_path]).train, 64)
    assert error.value.code == "data_damaged"
    for name in ("cut.jpg", "size.alpha.png is 70x60", "gone.alpha.png is missing", "3 of 4"):
        assert name in error.value.message
    assert "good" not in error.value.message


def test_damage_of_pictures_that_are_only_scored_shows_before_any_training(data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data, tmp_path / "data")
    recipe = replace(smoke(load_recipe("two_looks")), own_held_back=0.3, val_stride=2)
    recipe = replace(recipe, stages=tuple(replace(s, gates=(Gate("iou", "own", 0.0),)) for s in recipe.stages))
    own = gather(recipe, [folder], tmp_path / "cache.jsonl").subsets["own"][0]
    for path in (folder / "train" / own, folder / "val" / "rough" / "1.png"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError) as error:
        gather(recipe, [folder], tmp_path / "cache.jsonl")
    assert error.value.code == "data_damaged"
    assert own in error.value.message
    assert "val/rough/1.png" in error.value.message


def test_frozen_pictures_that_are_missing_show_before_any_training(data: Path, tmp_path: Path) -> None:
    recipe = smoke(load_recipe("two_looks"))
    gates = (Gate("iou", "plain", 0.0),)
    recipe = replace(recipe, stages=tuple(replace(stage, gates=gates) for stage in recipe.stages))
    with pytest.raises(InputError) as error:
        gather(recipe, [data], tmp_path / "cache.jsonl")
    assert error.value.code == "gate_pictures_missing"


def test_photos_of_the_validation_pictures_are_not_trained_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(smoke(load_recipe("two_looks")), own_held_back=0.0)
    monkeypatch.setattr(gathering, "SAME_PHOTO", {"discs/0.png": "rough/1.png", "elsewhere/1.webp": "rough/2.png"})
    run = gather(recipe, [data], tmp_path / "cache.jsonl")
    assert "discs/0.png" not in [photo.key for photo in run.library.photos["discs"]]
    assert "discs/1.png" in [photo.key for photo in run.library.photos["discs"]]
    assert run.overlapping == run.dropped == ["discs/0.png"]
    assert "discs/0.png" in run.train


def test_labels_of_a_teacher_that_saw_nothing_are_dropped(tmp_path: Path) -> None:
    image = np.full((70, 70, 3), 90, np.uint8)
    alpha = np.zeros((70, 70), np.uint8)
    rows = []
    for name, seen in (("blind", 3), ("seen", 30)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        alpha[:seen, :seen] = 255
        cv2.imwrite(str(tmp_path / f"{name}.alpha.png"), alpha)
        row = {"image": f"{name}.png", "alpha": f"{name}.alpha.png", "set": "s", "kind": "x", "edge": "teacher"}
        rows.append(json.dumps({**row, "ignore_px": 0}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows), encoding="utf-8")
    library = load_library(read_collection([tmp_path]).train, 100)
    assert [key.split("/")[1] for key in library.dropped] == ["blind.png"]
    assert [photo.key.split("/")[1] for photo in library.photos["s"]] == ["seen.png"]


def test_large_pictures_are_kept_small_and_the_ignored_band_shrinks_along(tmp_path: Path) -> None:
    alpha = np.zeros((400, 400), np.uint8)
    alpha[:, :200] = 255
    cv2.imwrite(str(tmp_path / "a.png"), np.full((400, 400, 3), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "a.alpha.png"), alpha)
    row = {"image": "a.png", "alpha": "a.alpha.png", "set": "s", "kind": "x", "edge": "hard", "ignore_px": 20}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row), encoding="utf-8")
    photo = load_library(read_collection([tmp_path]).train, 100).photos["s"][0]
    assert photo.image.shape == (100, 100, 3)
    assert 8 <= (photo.label.where == 0).sum() / 100 <= 13


def test_keys_that_meet_are_refused(data: Path) -> None:
    with pytest.raises(InputError, match="two pictures are called"):
        read_collection([data, data])
    with pytest.raises(InputError, match="prepare"):
        read_collection([data / "train" / "discs"])


def test_the_held_back_share_is_stable_and_about_right() -> None:
    keys = [f"set/{i}.webp" for i in range(4000)]
    back = [key for key in keys if held_back(key, 0.1)]
    assert 320 <= len(back) <= 480
    assert set(back) <= {key for key in keys if held_back(key, 0.2)}
    assert not held_back("set/1.webp", 0.0)
    assert hold_back(keys, 0.1) == back


def test_of_few_pictures_some_are_held_back_and_some_are_not() -> None:
    for folder in range(60):
        keys = [f"mine{folder}/{i}.jpg" for i in range(20)]
        by_rule = [key for key in keys if held_back(key, 0.15)]
        back = hold_back(keys, 0.15)
        assert set(by_rule) <= set(back)
        assert len(back) == max(3, len(by_rule))
        assert hold_back(keys[:2], 0.01) in ([keys[0]], [keys[1]])
        assert hold_back(keys[:1], 0.01) == hold_back(keys, 0.0) == hold_back([], 0.5) == []
    assert hold_back(["a", "b"], 1.0) == ["a", "b"]


@pytest.mark.parametrize("name", ["finetune", "refiner"])
def test_a_small_folder_has_held_back_pictures_however_small_the_share(
    name: str, cutout_data: Path, tmp_path: Path
) -> None:
    recipe = replace(smoke(load_recipe(name)), own_held_back=1e-6)
    run = gather(recipe, [cutout_data], tmp_path / "cache.jsonl")
    assert len(run.subsets["own"]) == 1
    library = run.library
    trained = {p.key for found in (library.photos, library.cutouts) for pictures in found.values() for p in pictures}
    assert trained
    assert run.subsets["own"][0].split("@")[0] not in trained


def test_a_fingerprint_changes_with_one_pixel(collection: Collection, tmp_path: Path) -> None:
    hashes = {key: file_hash(record) for key, record in collection.train.items()}
    before = fingerprints(hashes, collection.train)
    changed = {**hashes, "discs/0.png": "another"}
    after = fingerprints(changed, collection.train)
    assert [name for name in before if before[name] != after[name]] == ["discs"]


def test_measured_difficulties_are_remembered_and_a_torn_line_is_measured_again(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "difficulty.jsonl"
    first = measure_all(collection.train, cache)
    assert set(first) == {key for key, record in collection.train.items() if record.alpha is not None}
    assert first["discs/0.png"].subjects == 1
    assert first["discs/0.png"].soft_share is not None
    assert first["rough/0.png"].soft_share is None
    cache.write_text(cache.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    from tress_train.data import difficulty

    measured: list[int] = []
    real = difficulty.measure
    monkeypatch.setattr(difficulty, "measure", lambda *a, **k: measured.append(1) or real(*a, **k))
    assert measure_all(collection.train, cache) == first
    assert len(measured) == 1


def test_every_registered_source_says_what_it_is_and_names_meet_nowhere() -> None:
    sources = registered_sources()
    assert len(sources) > 15
    for name, source in sources.items():
        assert name == source.name
        assert source.what
        assert source.origin
        assert source.licence
        assert all(len(digest) == 64 for digest in source.fingerprints.values())
    twin = DataSource("a", "", "", "")
    with pytest.raises(InputError, match="'a'"):
        index([twin, twin])


@pytest.mark.parametrize("name", ["fashion-people", "fashion-people-cutouts"])
def test_sets_for_measuring_only_are_never_trained_on(tmp_path: Path, data: Path, name: str) -> None:
    text = (data / "train" / "manifest.jsonl").read_text(encoding="utf-8")
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "train").mkdir()
    lines = text.replace('"set": "discs"', f'"set": "{name}"').splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        for part in ("image", "alpha"):
            if part in row:
                row[part] = str(data / "train" / row[part])
    (folder / "train" / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(InputError) as error:
        gather(smoke(load_recipe("two_looks")), [folder], tmp_path / "cache.jsonl")
    assert error.value.code == "measuring_only"


def test_gate_composites_know_no_chance_and_differ_in_contrast(collection: Collection) -> None:
    subsets = build_gates(collection.train)
    assert subsets == build_gates(collection.train)
    cutout = np.zeros((60, 60, 4), np.uint8)
    cv2.circle(cutout, (30, 30), 20, (220, 120, 90, 255), -1)
    far, alpha = composite(cutout, None)
    near, _ = composite(cutout, None, near=True)
    inside, outside = alpha > 250, alpha < 5

    def gap(image: np.ndarray) -> float:
        return float(np.abs(image[inside].mean(0) - image[outside].mean(0)).mean())

    assert gap(far) > 3 * gap(near) > 0


def test_targets_of_gates_are_read_by_key_and_missing_ones_are_named(collection: Collection) -> None:
    keys = ["discs/0.png", "cuts/0.png", "cuts/0.png@grounds/1.png"]
    targets = list(read_targets(keys, collection.train))
    assert [target.set for target in targets] == ["discs", "cuts", "composite"]
    # What the clear pixels of a cut-out hide is not shown.
    clear = targets[1].label.alpha == 0
    assert targets[1].image[clear].std(0).max() == 0
    assert all(target.image.shape[:2] == target.label.alpha.shape for target in targets)
    with pytest.raises(InputError) as error:
        list(read_targets(["cuts/0.png@grounds/9.png"], collection.train))
    assert error.value.code == "gate_pictures_missing"


def test_a_cut_outs_clear_margin_is_trimmed(tmp_path: Path) -> None:
    pixels = np.zeros((40, 50, 4), np.uint8)
    pixels[10:20, 5:30] = (10, 20, 30, 255)
    pixels[20, 30] = (10, 20, 30, 1)
    Image.fromarray(pixels).save(tmp_path / "cut.png")
    record = Record(tmp_path / "cut.png", None, "cuts", "objects", "rgba", 0)
    [cutout] = load_library({"cut": record}, 100).cutouts["cuts"]
    np.testing.assert_array_equal(cutout.image, pixels[10:21, 5:31])


def test_gates_and_lists_know_their_pictures_in_a_later_folder(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = shutil.copytree(data / "train", tmp_path / "more")
    for name in ("discs", "rough"):
        shutil.rmtree(later / name)
    rows = [row for row in map(json.loads, (later / "manifest.jsonl").read_text().splitlines()) if "alpha" not in row]
    (later / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prefixed = read_collection([later]).train
    records = {key.removeprefix("more/"): record for key, record in prefixed.items()}
    subsets = {"first": ["cuts/0.png@far"], "gone": ["discs/9.png"]}
    assert found_in(subsets, records) == subsets
    assert found_in(subsets, prefixed) == {"first": ["more/cuts/0.png@far"], "gone": ["discs/9.png"]}
    monkeypatch.setattr("tress_train.data.library.read_lists", lambda: {"chosen": ["cuts/1.png"]})
    for found in (records, prefixed):
        cutouts = load_library(found, 64).cutouts
        assert [picture.key.split("/")[-1] for picture in cutouts["@chosen"]] == ["1.png"]
        assert len(cutouts["cuts"]) == 3
