from __future__ import annotations

import errno
import json
import math
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tress.errors import InputError, ModelError, TressError
from tress_train.models.locator import Locator
from tress_train.models.weights import load
from tress_train.recipes import load_recipe, recipe_names
from tress_train.recipes.base import Optim, Recipe, recipe_hash, smoke
from tress_train.recipes.stages import OTHERS, Composites, Gate, GateMissedError, LocatorLoss, Mix, Stage
from tress_train.run import checkpoint, loop
from tress_train.run.records import model_metadata, read_log, read_summary
from tress_train.tasks import LocatorTask
from tress_train.tasks.base import autocast

pytestmark = [
    pytest.mark.train,
    # Packages below Accelerate and TensorBoard announce changes of their own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

Killed = Callable[[int], AbstractContextManager[None]]

MIX = Mix(sets={OTHERS: 0.5}, composite=0.4, empty=0.1, composites=Composites(studio=0.5))
STAGE = Stage("only", steps=4, long_side_px=64, batch=2, lr=1e-3, mix=MIX)
RECIPE = Recipe(
    "tiny",
    stages=(STAGE,),
    variant="lite0",
    encoder_weights="random",
    precision="fp32",
    norms="frozen",
    optim=Optim(warmup_steps=1),
    log_every=1,
    checkpoint_every=2,
    evaluate_every=4,
    loader_processes=0,
    val_stride=0,
    own_held_back=0.3,
)


def losses_of(out: Path) -> dict[int, float]:
    return {row["total"]: row["loss"] for row in read_log(out) if row["event"] == "train"}


LOCATORS = [name for name in recipe_names() if load_recipe(name).task == "locator"]


@pytest.mark.parametrize("name", LOCATORS)
def test_every_locator_recipe_runs_through_in_its_smoke_variant(name: str, data: Path, tmp_path: Path) -> None:
    recipe = smoke(load_recipe(name))
    weights = loop.train(recipe, [data], tmp_path)
    Locator("lite0").load_state_dict(load(weights))
    events = [row["event"] for row in read_log(tmp_path)]
    assert events.count("evaluate") == len(recipe.stages)
    record = read_summary(tmp_path)
    assert record["finished"]
    assert record["used_sets"] == ["cuts", "discs", "grounds", "rough"]
    looks = len(recipe.stages) if recipe.val_stride else 0
    assert len(list((tmp_path / "pictures").glob("val-worst-*.jpg"))) == looks
    assert list((tmp_path / "tensorboard").iterdir())


def test_a_killed_run_goes_on_with_the_same_data_and_losses(data: Path, tmp_path: Path, killed_in_step: Killed) -> None:
    recipe = replace(RECIPE, norms="batch")
    loop.train(recipe, [data], tmp_path / "whole")
    with killed_in_step(4):
        loop.train(recipe, [data], tmp_path / "killed")
    loop.train(recipe, [data], tmp_path / "killed")
    assert losses_of(tmp_path / "killed") == losses_of(tmp_path / "whole")
    whole, killed = load(tmp_path / "whole/ema.pt"), load(tmp_path / "killed/ema.pt")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_two_processes_have_the_loss_curve_of_one(data: Path, tmp_path: Path) -> None:
    # Pictures whose every pixel is known: each process divides by the weights of its own part of the batch, so only
    # then are the means the same however the batch is shared out.  The presence loss skips slivers of a subject.
    mix = Mix(composite=0.8, empty=0.2, composites=Composites(studio=0.5))
    stage = replace(STAGE, mix=mix, steps=2)
    recipe = replace(RECIPE, stages=(stage,), loss=LocatorLoss(presence=0))
    loop.train(recipe, [data], tmp_path / "one")
    (tmp_path / "recipe.pickle").write_bytes(pickle.dumps(recipe))
    script = tmp_path / "two.py"
    script.write_text(
        "import pickle\nfrom pathlib import Path\nfrom tress_train.run.loop import train\n"
        "here = Path(__file__).parent\n"
        "recipe = pickle.loads((here / 'recipe.pickle').read_bytes())\n"
        f"train(recipe, [Path({str(data)!r})], here / 'two')\n",
        encoding="utf-8",
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {
        **os.environ,
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    workers = [
        subprocess.Popen(
            [sys.executable, str(script)],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    one, two = losses_of(tmp_path / "one"), losses_of(tmp_path / "two")
    assert len(one) == 2
    assert one == pytest.approx(two, rel=1e-3)
    assert read_summary(tmp_path / "two")["processes"] == 2


def gated(threshold: float, **changes: Any) -> Recipe:
    first = replace(STAGE, name="first", gates=(Gate("iou", "own", threshold),), **changes)
    return replace(RECIPE, stages=(first, replace(STAGE, name="second")), evaluate_every=2)


def test_a_missed_gate_stops_the_run_and_says_which_pictures_fail(data: Path, tmp_path: Path) -> None:
    with pytest.raises(GateMissedError) as error:
        loop.train(gated(1.1), [data], tmp_path)
    assert error.value.code == "gate_missed"
    assert "first" in error.value.message
    assert "--continue-past-gate" in error.value.hint
    failing = json.loads((tmp_path / "missed-first.json").read_text(encoding="utf-8"))
    (rows,) = failing.values()
    assert rows
    assert all(row["key"] for row in rows)
    assert list((tmp_path / "pictures").glob("own-iou-worst-*.jpg"))
    assert not [row for row in read_log(tmp_path) if row.get("stage") == "second"]


def test_a_missed_gate_is_passed_only_by_decision_which_is_recorded(data: Path, tmp_path: Path) -> None:
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path)
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path)
    loop.train(gated(1.1), [data], tmp_path, past_gates="labels are wrong")
    (decision,) = read_summary(tmp_path)["decisions"]
    assert (decision["stage"], decision["reason"]) == ("first", "labels are wrong")
    assert "MISSED" in decision["gates"][0]
    metadata = model_metadata(tmp_path)
    assert metadata["recipe"] == recipe_hash(gated(1.1))
    assert "labels are wrong" in metadata["notes"]
    assert "not finished" not in metadata["notes"]
    assert max(losses_of(tmp_path)) == 8


def test_a_missed_stage_can_be_trained_longer(data: Path, tmp_path: Path) -> None:
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path)
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path, extend=2)
    assert sorted(losses_of(tmp_path)) == [1, 2, 3, 4, 5, 6]
    assert read_summary(tmp_path)["decisions"][0]["what"] == "extended"
    with pytest.raises(InputError) as error:
        loop.train(gated(0.0), [data], tmp_path / "new", extend=2)
    assert error.value.code == "nothing_to_extend"


def test_an_interrupted_extension_goes_on_by_the_same_command(
    data: Path, tmp_path: Path, killed_in_step: Killed, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path)
    with killed_in_step(4):
        loop.train(gated(1.1), [data], tmp_path, extend=4)
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path, extend=4)
    assert max(losses_of(tmp_path)) == 8
    assert len(read_summary(tmp_path)["decisions"]) == 1
    assert "under way, 2 steps are left" in capsys.readouterr().err


