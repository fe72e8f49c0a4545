from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from typer.testing import CliRunner

from tress.errors import InputError
from tress_train.commands import cli
from tress_train.data.clones import find_clone
from tress_train.data.collection import read_collection
from tress_train.data.gates import read_gates, source_keys
from tress_train.data.reading import read_alpha, read_rgb, read_rgba
from tress_train.data.source import DataSource, Gathering, Repository
from tress_train.data.sources import registered_sources
from tress_train.labels import gather as gathering
from tress_train.labels.distil import read_pictures
from tress_train.labels.gather import checksum, gather, listed
from tress_train.labels.keying import key_white
from tress_train.labels.outlines import alpha_of_contours, alpha_of_trimap
from tress_train.labels.thin_keying import ThinSettings, key_thin

pytestmark = pytest.mark.train

GATHERED = {name: source for name, source in registered_sources().items() if source.gathering is not None}
Make = Callable[..., DataSource]


def jpeg(width: int = 64, height: int = 48) -> bytes:
    rng = np.random.default_rng(width)
    return encoded(cv2.resize(rng.integers(0, 256, (6, 8, 3)).astype(np.uint8), (width, height)), "JPEG")


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def box_mask(width: int = 64, height: int = 48) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 4 : width // 2] = 255
    return mask


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a repository in ``tmp_path/clones/NAME``, the list of its pictures, and its source."""
    lists = tmp_path / "lists"
    lists.mkdir()
    monkeypatch.setattr(gathering, "LISTS", lists)

    def made(name: str, files: dict[str, bytes], how: Gathering, rule: Repository, waiting: str = "") -> DataSource:
        folder = tmp_path / "clones" / name
        folder.mkdir(parents=True)
        git(folder, "init", "-q")
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "pictures")
        commit = git(folder, "rev-parse", "HEAD")
        below = [path.removeprefix("photos/") for path in files if path.startswith("photos/")]
        for ending in ("", ".unlabelled"):
            lines = [path for path in below if (bool(waiting) and path.startswith(waiting)) == bool(ending)]
            (lists / f"somebody+{name}{ending}.txt").write_text("".join(f"{line}\n" for line in lines))
        repository = replace(rule, name=f"somebody/{name}", commit=commit, folder="photos")
        blobs = find_clone("", commit, [folder]).blobs()
        repository = replace(repository, checksum=checksum(repository, blobs))
        return DataSource(name, "", "", "", gathering=replace(how, repositories=(repository,)))

    return made


def masks(make: Make, **more: bytes) -> DataSource:
    files = {
        "photos/cats/1.jpg": jpeg(),
        "masks/cats/1.png": encoded(box_mask(), "PNG"),
        "photos/dogs/a.b.jpg": jpeg(80, 60),
        "masks/dogs/a.b.png": encoded(box_mask(80, 60), "PNG"),
        "other.txt": b"not listed",
        **more,
    }
    rule = Repository("", "", "", r"(.+)/(.+)\.(?:jpg|png)", "", key=r"\1-\2", label=r"masks/\1/\2.png")
    return make("beasts", files, Gathering("animals", "hard", (), "mask", ignore_px=2), rule)


def test_photos_keep_their_bytes_and_masks_become_alphas(make: Make, tmp_path: Path) -> None:
    source = masks(make)
    out = tmp_path / "out"
    assert gather(source, [tmp_path / "clones"], out) == 2
    records = read_collection([out]).train
    assert list(records) == ["beasts/cats-1.jpg", "beasts/dogs-a.b.jpg"]
    record = records["beasts/cats-1.jpg"]
    assert (record.set, record.kind, record.edge, record.ignore_px) == ("beasts", "animals", "hard", 2)
    assert record.image.read_bytes() == jpeg()
    assert record.alpha is not None
    np.testing.assert_array_equal(read_alpha(record.alpha), box_mask())


def test_what_is_there_is_left_and_other_sets_stay(make: Make, tmp_path: Path) -> None:
    source, out = masks(make), tmp_path / "out"
    (out / "train").mkdir(parents=True)
    line = {"image": "mine.png", "set": "mine", "kind": "room", "edge": "background", "ignore_px": 0}
    (out / "train" / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    gather(source, [tmp_path / "clones"], out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*") if path.suffix != ".jsonl"}
    (out / "train" / "beasts" / "cats-1.alpha.png").unlink()
    gather(source, [tmp_path / "clones"], out)
    after = {path: path.stat().st_mtime_ns for path in before}
    assert {path.name for path in before if before[path] != after[path]} == {"cats-1.jpg", "cats-1.alpha.png"}
    assert sorted(read_collection([out]).train) == ["beasts/cats-1.jpg", "beasts/dogs-a.b.jpg", "mine.png"]


def test_large_and_turned_photos_are_written_anew_in_the_size_of_their_alpha(make: Make, tmp_path: Path) -> None:
    large = {
        "photos/cats/2.png": encoded(np.full((1500, 2000, 3), 90, np.uint8), "PNG"),
        "masks/cats/2.png": encoded(box_mask(2000, 1500), "PNG"),
    }
    gather(masks(make, **large), [tmp_path / "clones"], tmp_path / "out")
    record = read_collection([tmp_path / "out"]).train["beasts/cats-2.webp"]
    assert record.alpha is not None
    assert read_rgb(record.image).shape == (768, 1024, 3)
    alpha = read_alpha(record.alpha)
    assert alpha.shape == (768, 1024)
    assert alpha.mean() / 255 == pytest.approx(1 / 16, abs=1e-3)


def test_a_label_of_another_size_is_refused(make: Make, tmp_path: Path) -> None:
    wrong = {"photos/cats/3.jpg": jpeg(), "masks/cats/3.png": encoded(box_mask(32, 32), "PNG")}
    with pytest.raises(InputError, match=r"masks/cats/3\.png does not have the size"):
        gather(masks(make, **wrong), [tmp_path / "clones"], tmp_path / "out")


def test_photos_without_labels_wait_for_a_teacher(make: Make, tmp_path: Path) -> None:
    files = {"photos/old/1.jpg": jpeg(), "photos/new/2.jpg": jpeg(72, 64), "photos/new/3.jpg": jpeg(80, 64)}
    rule = Repository("", "", "", r".+/(.+)\.jpg", "")
    source = make("crowds", files, Gathering("people", "teacher", (), "teacher"), rule, waiting="new/")
    out = tmp_path / "out"
    assert gather(source, [tmp_path / "clones"], out) == 1
    assert gather(source, [tmp_path / "clones"], out, waiting=True) == 3
    found = read_pictures([out], tmp_path / "labels")
    assert sorted(found) == [f"train/crowds/{n}.jpg" for n in (1, 2, 3)]
    assert {(r.set, r.kind, r.edge, r.alpha) for r in found.values()} == {("crowds", "people", "teacher", None)}
    with pytest.raises(InputError, match="neither"):
        read_collection([out])


def test_the_clone_is_found_by_its_commit_and_its_files_are_checked(make: Make, tmp_path: Path) -> None:
    source = masks(make)
    assert source.gathering is not None
    (repository,) = source.gathering.repositories
    bare = tmp_path / "elsewhere" / "somebody" / "any-name.git"
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path / "clones" / "beasts"), str(bare))
    assert gather(source, [tmp_path / "elsewhere"], tmp_path / "out") == 2
    with pytest.raises(InputError, match="no git repository there has the commit"):
        gather(source, [tmp_path / "lists"], tmp_path / "out")
    with pytest.raises(InputError, match="is no folder"):
        gather(source, [tmp_path / "nowhere"], tmp_path / "out")
    changed = replace(source.gathering, repositories=(replace(repository, checksum="0" * 64),))
    with pytest.raises(InputError, match="are not those that its list names"):
        gather(replace(source, gathering=changed), [bare], tmp_path / "out")


def test_contours_of_both_kinds_are_filled() -> None:
    # A box from row 11 and column 21, counted from 1; the contour's corners lie on its own.
    corners = np.array([[0, 30, 30, 0], [0, 0, 15, 15]], float)
    single, several = io.BytesIO(), io.BytesIO()
    savemat(single, {"obj_contour": corners, "box_coord": [11, 26, 21, 51]})
    thing = {"obj_contour": corners, "box_coord": [11, 26, 21, 51]}
    # The second lies over the first's lower right corner.
    savemat(several, {"cars": [thing, {**thing, "box_coord": [16, 31, 36, 66]}]})
    expected = np.zeros((60, 80), np.uint8)
    expected[10:26, 20:51] = 255
    np.testing.assert_array_equal(alpha_of_contours(single.getvalue(), 60, 80), expected)
    expected[15:31, 35:66] = 255
    np.testing.assert_array_equal(alpha_of_contours(several.getvalue(), 60, 80), expected)
    with pytest.raises(InputError, match="contours cannot be read"):
        alpha_of_contours(b"no file of MATLAB's" * 20, 60, 80)


def test_boxes_that_begin_at_nothing_do_not_wrap_around() -> None:
    stored = io.BytesIO()
    contour = np.array([[1, 30, 30, 1], [1, 1, 15, 15]], np.uint16)
    savemat(stored, {"object": {"obj_contour": contour, "box_coord": np.array([0, 16, 0, 31], np.uint16)}})
    expected = np.zeros((60, 80), np.uint8)
    expected[:15, :30] = 255
    np.testing.assert_array_equal(alpha_of_contours(stored.getvalue(), 60, 80), expected)


def test_trimaps_stay_trimaps_in_a_smaller_size(make: Make, tmp_path: Path) -> None:
    trimap = np.full((800, 2050), 2, np.uint8)
    trimap[101:, 501:] = 1
    files = {"photos/1.jpg": jpeg(2050, 800), "trimaps/1.png": encoded(trimap, "PNG")}
    rule = Repository("", "", "", r"(.+)\.jpg", "", label=r"trimaps/\1.png")
    source = make("pets", files, Gathering("animals", "unknown128", (), "trimap"), rule)
    gather(source, [tmp_path / "clones"], tmp_path / "out")
    alpha = read_alpha(tmp_path / "out" / "train" / "pets" / "1.alpha.png")
    assert alpha.shape == (400, 1024)
    values, counts = np.unique(alpha, return_counts=True)
    assert values.tolist() == [0, 128, 255]
    assert counts[1] < 0.01 * alpha.size


def test_trimaps_keep_what_is_unknown() -> None:
    trimap = np.array([[1, 2, 3]], np.uint8)
    assert alpha_of_trimap(encoded(trimap, "PNG")).tolist() == [[255, 0, 128]]
    with pytest.raises(InputError, match="other numbers"):
        alpha_of_trimap(encoded(trimap * 60, "PNG"))


def test_a_subject_before_white_is_keyed_to_its_true_alpha_and_colours() -> None:
    large = cv2.circle(np.zeros((800, 640), np.float32), (320, 400), 240, 1.0, -1)
    # A gap like the one between an arm and a body, and the frame cutting through the lower part.
    large = cv2.ellipse(large, (320, 480), (60, 100), 0, 0, 360, 0.0, -1)
    large[700:, 200:440] = 1
    alpha = cv2.resize(large, (320, 400), interpolation=cv2.INTER_AREA)
    rows = np.linspace(40, 160, 400, dtype=np.float32)[:, None]
    subject = np.dstack([np.broadcast_to(rows, (400, 320)), np.full((400, 320), 60.0), np.full((400, 320), 90.0)])
    photo = alpha[..., None] * subject + (1 - alpha[..., None]) * 255
    keyed = key_white(np.rint(photo).astype(np.uint8))
    error = np.abs(keyed[..., 3] / 255 - alpha)
    soft = (alpha > 0) & (alpha < 1)
    assert error.mean() < 0.002
    assert error[soft].mean() < 0.05
    assert keyed[240, 160, 3] == 0
    assert (keyed[399, 105:215, 3] == 255).all()
    seen = alpha > 0.3
    assert np.abs(keyed[..., :3].astype(float) - subject)[seen].mean() < 3


def test_cut_outs_from_white_are_cut_outs_for_the_training(make: Make, tmp_path: Path) -> None:
    picture = np.full((120, 100, 3), 255, np.uint8)
    cv2.circle(picture, (50, 60), 35, (30, 60, 160), -1, cv2.LINE_AA)
    how = Gathering("people", "rgba", (), "white")
    rule = Repository("", "", "", r"[^/]+/(.+)\.png", "")
    source = make("shop", {"photos/a/coat_main.png": encoded(picture, "PNG")}, how, rule)
    gather(source, [tmp_path / "clones"], tmp_path / "out")
    record = read_collection([tmp_path / "out"]).train["shop/coat_main.webp"]
    assert (record.edge, record.alpha) == ("rgba", None)
    cutout = read_rgba(record.image)
    assert cutout.shape == (120, 100, 4)
    assert cutout[60, 50, 3] == 255
    assert cutout[5, 5, 3] == 0


def test_thin_things_are_keyed_each_as_its_list_says(make: Make, tmp_path: Path) -> None:
    picture = np.full((120, 100, 3), 255, np.uint8)
    cv2.line(picture, (20, 20), (80, 100), (160, 60, 30), 3, cv2.LINE_AA)
    content = encoded(picture, "PNG")
    rule = Repository("", "", "", r"[^/]+/(.+)\.png", "", listed_as="rods")
    lists = tmp_path / "lists"
    (lists / "rods.txt").write_text('a/as-it-is.png\na/trimmed.png\t{"trim_px": 6}\n')
    files = {"photos/a/as-it-is.png": content, "photos/a/trimmed.png": content, "photos/a/not-listed.png": content}
    source = make("sticks", files, Gathering("objects", "rgba", (), "thin"), rule)
    assert gather(source, [tmp_path / "clones"], tmp_path / "out") == 2
    records = read_collection([tmp_path / "out"]).train
    assert {(r.set, r.edge, r.alpha) for r in records.values()} == {("sticks", "rgba", None)}
    expected = key_thin(picture, ThinSettings())
    np.testing.assert_array_equal(read_rgba(records["sticks/as-it-is.webp"].image), expected)
    np.testing.assert_array_equal(read_rgba(records["sticks/trimmed.webp"].image), expected[6:-6, 6:-6])


@pytest.mark.parametrize("settings", ['{"treshold": 20}', "threshold=20"])
def test_settings_that_cannot_be_read_are_named(make: Make, tmp_path: Path, settings: str) -> None:
    (tmp_path / "lists" / "rods.txt").write_text(f"a/1.jpg\t{settings}\n")
    rule = Repository("", "", "", r"[^/]+/(.+)\.jpg", "", listed_as="rods")
    source = make("sticks", {"photos/a/1.jpg": jpeg()}, Gathering("objects", "rgba", (), "thin"), rule)
    with pytest.raises(InputError, match=r"settings of photos/a/1\.jpg cannot be read"):
        gather(source, [tmp_path / "clones"], tmp_path / "out")


def test_the_command_gathers_what_is_free(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beasts = masks(make)
    known = {"beasts": replace(beasts, free="open"), "closed": replace(beasts, name="closed", licence="research set")}
    monkeypatch.setattr("tress_train.data.sources.registered_sources", lambda: known)
    where = ["--from", str(tmp_path / "clones"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli.app, ["gather", *where, "--free", "open"])
    assert done.exit_code == 0, done.output
    assert "beasts: 2 pictures" in done.output
    assert "closed: left out, as it is not open: research set" in done.output
    assert {record.set for record in read_collection([tmp_path / "out"]).train.values()} == {"beasts"}
    shown = CliRunner().invoke(cli.app, ["sources", "--data", str(tmp_path / "out")]).output
    assert [line.split() for line in shown.splitlines()] == [
        ["beasts", "gathered", "open"],
        ["closed", "not", "in", "the", "data", "research", "research", "set"],
    ]
    assert "closed" not in CliRunner().invoke(cli.app, ["sources", "--free", "open"]).output
    assert known["beasts"].gathering is not None
    (repository,) = known["beasts"].gathering.repositories
    needed = CliRunner().invoke(cli.app, ["sources", "--repositories"]).output
    assert needed == f"{repository.name} {repository.commit}\n"
    known["beasts"] = replace(known["beasts"], free="research")
    assert not CliRunner().invoke(cli.app, ["sources", "--repositories", "--free", "open"]).output
    for words, said in ((["nothing"], "no data set 'nothing'"), (["--free", "gratis"], "--free cannot be")):
        with pytest.raises(InputError, match=said):
            CliRunner().invoke(cli.app, ["gather", *words, *where], catch_exceptions=False)


def test_lists_and_rules_of_the_registered_sets_fit() -> None:
    files = {path.name for path in Path(str(gathering.LISTS)).iterdir()}
    for name, source in GATHERED.items():
        assert source.gathering is not None
        keys: list[str] = []
        for repository in source.gathering.repositories:
            files -= {f"{repository.list_name}.txt", f"{repository.list_name}.unlabelled.txt"}
            paths = listed(repository, waiting=False) + listed(repository, waiting=True)
            keys += [gathering._expanded(repository, path, repository.key) for path in paths]
            keyers = [gathering._keyer(source.gathering, *line) for line in gathering._lines(repository).items()]
            assert all((keyer is not None) == (source.gathering.edge == "rgba") for keyer in keyers), name
            assert len(repository.commit) == 40
            assert bool(repository.label) == (source.gathering.alpha in ("mask", "contours", "trimap")), name
        assert keys, name
        assert len(keys) == len(set(keys)), name
    assert not files


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("caltech101-contours", "caltech101-animals"),
        ("caltech101-photos", "caltech101-animals"),
        ("thin-things", "caltech101-animals"),
        ("cats-dogs", "ardamavi-cats"),
        ("ccp-photos-hd", "ccp1004"),
    ],
)
def test_no_list_has_a_photo_that_a_gate_looks_at_under_another_name(name: str, frozen: str) -> None:
    """Both sets number the photos of their common origin alike."""

    def plain(key: str) -> str:
        return re.sub("[^a-z0-9]", "", key.lower())

    looked_at = {plain(PurePosixPath(key).stem) for key in source_keys(read_gates()) if key.startswith(f"{frozen}/")}
    assert looked_at
    gathered = GATHERED[name].gathering
    assert gathered is not None
    for one in gathered.repositories:
        paths = listed(one, waiting=False) + listed(one, waiting=True)
        assert not looked_at & {plain(gathering._expanded(one, path, one.key)) for path in paths}


def test_the_docs_name_every_gathered_set() -> None:
    text = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
    for name, source in GATHERED.items():
        assert source.gathering is not None
        counts = [
            sum(len(listed(repository, waiting=waiting)) for repository in source.gathering.repositories)
            for waiting in (False, True)
        ]
        for repository in source.gathering.repositories:
            row = next(line for line in text.splitlines() if line.startswith(f"| {name} ") and repository.name in line)
            assert f"| {source.free} |" in row
            assert [int(cell.strip() or 0) for cell in row.split("|")[2:4]] == counts
