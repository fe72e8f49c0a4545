"""Runs and data under URLs: nothing torn is used, and a run goes on in a fresh folder as if nothing had happened."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import fsspec
import pytest
from stores import gcs

torch = pytest.importorskip("torch")

from tress.errors import InputError
from tress_train.data.collection import read_collection
from tress_train.models.weights import load
from tress_train.recipes.base import Optim, Recipe
from tress_train.recipes.stages import OTHERS, Composites, Mix, Stage
from tress_train.run import loop
from tress_train.run.records import read_log, read_summary
from tress_train.storage import copies
from tress_train.storage.copies import local_file, local_folder, local_run
from tress_train.storage.places import StorageError, exists
from tress_train.storage.versions import Versions

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # aiohttp would rather have files than bytes; gcsfs gives it bytes.
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]

MIX = Mix(sets={OTHERS: 0.5}, composite=0.4, empty=0.1, composites=Composites(studio=0.5))
RECIPE = Recipe(
    "tiny",
    stages=(Stage("only", steps=4, long_side_px=64, batch=2, lr=1e-3, mix=MIX),),
    variant="lite0",
    encoder_weights="random",
    precision="fp32",
    optim=Optim(warmup_steps=1),
    log_every=1,
    checkpoint_every=2,
    evaluate_every=4,
    loader_processes=0,
    val_stride=0,
)
Killed = Callable[[int], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gcs(tmp_path_factory.mktemp("emulator")) as address:
        yield address


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A URL of files on this disk, which may be torn by hand."""
    return f"file://{tmp_path}/kept"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRESS_CACHE", str(tmp_path / "cache"))


def upload(folder: Path, address: str) -> None:
    fs, path = fsspec.core.url_to_fs(address)
    for file in folder.rglob("*"):
        if file.is_file():
            fs.pipe_file(f"{path}/{file.relative_to(folder).as_posix()}", file.read_bytes())


def losses_of(out: Path) -> dict[int, float]:
    return {row["total"]: row["loss"] for row in read_log(out) if row["event"] == "train"}


def test_a_job_that_is_pre_empted_goes_on_from_the_bucket_in_a_fresh_folder(
    bucket: str, data: Path, tmp_path: Path, killed_in_step: Killed
) -> None:
    loop.train(RECIPE, [data], tmp_path / "undisturbed")
    upload(data, f"{bucket}/data")
    out = f"{bucket}/runs/a"
    with killed_in_step(4):
        loop.train(RECIPE, [f"{bucket}/data"], out)
    # Another machine: nothing of the first is there.
    shutil.rmtree(copies.cache_folder())
    assert loop.train(RECIPE, [f"{bucket}/data"], out) == f"{out}/ema.pt"
    run = local_run(out)
    assert losses_of(run) == losses_of(tmp_path / "undisturbed")
    whole, found = load(tmp_path / "undisturbed/ema.pt"), load(local_file(f"{out}/ema.pt"))
    assert all(torch.equal(whole[name], found[name]) for name in whole)
    assert read_summary(run)["finished"]
    assert read_summary(run)["folders"] == [f"{bucket}/data"]
    # Only what the two newest versions name is kept.
    fs, path = fsspec.core.url_to_fs(out)
    fs.invalidate_cache()
    assert len(fs.ls(f"{path}/versions")) == 2
    assert len([name for name in fs.ls(f"{path}/objects", detail=False) if name.endswith("last.pt")]) <= 2
    # A finished run stays as it is.
    loop.train(RECIPE, [f"{bucket}/data"], out)


