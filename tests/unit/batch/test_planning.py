"""What a plan refuses, skips and leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tress.batch import Settings, plan
from tress.batch.ledger import Journal
from tress.batch.planfile import PLAN, read_items, read_plan
from tress.batch.store import LocalStore
from tress.batch.worker import Config, make_row
from tress.errors import InputError
from tress.outputs import parse

MODEL = Path(__file__).parents[2] / "data" / "tiny_locator.onnx"
SETTINGS = Settings(model=str(MODEL), refine=False)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.jpg", "in/sub/b.png", "in/sub/c.webp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def planned(source: str = "in", **settings) -> dict[str, tuple[str, str]]:
    """Input to output and code."""
    plan(source, "out", **{"settings": SETTINGS, **settings})
    store = LocalStore("out")
    header = read_plan(store)
    items = [item for shard in range(header.shards) for item in read_items(store, header, shard)]
    assert len(items) == header.count
    return {item.input: (item.output, item.code) for item in items}


def code_of(*arguments, **settings) -> str:
    with pytest.raises(InputError) as caught:
        planned(*arguments, **settings)
    return caught.value.code


def wrote(name: str, output: str, digest: str = "d", **facts) -> None:
    """A row in the ledger, as if a run had written this result."""
    store = LocalStore("out")
    header = read_plan(store)
    shard = next(n for n in range(header.shards) if name in [item.input for item in read_items(store, header, n)])
    (item,) = [item for item in read_items(store, header, shard) if item.input == name]
    config = Config(settings={}, output="", threads=None, options_digest=SETTINGS.options_digest, model_digest=digest)
    journal = Journal(store, shard, "run")
    about = {"input": name, "output": output, "plan": "before", "input_bytes": item.size_bytes}
    journal.add(make_row(config, "ok", **about, input_version=item.version, **facts))
    journal.close()


def test_every_input_has_one_place(photos: Path) -> None:
    assert planned() == {"a.jpg": ("a.png", ""), "sub/b.png": ("sub/b.png", ""), "sub/c.webp": ("sub/c.png", "")}
    assert planned(name="{stem}.cutout")["a.jpg"] == ("a.cutout.png", "")
    assert not [path for path in Path("out").rglob("*") if path.is_file() and path.name != Path(PLAN).name]


def test_a_plan_says_what_it_found(photos: Path) -> None:
    report = plan("in", "out", settings=SETTINGS, shards=2)
    told = report.to_json()
    assert (told["inputs"], told["input_bytes"], told["to_do"], told["done"], told["shards"]) == (3, 3, 3, 0, 2)
    assert told["free_bytes"] > 0
    assert json.dumps(told)
    assert code_of(shards=3) == "shards_fixed"
    assert code_of(shards=0) == "option_value"


def test_results_that_share_a_name_are_refused_or_skipped(photos: Path) -> None:
    Path("in/A.png").write_bytes(b"x")
    with pytest.raises(InputError, match=r"a\.jpg.*A\.png|A\.png.*a\.jpg") as caught:
        planned()
    assert caught.value.code == "output_collision"
    assert "{stem}-{ext}" in caught.value.hint
    assert planned(collisions="skip")["a.jpg"][1] == "output_collision"
    assert planned(name="{stem}-{ext}")["a.jpg"] == ("a-jpg.png", "")


def test_nothing_to_do(photos: Path) -> None:
    Path("empty").mkdir()
    assert code_of("empty") == "folder_empty"
    assert planned("empty", allow_empty=True) == {}


def test_files_that_are_in_the_way(photos: Path) -> None:
    Path("out").mkdir()
    Path("out/a.png").write_bytes(b"somebody else's")
    assert code_of() == "target_exists"
    assert planned(existing="skip")["a.jpg"] == ("a.png", "target_exists")
    assert planned(existing="overwrite")["a.jpg"] == ("a.png", "")


def test_own_results_are_not_in_the_way(photos: Path) -> None:
    planned()
    wrote("a.jpg", "a.png")
    Path("out/a.png").write_bytes(b"ours")
    assert planned()["a.jpg"] == ("a.png", "")


def test_a_row_counts_only_for_the_same_input_options_model_and_output(photos: Path) -> None:
    def to_do(**settings) -> int:
        return plan("in", "out", **{"settings": SETTINGS, **settings}).to_do

    assert to_do() == 3
    wrote("a.jpg", "a.png", SETTINGS.model_digest())
    assert to_do() == 3, "its result is not there"
    Path("out/a.png").write_bytes(b"ours")
    assert to_do() == 2
    assert to_do(name="{stem}.cutout") == 3
    assert to_do(settings=Settings(parse({"background": "white"}), str(MODEL), refine=False)) == 3
    wrote("a.jpg", "a.png", "another network")
    assert to_do() == 3
    wrote("a.jpg", "a.png", SETTINGS.model_digest())
    Path("in/a.jpg").write_bytes(b"changed")
    assert to_do() == 3


def test_inputs_are_never_results(photos: Path) -> None:
    with pytest.raises(InputError) as caught:
        plan("in/sub", "in/sub", settings=SETTINGS)
    assert caught.value.code == "output_is_input"
    plan("in/sub", "in/sub", settings=SETTINGS, name="{stem}-cut")
    Path("in/sub/b-cut.png").write_bytes(b"ours")
    report = plan("in/sub", "in/sub", settings=SETTINGS, name="{stem}-cut", existing="overwrite")
    assert report.inputs == 2


def test_pictures_that_options_name_travel_with_the_plan(photos: Path) -> None:
    Path("wall.png").write_bytes((Path(__file__).parents[3] / "examples/car.jpg").read_bytes())
    settings = Settings(parse({"background": "wall.png"}, files=True), str(MODEL), refine=False)
    digest = settings.options_digest
    planned(settings=settings)
    Path("wall.png").unlink()
    read = read_plan(LocalStore("out")).settings
    assert read.options_digest == digest
    assert read.options.background.decode().pixels.shape[2] == 3


def test_options_travel_as_text() -> None:
    options = parse(
        {
            "background": "#1e90ff80",
            "crop": True,
            "margin": "10% 5px",
            "size": "1000x800",
            "scale": "80%",
            "position": "50% 100%",
            "region": "10% 20% 60% 100%",
            "feather": "2",
            "decontaminate": False,
            "format": "webp",
            "quality": 80,
        }
    )
    settings = Settings(options, "m", refine=False)
    read = Settings.from_json(json.loads(json.dumps(settings.to_json())))
    assert read == settings
    assert read.options_digest == settings.options_digest


def test_a_plan_that_is_missing_or_damaged_is_told(photos: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_plan(LocalStore("out"))
    assert (caught.value.code, "tress batch plan" in caught.value.hint) == ("plan_missing", True)
    planned()
    Path("out", PLAN).write_bytes(b"{")
    with pytest.raises(InputError) as caught:
        read_plan(LocalStore("out"))
    assert caught.value.code == "plan_unreadable"


def test_names_that_lead_out_of_the_destination_or_are_too_long(photos: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name in ("/odd/x/../../a.png", f"/odd/{'l' * 260}.png", "/odd//double.png"):
        with memory.open("/odd/seed.png", "wb") as file:
            file.write(b"x")
        memory.store[name] = memory.store["/odd/seed.png"]
    try:
        codes = dict(planned("memory://odd").values())
        assert codes[""] == "name_unsafe"
        assert codes["double.png"] == ""
        assert "name_too_long" in codes.values()
    finally:
        memory.store.clear()
