"""The catalogue: every entry is complete, and names and paths lead to the right file."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tress import catalog
from tress.catalog import lookup
from tress.engine import OnnxEngine
from tress.errors import ModelError
from tress.spec import ModelSpec

DATA = Path(__file__).parents[1] / "data"
ENTRIES = {entry.name: entry for entry in catalog.entries()}
PEERS = [entry for entry in ENTRIES.values() if not entry.bundled]


def test_the_models_that_users_ask_for_are_there() -> None:
    assert list(ENTRIES)[:2] == ["tress-locator", "tress-refiner"]
    wanted = {"u2net", "u2netp", "isnet-general-use", "birefnet-general", "birefnet-general-lite", "modnet"}
    assert wanted <= set(ENTRIES)


def test_names_and_aliases_are_unique() -> None:
    names = [name for entry in catalog.entries() for name in (entry.name, *entry.aliases)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) for name in names)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_entry_is_complete(entry: catalog.Entry) -> None:
    assert entry.description
    assert len(entry.description) < 80
    assert entry.licence in ("Apache-2.0", "MIT", "BSD-3-Clause"), "only weights that anyone may use"
    assert entry.origin.startswith("https://")
    assert entry.task in ("locator", "refiner")
    assert bool(entry.file) != bool(entry.url)


@pytest.mark.parametrize("entry", PEERS, ids=lambda entry: entry.name)
def test_entry_of_others_can_be_fetched_verified_and_fed(entry: catalog.Entry) -> None:
    assert re.fullmatch(r"https://\S+\.onnx", entry.url)
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    assert entry.size_bytes > 1_000_000
    assert entry.spec is not None
    assert (entry.spec.name, entry.spec.task, entry.spec.licence) == (entry.name, entry.task, entry.licence)
    assert entry.spec.version
    assert entry.spec.long_side_px % entry.spec.multiple == 0
    assert all(0 < std <= 1 for std in entry.spec.std)


def test_default_is_our_own_locator_without_any_download() -> None:
    (ours,) = [entry for entry in ENTRIES.values() if "default" in entry.aliases]
    assert (ours.name, ours.bundled, ours.url) == ("tress-locator", True, "")


def test_own_file_by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    path = DATA / "tiny_locator.onnx"
    assert catalog.resolve(path) == catalog.Located(path, None, "tiny_locator")
    assert catalog.resolve(str(path)).path == path
    monkeypatch.chdir(DATA)
    assert catalog.resolve("tiny_locator.onnx").path.is_file()


def test_own_file_with_its_rules_in_a_toml_file_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes((DATA / "tiny_peer.onnx").read_bytes())
    rules = "long_side_px = 64\nkeep_aspect = false\nmean = [0.5, 0.5, 0.5]\nsigmoid = true\n"
    path.with_suffix(".toml").write_text(rules)
    located = catalog.resolve(path)
    assert located.spec == ModelSpec("mine", "", "locator", 64, keep_aspect=False, mean=(0.5, 0.5, 0.5), sigmoid=True)
    assert OnnxEngine(located.path, spec=located.spec).run(np.zeros((1, 3, 64, 64), np.float32))[0].shape[0] == 1


@pytest.mark.parametrize("text", ["long_side_px =", "long_side = 320", "long_side_px = 'a'", "sigmoid = true", "\xff"])
def test_toml_file_that_makes_no_sense_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"")
    path.with_suffix(".toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=r"mine\.toml") as caught:
        catalog.resolve(path)
    assert caught.value.code == "model_spec"


def test_name_wins_over_a_file_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TRESS_OFFLINE", "1")
    Path("u2net").write_bytes(b"")
    with pytest.raises(ModelError, match="model u2net could not be fetched"):
        catalog.resolve("u2net")
    assert catalog.resolve("./u2net").path == Path("u2net")


@pytest.mark.parametrize(("typed", "meant"), [("u2-net", "u2net"), ("BiRefNet-general", "birefnet-general")])
def test_unknown_name_suggests_what_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(ModelError) as caught:
        catalog.resolve(typed)
    assert caught.value.code == "model_unknown"
    assert meant in caught.value.hint


def test_unknown_name_far_from_all_points_to_the_list() -> None:
    with pytest.raises(ModelError, match="tress models"):
        catalog.resolve("zzzz")


@pytest.mark.parametrize("path", ["no/such.onnx", "missing.onnx", Path("missing")])
def test_missing_file_is_not_mistaken_for_a_name(path: str | Path) -> None:
    with pytest.raises(ModelError) as caught:
        catalog.resolve(path)
    assert caught.value.code == "model_not_found"


def test_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a folder"):
        catalog.resolve(tmp_path)


def test_incomplete_installation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(ENTRIES["tress-locator"], file="weights/gone.onnx")
    monkeypatch.setattr(lookup, "_read", lambda: (gone,))
    with pytest.raises(ModelError, match="install tress again") as caught:
        catalog.resolve("default")
    assert caught.value.code == "model_not_found"


def test_cached_tells_a_whole_file_from_a_torn_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRESS_CACHE", str(tmp_path))
    entry = replace(ENTRIES["u2netp"], size_bytes=10)
    assert not entry.cached
    entry.path.write_bytes(b"12345")
    assert not entry.cached
    entry.path.write_bytes(b"1234567890")
    assert entry.cached