def test_curves_and_weights_go_where_vertex_wants_them(
    data: Path, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIP_TENSORBOARD_LOG_DIR", f"file://{tmp_path}/board")
    monkeypatch.setenv("AIP_MODEL_DIR", f"file://{tmp_path}/model")
    loop.train(RECIPE, [data], url)
    assert list((tmp_path / "board").glob("events*"))
    assert load(tmp_path / "model/ema.pt").keys() == load(tmp_path / "kept/ema.pt").keys()
    assert read_summary(tmp_path / "model")["finished"]


def files(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def two_versions(tmp_path: Path, url: str) -> Versions:
    """The first has a=1 and b=1, the second a=2 and b=1."""
    (tmp_path / "here").mkdir()
    kept = Versions(url)
    for name, text in (("a", "1"), ("b", "1")):
        (tmp_path / "here" / name).write_text(text)
    kept.push(tmp_path / "here")
    (tmp_path / "here/a").write_text("22")
    kept.push(tmp_path / "here")
    return kept


def cut_list(folder: Path) -> None:
    path = folder / "versions/000002.json"
    path.write_bytes(path.read_bytes()[:-20])


def change_list(folder: Path) -> None:
    path = folder / "versions/000002.json"
    path.write_text(path.read_text().replace('"bytes": 2', '"bytes": 3'))


def cut_object(folder: Path) -> None:
    for path in (folder / "objects").glob("*-a"):
        if path.read_text() == "22":
            path.write_text("2")


def change_object(folder: Path) -> None:
    for path in (folder / "objects").glob("*-a"):
        if path.read_text() == "22":
            path.write_text("23")


def lose_object(folder: Path) -> None:
    for path in (folder / "objects").glob("*-a"):
        if path.read_text() == "22":
            path.unlink()


@pytest.mark.parametrize("tear", [cut_list, change_list, cut_object, change_object, lose_object])
def test_what_is_torn_is_passed_over_for_the_version_before(
    tear: Callable[[Path], None], tmp_path: Path, url: str
) -> None:
    two_versions(tmp_path, url)
    tear(tmp_path / "kept")
    kept = Versions(url)
    assert kept.pull(tmp_path / "there")
    assert files(tmp_path / "there") == {"a": "1", "b": "1"}
    # The next upload makes it whole again.
    (tmp_path / "there/a").write_text("22")
    kept.push(tmp_path / "there")
    assert Versions(url).pull(tmp_path / "once more")
    assert files(tmp_path / "once more") == {"a": "22", "b": "1"}


def test_without_a_whole_version_a_run_is_not_started_anew_over_it(tmp_path: Path, url: str) -> None:
    two_versions(tmp_path, url)
    for path in (tmp_path / "kept/versions").iterdir():
        path.write_text("{")
    with pytest.raises(StorageError, match="no whole version") as error:
        Versions(url).pull(tmp_path / "there")
    assert error.value.code == "storage_torn"
    assert not (tmp_path / "there").exists()


def test_an_upload_that_dies_leaves_the_version_before(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = two_versions(tmp_path, url)
    (tmp_path / "here/a").write_text("333")
    fs, _ = fsspec.core.url_to_fs(url)

    def dies(local: str, remote: str, **_: Any) -> None:
        Path(remote).write_text("3")
        raise ConnectionResetError("the network has gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(fs), "put_file", lambda self, *args, **more: dies(*args, **more))
        with pytest.raises(StorageError, match="the network has gone"):
            kept.push(tmp_path / "here")
    assert Versions(url).pull(tmp_path / "there")
    assert files(tmp_path / "there") == {"a": "22", "b": "1"}
    kept.push(tmp_path / "here")
    Versions(url).pull(tmp_path / "there")
    assert files(tmp_path / "there")["a"] == "333"


def test_two_runs_that_write_to_one_url_are_told(tmp_path: Path, url: str) -> None:
    kept, other = two_versions(tmp_path, url), Versions(url)
    other.pull(tmp_path / "there")
    other.push(tmp_path / "there")
    with pytest.raises(StorageError) as error:
        kept.push(tmp_path / "here")
    assert error.value.code == "storage_taken"


def test_training_goes_on_while_the_storage_is_away(
    data: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    push, calls = Versions.push, []

    def away_at_first(self: Versions, folder: Path) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise StorageError("storage_failed", "the network has gone")
        push(self, folder)

    monkeypatch.setattr(Versions, "push", away_at_first)
    loop.train(RECIPE, [data], url)
    assert "warning: the network has gone" in capsys.readouterr().err
    assert sorted(losses_of(local_run(url))) == [1, 2, 3, 4]


def test_a_data_folder_under_a_url_has_the_keys_and_pictures_of_the_folder(
    data: Path, bucket: str, tmp_path: Path
) -> None:
    upload(data, f"{bucket}/{data.name}")
    here, there = read_collection([data]), read_collection([f"{bucket}/{data.name}"])
    assert here.train.keys() == there.train.keys()
    key = next(iter(here.train))
    assert here.train[key].image.read_bytes() == there.train[key].image.read_bytes()
    with pytest.raises(InputError) as error:
        read_collection([f"{bucket}/nothing"])
    assert error.value.code == "data_missing"


def test_a_copy_follows_what_has_changed(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    for name in ("a", "b"):
        (origin / name).write_text(name)
    first = local_folder(f"file://{origin}")
    assert first.name == "origin"
    kept = (first / "a").stat().st_mtime_ns
    (origin / "b").unlink()
    (origin / "c").write_text("c")
    again = local_folder(f"file://{origin}")
    assert again == first
    assert {p.name for p in again.iterdir()} == {"a", "c", ".copied.json"}
    assert (again / "a").stat().st_mtime_ns == kept


def test_what_is_missing_or_unknown_is_said(tmp_path: Path, url: str) -> None:
    for place, code in ((f"{url}/none.pt", "file_missing"), ("nothing://x", "url_unknown")):
        with pytest.raises(InputError) as error:
            local_file(place)
        assert error.value.code == code
    with pytest.raises(InputError) as missing:
        local_run(url)
    assert missing.value.code == "record_missing"
    assert not exists(url)
