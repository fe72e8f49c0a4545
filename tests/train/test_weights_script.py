"""The script that makes the weights from the start: its commands exist, and it goes on where it was stopped."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from tress.cli.main import app as tress
from tress_train.commands.cli import app as tress_train
from tress_train.data.sources import registered_sources
from tress_train.recipes import recipe_names

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.train, pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")]


def run(work: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    words = ["bash", str(ROOT / "tools/weights.sh"), "clones", "data", str(work)]
    return subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    listed = run(tmp_path_factory.mktemp("list") / "work", LIST="1")
    assert listed.returncode == 0, listed.stderr
    return [shlex.split(line) for line in listed.stdout.splitlines()]


def parsed(words: list[str]) -> Any:
    """The context of the command that a line calls, with its options read but nothing run."""
    group: Any = typer.main.get_command({"tress": tress, "tress-train": tress_train}[words[0]])
    return group.commands[words[1]].make_context(words[1], list(words[2:]))


def test_every_command_can_be_read_and_every_file_and_recipe_is_there(commands: list[list[str]]) -> None:
    names = [words[1] for words in commands if words[0] != "python"]
    assert names == ["gather", "distil", "cutouts", "run", "run", "export", "export", "eval", "card"]
    for words in commands:
        if words[0] == "python":
            assert (ROOT / words[1]).is_file()
        else:
            parsed(words)
    recipes = [parsed(words).params["recipe"] for words in commands if words[1] == "run"]
    assert recipes == ["locator", "refiner"]
    assert set(recipes) <= set(recipe_names())
    (sets,) = (parsed(words).params["sets"] for words in commands if words[1] == "cutouts")
    registered = registered_sources()
    assert all(registered[name].gathering is not None for name in sets.split(","))
    assert (ROOT / "weights/about.md").is_file()


def test_it_packs_all_that_the_training_reads_and_stops_there(tmp_path: Path, commands: list[list[str]]) -> None:
    listed = run(tmp_path / "work", LIST="1", PACK="1")
    assert listed.returncode == 0, listed.stderr
    packed = [shlex.split(line) for line in listed.stdout.splitlines()]
    assert [words[1] for words in packed] == ["gather", "distil", "cutouts", "tools/screens.py", *["shards"] * 5]
    folders = [parsed(words).params["data"] for words in packed if words[1] == "shards"]
    (trained,) = (parsed(words).params["data"] for words in commands if words[1:3] == ["run", "locator"])
    assert [folder.name for folder in folders] == [Path(folder).name for folder in trained]


def test_a_stopped_script_goes_on_and_a_finished_one_does_nothing(tmp_path: Path) -> None:
    tools, calls, work = tmp_path / "bin", tmp_path / "calls", tmp_path / "work"
    tools.mkdir()
    for name in ("tress", "tress-train", "python"):
        script = f'#!/bin/sh\necho {name} "$@" >> {calls}\n[ ! -e {tmp_path}/full ] || [ "$2" != refiner ]\n'
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    # The commands write into folders of their own.
    for folder in ("cutouts", "screens", "scores"):
        (work / folder).mkdir(parents=True)
    (tmp_path / "full").touch()
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    assert run(work, PATH=path).returncode == 1
    first = calls.read_text().splitlines()
    assert [line.split()[1] for line in first] == ["gather", "distil", "cutouts", "tools/screens.py", "run", "run"]
    (tmp_path / "full").unlink()
    done = run(work, PATH=path)
    assert done.returncode == 0, done.stderr
    second = calls.read_text().splitlines()[len(first) :]
    assert second[0] == first[-1]
    assert second[-1].startswith("tress-train card ")
    assert run(work, PATH=path).returncode == 0
    assert len(calls.read_text().splitlines()) == len(first) + len(second)