def test_an_extension_that_was_killed_before_its_verdict_is_not_granted_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path)
    evaluate = loop._evaluate

    def dies_at_the_end(run: Any, stage: Any) -> Any:
        if run.progress.step == 6:
            raise KeyboardInterrupt
        return evaluate(run, stage)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_evaluate", dies_at_the_end)
        with pytest.raises(KeyboardInterrupt):
            loop.train(gated(1.1), [data], tmp_path, extend=2)
    assert load(tmp_path / "last.pt")["progress"]["step"] == 6
    with pytest.raises(GateMissedError, match="after 6 steps"):
        loop.train(gated(1.1), [data], tmp_path, extend=2)
    assert "not been judged yet" in capsys.readouterr().err
    # The verdict is spoken, so this is a decision of its own.
    with pytest.raises(GateMissedError, match="after 8 steps"):
        loop.train(gated(1.1), [data], tmp_path, extend=2)
    assert len(read_summary(tmp_path)["decisions"]) == 2


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Four:
        num_processes = 4

    monkeypatch.setattr(loop, "join_processes", Four)
    recipe = replace(RECIPE, stages=(replace(STAGE, batch=4), replace(STAGE, name="later", batch=10)))
    with pytest.raises(InputError) as error:
        loop.train(recipe, [tmp_path / "nothing"], tmp_path / "out")
    assert error.value.code == "batch_indivisible"
    assert "later (10)" in error.value.message
    assert "only" not in error.value.message


