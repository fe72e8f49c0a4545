from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tress.errors import InputError, TressError
from tress_train.commands import cli
from tress_train.commands.card import write_card
from tress_train.data.collection import read_collection
from tress_train.data.sources import registered_sources
from tress_train.labels.distil import distil
from tress_train.run.records import git_commit, versions

pytestmark = pytest.mark.train

RUNNER = CliRunner()


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tress_train", *words], capture_output=True, text=True, check=False)


def test_errors_are_messages_with_a_hint_and_no_traceback(tmp_path: Path) -> None:
    done = run("prepare", str(tmp_path))
    assert done.returncode == 2
    assert "holds no pictures" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_without_torch_the_command_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'accelerate', 'tensorboard'): sys.modules[name] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
        "sys.argv = ['tress-train', *sys.argv[1:]]\n"
        "from tress_train.commands.cli import run; run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "locator", "--data", "x", "--out", "y"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install '.[cpu,train]'" in done.stderr
    listed = subprocess.run([sys.executable, "-c", code, "recipes"], capture_output=True, text=True, check=False)
    assert "locator" in listed.stdout


def test_a_wrong_setting_is_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="lrr"):
        cli.run_recipe("locator", [data], tmp_path / "out", ["optim.lrr=1"])
    assert not (tmp_path / "out").exists()


