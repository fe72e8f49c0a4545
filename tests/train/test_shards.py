"""Data folders as shards: the same pictures, keys and losses, read from anywhere in the tar files."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from stores import gcs
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from tress.errors import InputError
from tress_train.commands.cli import app
from tress_train.data.collection import file_hash, fingerprints, read_collection
from tress_train.data.reading import read_rgb
from tress_train.recipes.base import Optim, Recipe
from tress_train.recipes.stages import OTHERS, Composites, Mix, Stage
from tress_train.run import loop
from tress_train.run.records import read_log, read_summary

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]

RUNNER = CliRunner()
MIX = Mix(sets={OTHERS: 0.5}, composite=0.4, empty=0.1, composites=Composites(studio=0.5))
RECIPE = Recipe(
    "tiny",
    stages=(Stage("only", steps=2, long_side_px=64, batch=2, lr=1e-3, mix=MIX),),
    variant="lite0",
    encoder_weights="random",
    precision="fp32",
    optim=Optim(warmup_steps=1),
    log_every=1,
    checkpoint_every=2,
    evaluate_every=2,
    loader_processes=0,
    val_stride=1,
)


@pytest.fixture(scope="module")
def packed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data in shards of which none holds more than one picture."""
    out = tmp_path_factory.mktemp("packed") / "shards"
    from tress_train.commands import packing

    packing.pack(*_parts(data), data.name, out, shard_bytes=1)  # type: ignore[arg-type]
    return out


def _parts(data: Path) -> tuple[object, object]:
    from tress.evaluation.manifest import read_manifest
    from tress_train.data.collection import split_folders

    roots = split_folders(data)
    records = {split: read_manifest(root / "manifest.jsonl") for split, (root, _) in roots.items()}
    return records, {split: root for split, (root, _) in roots.items()}


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gcs(tmp_path_factory.mktemp("emulator")) as address:
        yield address


def losses_of(out: Path) -> list[float]:
    return [row["loss"] for row in read_log(out) if row["event"] == "train"]


def test_shards_hold_the_same_pictures_under_the_same_keys(data: Path, packed: Path) -> None:
    folder, shards = read_collection([data]), read_collection([packed])
    for there, here in ((folder.train, shards.train), (folder.val, shards.val)):
        assert list(there) == list(here)
        for key, record in there.items():
            assert here[key].image.read_bytes() == record.image.read_bytes()
            assert (here[key].edge, here[key].kind, here[key].set) == (record.edge, record.kind, record.set)
        hashes = [{key: file_hash(record) for key, record in records.items()} for records in (there, here)]
        assert fingerprints(hashes[0], there) == fingerprints(hashes[1], here)
    path = next(iter(shards.train.values())).image
    # The loader's processes get a copy.
    assert (read_rgb(pickle.loads(pickle.dumps(path))) == read_rgb(path)).all()


def test_a_folder_and_its_shards_give_the_same_losses(data: Path, packed: Path, tmp_path: Path) -> None:
    loop.train(RECIPE, [data], tmp_path / "folder")
    recipe = replace(RECIPE, loader_processes=2)
    loop.train(recipe, [packed], tmp_path / "shards")
    assert losses_of(tmp_path / "folder") == losses_of(tmp_path / "shards")
    assert read_summary(tmp_path / "folder")["data"] == read_summary(tmp_path / "shards")["data"]


def test_memory_does_not_grow_with_the_data(data: Path, packed: Path, tmp_path: Path) -> None:
    from tress_train.data.library import FilePhoto, FilePicture, load_library

    library = load_library(read_collection([packed]).train, 80, in_memory=False)
    photos = [photo for found in library.photos.values() for photo in found]
    assert {type(photo) for photo in photos} == {FilePhoto}
    assert {type(picture) for found in library.cutouts.values() for picture in found} == {FilePicture}
    # What is kept of a picture is where it lies.
    assert max(len(pickle.dumps(photo)) for photo in photos) < 2000
    loop.train(replace(RECIPE, in_memory=False), [packed], tmp_path / "streamed")
    loop.train(replace(RECIPE, in_memory=False), [data], tmp_path / "folder")
    assert losses_of(tmp_path / "folder") == losses_of(tmp_path / "streamed")


def test_shards_are_streamed_from_a_bucket(data: Path, bucket: str, tmp_path: Path) -> None:
    out = f"{bucket}/shards"
    answer = RUNNER.invoke(app, ["shards", str(data), out])
    assert answer.exit_code == 0, answer.output
    assert answer.output.endswith("pictures in 2 shards\n")
    loop.train(replace(RECIPE, loader_processes=1), [out], tmp_path / "bucket")
    loop.train(RECIPE, [data], tmp_path / "folder")
    assert losses_of(tmp_path / "folder") == losses_of(tmp_path / "bucket")