def test_the_documented_four_processes_share_every_batch_of_the_curriculum() -> None:
    recipe = load_recipe("locator")
    assert not [stage.name for stage in recipe.stages if stage.batch % 4]
    for name in recipe_names():
        assert {stage.batch for stage in smoke(load_recipe(name), processes=3).stages} == {6}


def test_a_gate_that_is_passed_early_ends_the_stage_early(data: Path, tmp_path: Path) -> None:
    loop.train(gated(0.0, min_share=0.5), [data], tmp_path)
    stages = [row["stage"] for row in read_log(tmp_path) if row["event"] == "train"]
    assert (stages.count("first"), stages.count("second")) == (2, 4)


def test_pictures_of_a_gate_are_not_trained_on(data: Path, tmp_path: Path) -> None:
    run = loop.gather(gated(0.0), [data], tmp_path / "difficulty.jsonl")
    trained = {photo.key for photos in run.library.photos.values() for photo in photos}
    assert run.subsets["own"]
    assert not trained & set(run.subsets["own"])


def test_a_full_disk_costs_nothing_that_was_trained(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loop.train(RECIPE, [data], tmp_path / "whole")
    replaced, fails = os.replace, {"left": 3}

    def full(source: Any, target: Any) -> None:
        if str(target).endswith(".pt") and fails["left"]:
            fails["left"] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replaced(source, target)

    monkeypatch.setattr(os, "replace", full)
    loop.train(RECIPE, [data], tmp_path / "full")
    assert "full" in capsys.readouterr().err
    whole, full_run = load(tmp_path / "whole/ema.pt"), load(tmp_path / "full/ema.pt")
    assert all(torch.equal(whole[name], full_run[name]) for name in whole)
    assert not list((tmp_path / "full").glob(".*"))


def test_a_disk_that_stays_full_is_an_error_and_keeps_the_last_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GateMissedError):
        loop.train(gated(1.1), [data], tmp_path)
    before = (tmp_path / "last.pt").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(checkpoint.CheckpointNotWrittenError):
        loop.train(gated(1.1), [data], tmp_path, past_gates="try")
    assert (tmp_path / "last.pt").read_bytes() == before


def test_a_log_that_cannot_be_written_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = loop.Journal(tmp_path)
    journal.write("first")
    with monkeypatch.context() as patch:

        def full(*_: Any, **__: Any) -> Any:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr("builtins.open", full)
        journal.write("second")
    journal.write("third", value=math.nan)
    journal.close()
    assert [row["event"] for row in read_log(tmp_path)] == ["first", "second", "third"]
    assert "make room" in capsys.readouterr().err


def test_a_torn_line_of_the_log_stands_alone_and_others_leave_no_gap(tmp_path: Path) -> None:
    for event in ("first", "second"):
        journal = loop.Journal(tmp_path)
        journal.write(event)
        journal.close()
    log = tmp_path / "log.jsonl"
    assert all(log.read_text().split("\n")[:-1])
    log.write_bytes(log.read_bytes() + b'{"event": "to')
    journal = loop.Journal(tmp_path)
    journal.write("third")
    journal.close()
    assert [row["event"] for row in read_log(tmp_path)] == ["first", "second", "third"]