def test_prepare_lists_what_is_wrong_and_leaves_it_out_on_demand(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("0.png", "0.alpha.png", "1.png"):
        (folder / name).write_bytes((data / "train" / "discs" / name).read_bytes())
    answer = RUNNER.invoke(cli.app, ["prepare", str(folder)])
    assert "wrong: 1.png: has no alpha" in answer.stdout
    assert isinstance(answer.exception, InputError)
    assert not (folder / "manifest.jsonl").exists()
    answer = RUNNER.invoke(cli.app, ["prepare", str(folder), "--leave-out-bad"])
    assert answer.exit_code == 0
    assert len((folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_user_checks_a_folder_and_trains_on_it(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = tmp_path / "mine"
    folder.mkdir()
    for i in range(8):
        for name in (f"{i}.png", f"{i}.alpha.png"):
            (folder / name).write_bytes((data / "train" / "discs" / name).read_bytes())
    assert RUNNER.invoke(cli.app, ["prepare", str(folder)]).exit_code == 0
    out = tmp_path / "out"
    words = ["run", "finetune", "--data", str(folder), "--out", str(out), "--smoke", "--set", "seed=3"]
    answer = RUNNER.invoke(cli.app, words)
    assert answer.exit_code == 0, answer.output
    assert (out / "ema.pt").exists()
    assert json.loads((out / "record.json").read_text(encoding="utf-8"))["recipe"]["seed"] == 3


def test_a_smoke_run_keeps_the_network_that_given_weights_are_of(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from tress_train.run import loop

    seen = []
    monkeypatch.setattr(loop, "train", lambda chosen, *_, **__: seen.append((chosen.variant, chosen.stages[0].batch)))
    monkeypatch.setenv("WORLD_SIZE", "4")
    weights = tmp_path / "w.pt"
    cli.run_recipe("locator", [data], tmp_path / "out", smoke=True)
    cli.run_recipe("locator", [data], tmp_path / "out", smoke=True, init=weights)
    assert seen == [("lite0", 8), ("lite2", 8)]


def test_difficulty_and_sources_tell_about_a_data_folder(data: Path, tmp_path: Path) -> None:
    answer = RUNNER.invoke(
        cli.app,
        ["difficulty", "--data", str(data), "--out", str(tmp_path / "d.jsonl"), "--write-gates", str(tmp_path / "g")],
    )
    assert answer.exit_code == 0, answer.output
    assert "plain" in answer.stdout
    assert set(json.loads((tmp_path / "g").read_text(encoding="utf-8"))) >= {"plain", "fine"}
    answer = RUNNER.invoke(cli.app, ["sources", "--data", str(data)])
    row = next(line for line in answer.stdout.splitlines() if line.startswith("discs"))
    assert "DIFFERS" in row
    assert "not registered" in row


def test_cut_outs_are_listed_with_the_licence_of_their_photos(tmp_path: Path) -> None:
    folder = tmp_path / "cutouts"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"any")
    row = {"image": "a.png", "set": "ccp1004-cutouts", "kind": "people", "edge": "rgba", "ignore_px": 0}
    (folder / "manifest.jsonl").write_text(json.dumps(row), encoding="utf-8")
    lines = RUNNER.invoke(cli.app, ["sources", "--data", str(folder)]).stdout.splitlines()
    found = {line[:24].strip(): (line[24:42].strip(), line[52:]) for line in lines}
    licence = registered_sources()["ccp1004"].licence
    assert found["ccp1004-cutouts"] == ("cut out", licence)
    assert found["ccp1004"] == ("not in the data", licence)


def test_the_card_says_what_the_records_say(tmp_path: Path) -> None:
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    record = {
        "recipe": {"name": "curriculum"},
        "recipe_hash": "f" * 64,
        "commit": "c" * 40,
        "versions": versions(),
        "processes": 1,
        "steps": 1200,
        "data": {"ccp1004": "0" * 64, "mine": "1" * 64, "figaro1k-hair": "2" * 64, "ccp1004-cutouts": "3" * 64},
        "used_sets": ["ccp1004", "ccp1004-cutouts", "mine"],
        "stages_done": [{"stage": "plain", "gates": ["iou on plain 0.9500, wanted >= 0.94: passed"]}],
        "decisions": [
            {"stage": "fine", "what": "gate passed by decision", "reason": "bad labels", "gates": ["x MISSED"]}
        ],
        "val": {"people": {"iou": 0.97, "n": 3}, "empty": {"mae": 0.01, "n": 1}},
    }
    (run_folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    times = ["2026-01-01T10:00:00", "2026-01-01T10:30:00", "2026-01-02T09:00:00", "2026-01-02T09:30:00"]
    rows = "".join(json.dumps({"time": time}) + "\n" for time in times)
    (run_folder / "log.jsonl").write_text(rows + '{"time": "20', encoding="utf-8")
    text = write_card([run_folder], tmp_path / "docs" / "card.md").read_text(encoding="utf-8")
    assert "| run | curriculum `ffffffffffff` | `cccccccccccc` | 1200 | 1.0 | 1 of 1 passed |" in text
    assert "Other files than registered: ccp1004 `000000000000`." in text
    assert "- not registered, licence unknown: mine" in text
    licence = registered_sources()["ccp1004"].licence
    (line,) = [line for line in text.splitlines() if line.startswith(f"- {licence}: ")]
    assert {"ccp1004", "ccp1004-cutouts"} <= set(line.removeprefix(f"- {licence}: ").split(", "))
    assert "figaro" not in text
    assert "- run, fine: gate passed by decision: bad labels" in text
    assert "| people | 0.97 | 3 |  |" in text
    missed = {**record, "stages_done": [{"stage": "plain", "gates": ["a: passed", "b 0.1, wanted >= 0.5: MISSED"]}]}
    (run_folder / "record.json").write_text(json.dumps(missed), encoding="utf-8")
    text = write_card([run_folder], tmp_path / "docs" / "card.md").read_text(encoding="utf-8")
    assert "| 1 of 2 passed; b 0.1, wanted >= 0.5: MISSED |" in text
    value = {"value": 0.9004, "low": 0.8, "high": 1.0, "n": 3}
    groups = {"mean of sets": {"iou": value, "hce": value}, "slice:animals": {"iou": value}, "set:cats": {"iou": value}}
    scores = tmp_path / "report.json"
    scores.write_text(json.dumps({"models": [{"name": "ours"}, {"name": "b"}], "scores": {"b": {}, "ours": groups}}))
    (tmp_path / "about.md").write_text("For photos.\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("- Glass.\n", encoding="utf-8")
    said = {"about": tmp_path / "about.md", "notes": tmp_path / "notes.md"}
    text = write_card([run_folder], tmp_path / "card.md", scores=scores, **said).read_text(encoding="utf-8")
    assert text.index("For photos.") < text.index("## Runs") < text.index("- Glass.")
    assert "| slice | IoU |" in text
    assert "| mean of sets | 0.9 |" in text
    assert "| animals | 0.9 |" in text
    assert "cats" not in text
    scores.write_text('{"animals": {"iou": 0.9}}', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        write_card([run_folder], tmp_path / "card.md", scores=scores)
    assert caught.value.code == "scores_unreadable"
    with pytest.raises(InputError, match="no record"):
        write_card([tmp_path / "nothing"], tmp_path / "card.md")


def test_the_commit_of_the_code_is_known_or_empty() -> None:
    assert git_commit() == "" or len(git_commit().removesuffix("+changes")) == 40


def test_an_average_is_the_mean_of_weights_of_one_network(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    one = {"weight": torch.tensor([1.0, 2.0], dtype=torch.float16), "steps": torch.tensor(7)}
    two = {"weight": torch.tensor([3.0, 6.0]), "steps": torch.tensor(9)}
    torch.save(one, tmp_path / "one.pt")
    # A full checkpoint holds its averaged weights beside others.
    torch.save({"averaged": two, "recipe": "x"}, tmp_path / "two.pt")
    torch.save({"weight": torch.zeros(3), "steps": torch.tensor(1)}, tmp_path / "other.pt")
    one_two = [str(tmp_path / "one.pt"), str(tmp_path / "two.pt")]
    done = RUNNER.invoke(cli.app, ["average", *one_two, "--out", str(tmp_path / "mean.pt")])
    assert done.exit_code == 0, done.output
    mean = torch.load(tmp_path / "mean.pt", weights_only=True)
    assert mean["weight"].dtype == torch.float32
    assert mean["weight"].tolist() == [2.0, 4.0]
    assert mean["steps"] == 7
    for words, code in (
        ([*one_two, "--out", str(tmp_path / "mean.pt")], "output_exists"),
        ([one_two[0], "--out", str(tmp_path / "new.pt")], "weights_too_few"),
        ([one_two[0], str(tmp_path / "other.pt"), "--out", str(tmp_path / "new.pt")], "weights_mismatch"),
        ([one_two[0], str(tmp_path / "none.pt"), "--out", str(tmp_path / "new.pt")], "checkpoint_missing"),
    ):
        error = RUNNER.invoke(cli.app, ["average", *words]).exception
        assert isinstance(error, TressError)
        assert error.code == code
    assert not (tmp_path / "new.pt").exists()


def test_labels_are_chosen_in_two_steps(data: Path, tmp_path: Path) -> None:
    records = read_collection([data]).train
    distil(records, lambda image: np.zeros(image.shape[:2], np.uint8), "c" * 64, tmp_path / "labels")
    words = ["curate", "--data", str(data), "--labels", str(tmp_path / "labels"), "--out", str(tmp_path / "out")]
    asked = RUNNER.invoke(cli.app, words)
    assert asked.exit_code == 0
    assert asked.output.startswith("16 pictures")
    choices = tmp_path / "out" / "choices.txt"
    choices.write_text(choices.read_text().replace("?", "C"))
    done = RUNNER.invoke(cli.app, [*words, "--choices", str(choices)])
    assert done.exit_code == 0
    assert len(Path(done.output.strip()).read_text().splitlines()) == 16