def test_shards_are_web_dataset_tars(packed: Path) -> None:
    index = json.loads((packed / "shards.json").read_text(encoding="utf-8"))
    assert len(list(packed.glob("train-*.tar"))) == len(index["splits"]["train"])
    with tarfile.open(packed / "train-000000.tar") as tar:
        names = tar.getnames()
        row = json.loads(tar.extractfile(names[-1]).read())  # type: ignore[union-attr]
    assert len({name.partition(".")[0] for name in names}) == 1
    assert [name.partition(".")[2] for name in names] == ["image.png", "alpha.png", "json"]
    assert row == index["splits"]["train"][0]["row"]


def test_labels_of_pictures_in_another_folder_keep_their_keys(data: Path, tmp_path: Path) -> None:
    """As ``tress-train distil`` leaves them: the labels here, the pictures there."""
    first, labels = tmp_path / "data", tmp_path / "labels"
    shutil.copytree(data, first)
    rows = []
    for name in ("discs/0", "waiting/0"):
        path = labels / f"{name.replace('/', '-')}.png"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(data / "train/discs/1.alpha.png", path)
        place = first / "train" / f"{name}.png"
        if not place.exists():
            place.parent.mkdir()
            shutil.copy(data / "train/discs/1.png", place)
        row = {"image": os.path.relpath(place, labels), "alpha": path.name, "set": "discs", "kind": "objects"}
        rows.append({**row, "edge": "teacher", "ignore_px": 0})
    (labels / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    folders, packed = [first, labels], [tmp_path / "packed/own", tmp_path / "packed/labels"]
    for folder, out in zip(folders, packed, strict=True):
        assert RUNNER.invoke(app, ["shards", str(folder), str(out)]).exit_code == 0
    there, here = read_collection(folders).train, read_collection(packed).train
    assert list(there) == list(here)
    assert there["discs/0.png"].edge == here["discs/0.png"].edge == "teacher"
    assert "labels/../data/train/waiting/0.png" in here
    hashes = [{key: file_hash(record) for key, record in records.items()} for records in (there, here)]
    assert hashes[0] == hashes[1]


def test_no_shard_is_larger_than_asked_and_few_are_much_smaller(data: Path, tmp_path: Path) -> None:
    from tress_train.data.shards import SHARD_BYTES, pack

    # The end of a tar fills a record of its own.
    limit, record = 6 * tarfile.RECORDSIZE, tarfile.RECORDSIZE
    count = pack(*_parts(data), data.name, tmp_path / "out", shard_bytes=limit)  # type: ignore[arg-type]
    sizes = {path.name: path.stat().st_size for path in sorted((tmp_path / "out").glob("*.tar"))}
    assert count == len(sizes) > 3
    assert max(sizes.values()) <= limit
    largest = max(path.stat().st_size for path in data.glob("*/*/*.png"))
    last = {max(name for name in sizes if name.startswith(split)) for split in ("train", "val")}
    assert min(size for name, size in sizes.items() if name not in last) > limit - 2 * record - 2 * largest
    assert SHARD_BYTES < 64_000_000


def test_a_torn_packing_has_no_index_and_a_whole_one_is_not_packed_over(
    data: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RUNNER.invoke(app, ["shards", str(data), str(packed)]).exception.code == "target_exists"  # type: ignore[union-attr]
    from tress_train.data import shards

    put = shards.put_file

    def dies_late(source: Path, place: object) -> None:
        if "val" in str(place):
            raise OSError("the power has gone")
        put(source, place)  # type: ignore[arg-type]

    monkeypatch.setattr(shards, "put_file", dies_late)
    torn = tmp_path / "torn"
    assert isinstance(RUNNER.invoke(app, ["shards", str(data), str(torn)]).exception, OSError)
    assert list(torn.glob("*.tar"))
    with pytest.raises(InputError) as error:
        read_collection([torn])
    assert error.value.code == "data_missing"


def test_a_shard_that_is_cut_off_is_damaged_data(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "cut"
    RUNNER.invoke(app, ["shards", str(data), str(out)])
    path = out / "train-000000.tar"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="shorter than its index says") as error:
        loop.train(RECIPE, [out], tmp_path / "run")
    assert error.value.code == "data_damaged"


def test_a_prepared_folder_keeps_its_name_in_the_keys(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("0.png", "0.alpha.png"):
        (tmp_path / "mine" / name).write_bytes((data / "train/discs" / name).read_bytes())
    assert RUNNER.invoke(app, ["shards", str(tmp_path / "mine"), str(tmp_path / "out")]).exit_code == 1
    RUNNER.invoke(app, ["prepare", str(tmp_path / "mine")])
    url = f"file://{tmp_path}/out"
    assert RUNNER.invoke(app, ["shards", str(tmp_path / "mine"), url]).exit_code == 0
    assert list(read_collection([url]).train) == ["mine/0.png"]
    (tmp_path / "out/shards.json").write_text('{"version": 9}')
    with pytest.raises(InputError) as error:
        read_collection([url])
    assert error.value.code == "shards_malformed"
    assert fsspec.filesystem("file").exists(str(tmp_path / "out/data-000000.tar"))