def test_a_step_without_a_finite_loss_changes_nothing_and_names_its_samples(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = LocatorTask.forward, []

    def sometimes_nan(self: Any, batch: dict[str, Any]) -> dict[str, Any]:
        losses = real(self, batch)
        calls.append(1)
        return {name: value * math.nan for name, value in losses.items()} if len(calls) == 2 else losses

    monkeypatch.setattr(LocatorTask, "forward", sometimes_nan)
    loop.train(RECIPE, [data], tmp_path)
    (row,) = [row for row in read_log(tmp_path) if row["event"] == "not_finite"]
    assert len(row["samples"]) == 2
    assert row["samples"][0].startswith("sample 2: ")
    assert all(torch.isfinite(value).all() for value in load(tmp_path / "ema.pt").values())


@pytest.mark.parametrize("wanted", [torch.channels_last, torch.contiguous_format])
def test_weights_lie_in_memory_as_their_device_likes_it(
    wanted: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = LocatorTask.forward, []

    def looked_at(self: Any, batch: dict[str, Any]) -> dict[str, Any]:
        # The first convolution's weights have more than one channel and pixel: they lie either way, not both.
        seen.append(self.model.encoder.stem[1].weight.is_contiguous(memory_format=wanted))
        return real(self, batch)

    monkeypatch.setattr(LocatorTask, "forward", looked_at)
    monkeypatch.setattr(loop, "layout", lambda _: wanted)
    loop.train(RECIPE, [data], tmp_path)
    assert len(seen) == 4
    assert all(seen)


def test_a_loss_that_stays_not_finite_stops_the_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LocatorTask.forward
    monkeypatch.setattr(
        LocatorTask, "forward", lambda self, batch: {n: v * math.nan for n, v in real(self, batch).items()}
    )
    with pytest.raises(TressError) as error:
        loop.train(replace(RECIPE, stages=(replace(STAGE, steps=20),)), [data], tmp_path)
    assert error.value.code == "training_diverged"
    assert not (tmp_path / "last.pt").exists() or all(
        torch.isfinite(value).all() for value in load(tmp_path / "last.pt")["model"].values()
    )


def test_a_folder_with_another_run_is_left_alone(data: Path, tmp_path: Path) -> None:
    loop.train(RECIPE, [data], tmp_path)
    before = (tmp_path / "last.pt").read_bytes()
    with pytest.raises(InputError) as error:
        loop.train(replace(RECIPE, seed=2), [data], tmp_path)
    assert error.value.code == "run_differs"
    assert (tmp_path / "last.pt").read_bytes() == before


def test_weights_of_another_network_and_broken_files_are_refused(data: Path, tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    larger = Locator("lite0").state_dict()
    first = next(iter(larger))
    torch.save({**larger, first: torch.zeros(2)}, tmp_path / "larger.pt")
    with pytest.raises(ModelError) as error:
        loop.train(RECIPE, [data], tmp_path / "out", init=tmp_path / "larger.pt")
    assert error.value.message.endswith(f"of another network: {first} is (2,), not {tuple(larger[first].shape)}")
    (tmp_path / "broken.pt").write_bytes(b"PK\x03\x04 half a checkpoint")
    for name, code in (("other.pt", "weights_mismatch"), ("broken.pt", "checkpoint_damaged")):
        with pytest.raises(ModelError) as error:
            loop.train(RECIPE, [data], tmp_path / "out", init=tmp_path / name)
        assert error.value.code == code
    with pytest.raises(InputError, match="missing"):
        loop.train(RECIPE, [data], tmp_path / "out", init=tmp_path / "none.pt")


def test_bfloat16_is_only_taken_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": False}, raising=False)
    with autocast(cpu, "auto"):
        assert not torch.is_autocast_enabled("cpu")
    with autocast(cpu, "bf16"):
        assert torch.is_autocast_enabled("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    with autocast(cpu, "auto"):
        assert torch.is_autocast_enabled("cpu")
    with autocast(cpu, "fp32"):
        assert not torch.is_autocast_enabled("cpu")
