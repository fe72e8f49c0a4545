from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tress.errors import InputError
from tress.io.files import write_atomic
from tress.io.naming import PICTURE_SUFFIXES, NameTemplate
from tress.io.plan import Job, plan

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")


def code_of(action: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(InputError) as caught:
        action(*args, **kwargs)
    return caught.value.code


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "photo.jpg",
        "album/a.JPG",
        "album/b.png",
        "album/deep/er/c.webp",
        "album/notes.txt",
        "album/.hidden.jpg",
        "album/.git/d.jpg",
        "album/a.cutout.png",
        "album/deep/er/c.Cutout.WEBP",
        "empty/notes.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pairs(jobs: list[Job]) -> list[tuple[str, str]]:
    return [
        ("-" if job.source is None else job.source.as_posix(), "-" if job.target is None else job.target.as_posix())
        for job in jobs
    ]


def test_beside_the_input(tree: Path) -> None:
    assert plan(["photo.jpg"], None, extension=".png") == [
        Job(Path("photo.jpg"), Path("photo.cutout.png"), "photo.jpg")
    ]
    assert pairs(plan(["photo.jpg"], None, extension=".webp", name=NameTemplate("{stem}.mask"))) == [
        ("photo.jpg", "photo.mask.webp")
    ]


def test_standard_streams(tree: Path) -> None:
    assert plan(["-"], None, extension=".png") == [Job(None, None, "-")]
    assert plan(["photo.jpg"], "-", extension=".png") == [Job(Path("photo.jpg"), None, "photo.jpg")]
    assert pairs(plan(["-"], "x.png", extension=".png")) == [("-", "x.png")]
    assert pairs(plan(["-"], "out/", extension=".png")) == [("-", "out/stdin.png")]
    assert pairs(plan(["-", "photo.jpg"], "out", extension=".png")) == [
        ("-", "out/stdin.png"),
        ("photo.jpg", "out/photo.png"),
    ]
    assert code_of(plan, ["-", "-"], None, extension=".png") == "stdin_twice"
    assert code_of(plan, ["photo.jpg", "album/b.png"], "-", extension=".png") == "stdout_needs_one_input"
    assert code_of(plan, ["album"], "-", extension=".png") == "stdout_needs_one_input"


def test_an_output_file_or_folder(tree: Path) -> None:
    assert pairs(plan(["photo.jpg"], "new/x.png", extension=".png")) == [("photo.jpg", "new/x.png")]
    assert pairs(plan(["photo.jpg"], "new/", extension=".png")) == [("photo.jpg", "new/photo.png")]
    assert pairs(plan(["photo.jpg"], "empty", extension=".png")) == [("photo.jpg", "empty/photo.png")]
    (tree / "folder.png").mkdir()
    assert pairs(plan(["photo.jpg"], "folder.png", extension=".png")) == [("photo.jpg", "folder.png/photo.png")]
    assert code_of(plan, ["photo.jpg"], "result", extension=".png") == "output_suffix_unknown"
    assert code_of(plan, ["photo.jpg", "album/b.png"], "photo.jpg", extension=".png") == "output_not_a_folder"
    assert code_of(plan, ["album"], "photo.jpg", extension=".png") == "output_not_a_folder"
    assert code_of(plan, ["album/b.png", "-"], "out.png", extension=".png") == "output_not_a_folder"
    assert pairs(plan(["album/b.png", "-"], "out.png/", extension=".png"))[0] == ("album/b.png", "out.png/b.png")


def test_a_folder_keeps_its_tree(tree: Path) -> None:
    jobs = plan(["album"], "out", extension=".png")
    assert pairs(jobs) == [
        ("album/a.JPG", "out/a.png"),
        ("album/b.png", "out/b.png"),
        ("album/deep/er/c.webp", "out/deep/er/c.png"),
    ]
    assert [job.relative for job in jobs] == ["a.JPG", "b.png", "deep/er/c.webp"]
    (tree / "album/a.cutout.png").unlink()
    assert pairs(plan(["album"], None, extension=".png"))[0] == ("album/a.JPG", "album/a.cutout.png")


def test_results_inside_the_input_folder_are_no_inputs(tree: Path) -> None:
    first = plan(["album"], "album/out", extension=".png")
    for job in first:
        assert job.target is not None
        write_atomic(job.target, b"x", overwrite=False)
    assert plan(["album"], "album/out", extension=".png", existing="overwrite") == first


@posix_only
def test_links_in_a_circle(tree: Path) -> None:
    (tree / "album/loop").symlink_to(tree / "album", target_is_directory=True)
    (tree / "album/deep/up").symlink_to("..", target_is_directory=True)
    (tree / "album/broken.jpg").symlink_to("nowhere.jpg")
    names = [job.relative for job in plan(["album"], "out", extension=".png") if "broken" not in job.relative]
    assert names == ["a.JPG", "b.png", "deep/er/c.webp"]


def test_an_input_named_twice_is_done_once(tree: Path) -> None:
    assert len(plan(["photo.jpg", "./photo.jpg"], None, extension=".png")) == 1
    assert len(plan(["album", "album/b.png"], "out", extension=".png")) == 3


def test_two_inputs_for_one_output_are_refused_and_named(tree: Path) -> None:
    (tree / "photo.png").write_bytes(b"x")
    with pytest.raises(InputError, match=r"photo\.jpg and photo\.png") as caught:
        plan(["photo.jpg", "photo.png"], None, extension=".png")
    assert caught.value.code == "output_collision"
    (tree / "album/PHOTO.png").write_bytes(b"x")
    assert code_of(plan, ["photo.jpg", "album/PHOTO.png"], "out", extension=".png") == "output_collision"


def test_files_whose_suffix_is_no_picture_keep_it_in_their_results(tree: Path) -> None:
    for number in (1, 2):
        (tree / f"page.00{number}").write_bytes(b"x")
    assert pairs(plan(["page.001", "page.002"], None, extension=".png")) == [
        ("page.001", "page.001.cutout.png"),
        ("page.002", "page.002.cutout.png"),
    ]
    assert pairs(plan(["page.001"], "out/", extension=".png")) == [("page.001", "out/page.001.png")]


@posix_only
def test_a_link_to_a_picture_is_an_input_of_its_own(tree: Path) -> None:
    (tree / "album/again.png").symlink_to("b.png")
    assert ("album/again.png", "out/again.png") in pairs(plan(["album"], "out", extension=".png"))
    assert len(plan(["album"], "out", extension=".png")) == 4
    (tree / "linked").symlink_to("album", target_is_directory=True)
    assert len(plan(["album", "linked"], None, extension=".webp")) == 4


@posix_only
def test_a_link_that_leads_nowhere_stops_nobody(tree: Path) -> None:
    (tree / "lost.jpg").symlink_to("nowhere.jpg")
    jobs = plan(["photo.jpg", "lost.jpg"], None, extension=".png")
    assert [job.relative for job in jobs] == ["photo.jpg", "lost.jpg"]


def test_a_folder_without_pictures_among_others_is_a_warning(tree: Path) -> None:
    told: list[str] = []
    assert len(plan(["photo.jpg", "empty"], "out", extension=".png", warn=told.append)) == 1
    assert told == ["there is no picture in the folder empty"]


def test_a_folder_below_that_cannot_be_read_is_a_warning(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(place: str) -> object:
        if Path(place).name in forbidden:
            raise PermissionError(errno.EACCES, "no", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    told: list[str] = []
    forbidden = {"deep"}
    assert [job.relative for job in plan(["album"], "out", extension=".png", warn=told.append)] == ["a.JPG", "b.png"]
    assert told == [f"no permission to read {Path('album/deep')}"]
    forbidden = {"album"}
    assert code_of(plan, ["album"], "out", extension=".png") == "path_no_permission"


def test_results_of_an_earlier_run_are_no_inputs_of_a_second(tree: Path) -> None:
    (tree / "photo.cutout.png").write_bytes(b"x")
    (tree / "other.cutout.png").write_bytes(b"x")
    told: list[str] = []
    names = ["other.cutout.png", "photo.cutout.png", "photo.jpg"]
    jobs = plan(names, "out", extension=".png", warn=told.append)
    assert [job.relative for job in jobs] == ["other.cutout.png", "photo.jpg"]
    assert told == ["photo.cutout.png is an earlier result and is passed over"]


def test_a_stopped_run_goes_on(tree: Path) -> None:
    write_atomic(tree / "out/a.png", b"mine", overwrite=False)
    jobs = plan(["album"], "out", extension=".png", existing="skip")
    assert [job.relative for job in jobs] == ["b.png", "deep/er/c.webp"]
    for job in jobs:
        assert job.target is not None
        write_atomic(job.target, b"x", overwrite=False)
    assert plan(["album"], "out", extension=".png", existing="skip") == []


def test_of_many_existing_targets_a_few_are_named(tree: Path) -> None:
    for number in range(9):
        (tree / f"many/{number}.png").parent.mkdir(exist_ok=True)
        (tree / f"many/{number}.png").write_bytes(b"x")
        write_atomic(tree / f"out/{number}.png", b"x", overwrite=False)
    with pytest.raises(InputError, match=r"2\.png and 6 more already exist") as caught:
        plan(["many"], "out", extension=".png")
    assert "--skip-existing" in caught.value.hint


def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code_of(plan, ["photo.jpg"], "album/notes.txt/x/", extension=".png") == "output_not_a_folder"
    monkeypatch.setattr(os, "access", lambda place, _: Path(place).name != "album")
    assert code_of(plan, ["album/b.png"], None, extension=".png") == "path_no_permission"
    assert code_of(plan, ["photo.jpg"], "album/new/x.png", extension=".png") == "path_no_permission"
    assert plan(["photo.jpg"], None, extension=".png")


@posix_only
def test_an_input_whose_name_is_too_long(tree: Path) -> None:
    # From Python 3.13 on such a file just does not exist.
    expected = "name_too_long" if sys.version_info < (3, 13) else "path_missing"
    assert code_of(plan, ["x" * 300 + ".jpg"], None, extension=".png") == expected


@posix_only
def test_a_name_that_would_become_too_long_is_refused_before_the_work(tree: Path) -> None:
    name = "x" * 245 + ".jpg"
    (tree / name).write_bytes(b"x")
    assert code_of(plan, [name], None, extension=".png") == "name_too_long"
    assert plan([name], "out/", extension=".png")


def test_files_that_options_name_are_never_targets(tree: Path) -> None:
    for existing in ("refuse", "overwrite", "skip"):
        given = {"extension": ".png", "existing": existing, "protected": [Path("album/b.png")]}
        assert code_of(plan, ["photo.jpg"], "album/b.png", **given) == "output_is_input"


def test_existing_targets_are_all_named(tree: Path) -> None:
    for name in ("a.png", "b.png"):
        write_atomic(tree / "out" / name, b"mine", overwrite=False)
    with pytest.raises(InputError) as caught:
        plan(["album"], "out", extension=".png")
    assert caught.value.code == "target_exists"
    assert "a.png" in caught.value.message
    assert "b.png" in caught.value.message
    assert len(plan(["album"], "out", extension=".png", existing="overwrite")) == 3


def test_an_input_is_never_a_target(tree: Path) -> None:
    for existing in ("refuse", "overwrite", "skip"):
        assert code_of(plan, ["album/b.png"], "album", extension=".png", existing=existing) == "output_is_input"
        assert code_of(plan, ["photo.jpg"], "./photo.jpg", extension=".jpg", existing=existing) == "output_is_input"


@posix_only
def test_an_input_is_never_a_target_through_a_link(tree: Path) -> None:
    (tree / "link.png").symlink_to("album/b.png")
    assert code_of(plan, ["album/b.png"], "link.png", extension=".png", existing="overwrite") == "output_is_input"


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ([], "no_input"),
        (["nothing.jpg"], "path_missing"),
        (["https://example.org/a.jpg"], "path_missing"),
        (["empty"], "folder_empty"),
        (["a\0b"], "path_missing"),
        ([""], "path_empty"),
        (["photo.jpg", ""], "path_empty"),
    ],
)
def test_inputs_that_are_not_there(tree: Path, inputs: list[str], code: str) -> None:
    assert code_of(plan, inputs, None, extension=".png") == code


def test_a_file_named_by_hand_needs_no_suffix(tree: Path) -> None:
    (tree / "upload").write_bytes(b"x")
    assert pairs(plan(["upload"], None, extension=".png")) == [("upload", "upload.cutout.png")]
    assert pairs(plan(["album/a.cutout.png"], "out/", extension=".png")) == [("album/a.cutout.png", "out/a.cutout.png")]


def test_every_output_format_can_be_found_in_a_folder() -> None:
    from tress.io.encode import FORMATS

    assert all(suffix in PICTURE_SUFFIXES for entry in FORMATS.values() for suffix in entry.suffixes)
