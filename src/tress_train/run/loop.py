"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from tress.errors import InputError, TressError
from tress_train.data.gathering import gather
from tress_train.data.samples import Samples
from tress_train.data.source import Free
from tress_train.recipes.base import BaseRecipe, Optim
from tress_train.recipes.refiner_stages import RefinerStage
from tress_train.recipes.stages import GateMissedError, GateResult, Stage
from tress_train.run.evaluating import Evaluation, evaluate
from tress_train.run.keeping import keep
from tress_train.run.processes import join_processes
from tress_train.run.records import Journal
from tress_train.run.running import (
    AVERAGED,
    Progress,
    Run,
    decide,
    finish,
    hash_weights,
    lengthen,
    resume,
    save,
    start_record,
)
from tress_train.storage.places import Place, join
from tress_train.tasks import make_task
from tress_train.tasks.base import layout

AnyStage = Stage | RefinerStage
# So many steps in a row without a finite gradient are no accident of one batch.
NOT_FINITE_LIMIT = 10


def train(
    recipe: BaseRecipe,
    folders: Sequence[Place],
    out: Place,
    *,
    init: Path | None = None,
    past_gates: str = "",
    extend: int = 0,
    free: Free | None = None,
    watch: Callable[[Run], bool] | None = None,
) -> Place:
    """Runs a recipe, or continues it where a checkpoint in ``out`` says.

    Args:
        recipe: what to do.
        folders: data, see ``read_collection``.
        out: the run's folder, or its URL: ``log.jsonl``, ``record.json``, ``pictures/``, ``tensorboard/``, ``last.pt``
            (everything) and ``ema.pt`` (averaged weights only).
        init: weights to start from; not needed when the run continues from its own checkpoint.
        past_gates: the reason why missed gates shall not stop this run; empty if they shall.
        extend: steps to add to the budget of the stage that a stopped run stands at, once that is used up.
        free: which data sets it is limited to, see ``tress_train.data.gathering``.
        watch: asked in the main process after every evaluation whether the stage shall end early.

    Returns:
        The path or URL of the averaged weights.

    Raises:
        GateMissedError: a stage missed its gates within its budget; everything is saved.
        InputError: something about the data, the weights or the folder is wrong, or is not as the run was started.
        TressError: the loss stays without a finite value, or disk or URL do not take the last checkpoint.
    """
    # A pool of OpenCV threads would not survive the fork of the loader's processes.
    cv2.setNumThreads(1)
    # numpy measures its number types when it is first asked, and warns if tiny numbers are already flushed to zero.
    for kind in (np.float32, np.float64):
        _ = np.finfo(kind).smallest_subnormal
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    accelerator = join_processes()
    _check_batches(recipe, accelerator.num_processes)
    keeping = keep(out, accelerator)
    with accelerator.main_process_first():
        data = gather(recipe, folders, keeping.folder / "difficulty.jsonl", free)
    task = make_task(recipe, init).to(accelerator.device)
    task.model.to(memory_format=layout(accelerator.device))  # type: ignore[call-overload]
    run = Run(
        recipe,
        keeping,
        data,
        accelerator,
        task=task,
        wrapped=task,
        averaged=copy.deepcopy(task).requires_grad_(False).eval(),
        optimizer=torch.optim.AdamW(task.groups(), lr=0.0),
        journal=Journal(keeping.folder, silent=not accelerator.is_main_process),
        progress=Progress(),
        weights=hash_weights(recipe, init),
        watch=watch,
    )
    try:
        resume(run)
        run.wrapped = _distribute(run)
        if extend:
            lengthen(run, extend)
        if not run.finished:
            start_record(run, folders, init)
        while not run.finished:
            results = _run_stage(run)
            missed = [result for result in results if not result.passed]
            if missed and not past_gates:
                run.progress.judged = True
                save(run, must=True)
                raise _stop_at_gate(run, missed)
            if missed:
                decide(run, "gate passed by decision", past_gates, missed)
            progress = run.progress
            progress.passed.append({"stage": recipe.stages[progress.stage].name, "gates": [str(r) for r in results]})
            progress.stage, progress.step, progress.extra = progress.stage + 1, 0, 0
            save(run)
        if run.unsaved:
            save(run, must=True)
        run.journal.summarise(finished=True)
        finish(run)
    finally:
        run.journal.close()
    # A process that simply exits may be aborted by what its background threads still have to say to the others.
    run.accelerator.wait_for_everyone()
    if accelerator.is_local_main_process:
        keeping.leave()
    run.accelerator.end_training()
    return join(out, AVERAGED)


def _run_stage(run: Run) -> list[GateResult]:
    """Trains one stage until its budget is used up or, early, its gates are passed; returns the gates' results."""
    recipe, progress, stage = run.recipe, run.progress, run.recipe.stages[run.progress.stage]
    budget = stage.steps + progress.extra
    progress.judged = False
    samples = run.task.start_stage(progress.stage, run.data, budget * stage.batch)
    run.journal.write("stage", stage=stage.name, budget=budget, step=progress.step, pools=samples.pools())
    evaluation: Evaluation | None = None
    sums: dict[str, Tensor] = {}
    counted, not_finite, started = 0, 0, time.monotonic()
    for batch in _batches(run, samples, stage, budget):
        lr = stage.lr * recipe.optim.lr_scale * schedule(progress.step, budget, recipe.optim)
        losses, norm = _step(run, batch, lr)
        progress.step += 1
        progress.total += 1
        evaluation = None

        not_finite = 0 if torch.isfinite(norm) else not_finite + 1
        if not_finite:
            _report_not_finite(run, batch, samples, losses, not_finite)
        else:
            _average(run)
            counted += 1
            for name, value in {**losses, "norm": norm}.items():
                sums[name] = sums.get(name, torch.zeros_like(norm)) + value.detach()
        if progress.step % recipe.log_every == 0:
            seconds = (time.monotonic() - started) / recipe.log_every
            _log_losses(run, stage, sums, counted, lr, seconds)
            sums, counted, started = {}, 0, time.monotonic()
            if run.unsaved:
                save(run)
        if progress.step % recipe.checkpoint_every == 0:
            save(run)
        if progress.step % recipe.evaluate_every == 0:
            evaluation = _evaluate(run, stage)
            if evaluation.enough or (progress.step >= stage.min_share * budget and stage.gates and evaluation.passed):
                break
            started = time.monotonic()
    return (evaluation or _evaluate(run, stage)).results


def _step(run: Run, batch: dict[str, Tensor], lr: float) -> tuple[dict[str, Tensor], Tensor]:
    """One optimiser step; the weights stay as they are if the gradient is not finite."""
    run.wrapped.train()
    for group in run.optimizer.param_groups:
        group["lr"] = lr * group["share"]
    losses: dict[str, Tensor] = run.wrapped(batch)
    losses["loss"] = torch.stack([value for name, value in losses.items() if name not in run.task.watched]).sum()
    run.accelerator.backward(losses["loss"])
    norm = nn.utils.clip_grad_norm_(run.task.parameters(), run.recipe.optim.clip_norm)
    if torch.isfinite(norm):
        run.optimizer.step()
    run.optimizer.zero_grad(set_to_none=True)
    return losses, norm


def schedule(step: int, budget: int, optim: Optim) -> float:
    """Share of the peak learning rate: linear warm-up, then a cosine down to ``final_lr_share``."""
    if step < optim.warmup_steps:
        return (step + 1) / optim.warmup_steps
    done = (step - optim.warmup_steps) / max(1, budget - optim.warmup_steps)
    return optim.final_lr_share + (1 - optim.final_lr_share) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _check_batches(recipe: BaseRecipe, processes: int) -> None:
    """Refuses a stage whose batch cannot be shared, before any stage has cost time."""
    bad = [stage for stage in recipe.stages if stage.batch % processes]
    if bad:
        named = ", ".join(f"{stage.name} ({stage.batch})" for stage in bad)
        raise InputError(
            "batch_indivisible",
            f"the batches of these stages cannot be shared by {processes} processes: {named}",
            hint="start a number of processes that divides them, or for a new run "
            + " ".join(f"--set stages.{stage.name}.batch=N" for stage in bad)
            + f" with multiples of {processes}",
        )


def _batches(run: Run, samples: Samples, stage: AnyStage, budget: int) -> Iterator[dict[str, Tensor]]:
    """This process's part of every batch that is left of the stage, on its device."""
    processes, rank = run.accelerator.num_processes, run.accelerator.process_index
    part = stage.batch // processes
    order = [
        list(range(step * stage.batch + rank * part, step * stage.batch + (rank + 1) * part))
        for step in range(run.progress.step, budget)
    ]
    workers = run.recipe.loader_processes
    device = run.accelerator.device
    loader = DataLoader(
        samples,
        batch_sampler=order,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=device.type == "cuda",
    )
    for batch in loader:
        yield {name: value.to(device, non_blocking=True) for name, value in batch.items()}


@torch.no_grad()
def _average(run: Run) -> None:
    decay = min(run.recipe.optim.ema_decay, 1 - 1 / (1 + run.progress.total))
    pairs = list(zip(run.averaged.state_dict().values(), run.task.state_dict().values(), strict=True))
    moved = [(kept, new) for kept, new in pairs if kept.is_floating_point()]
    # All at once: on a GPU a call for every tensor would take longer than the sums.
    get_ema_multi_avg_fn(decay)([kept for kept, _ in moved], [new for _, new in moved], 0)
    for kept, new in pairs:
        if not kept.is_floating_point():
            kept.copy_(new)


def _log_losses(run: Run, stage: AnyStage, sums: dict[str, Tensor], steps: int, lr: float, seconds: float) -> None:
    """Means over ``steps`` steps since the last line and over all processes."""
    means: dict[str, Tensor] = run.accelerator.reduce(sums, reduction="mean") if steps else {}
    row = {name: round(float(value) / steps, 6) for name, value in means.items()}
    row |= {"lr": lr, "seconds_per_step": round(seconds, 3)}
    run.journal.write("train", stage=stage.name, step=run.progress.step, total=run.progress.total, **row)
    run.journal.scalars("train", row, run.progress.total)


def _report_not_finite(
    run: Run, batch: dict[str, Tensor], samples: Samples, losses: dict[str, Tensor], in_a_row: int
) -> None:
    """Says which samples gave a loss or gradient that is not finite; stops the run if it happens again and again."""
    sources = [samples.describe(int(index)) for index in batch["index"]]
    bad = sorted(name for name, value in losses.items() if not torch.isfinite(value))
    run.journal.write("not_finite", step=run.progress.step, losses=bad, samples=sources)
    with torch.no_grad():
        # Batch statistics of such a batch would poison the running ones for good.
        for kept, averaged in zip(run.task.buffers(), run.averaged.buffers(), strict=True):
            if not torch.isfinite(kept).all():
                kept.copy_(averaged)
    if in_a_row >= NOT_FINITE_LIMIT:
        raise TressError(
            "training_diverged",
            f"{in_a_row} steps in a row had no finite gradient ({', '.join(bad) or 'gradient'}); "
            f"the last one with {'; '.join(sources)}",
            hint=f"the checkpoint in {run.place} is from before; lower the learning rate (--set optim.lr_scale=0.5) "
            "in a new run with --init, or look at these pictures",
        )


def _evaluate(run: Run, stage: AnyStage) -> Evaluation:
    """Scores the averaged weights in the main process; all processes learn the verdict."""
    found: list[Evaluation | None] = [None]
    if run.accelerator.is_main_process:
        examined = run.averaged.examine(run.progress.stage, run.data)
        judged = evaluate(examined, stage, run.data.train, run.journal, run.progress)
        found[0] = replace(judged, enough=run.watch is not None and run.watch(run))
    if run.accelerator.num_processes > 1:
        broadcast_object_list(found)
    assert found[0] is not None
    return found[0]


def _distribute(run: Run) -> nn.Module:
    """The task as the processes share it: gradients are averaged, batch norms see the whole batch on GPUs."""
    task: nn.Module = run.task
    several = run.accelerator.num_processes > 1
    if several and run.accelerator.device.type == "cuda" and run.recipe.norms == "batch":
        task = nn.SyncBatchNorm.convert_sync_batchnorm(task)
    wrapped: nn.Module = run.accelerator.prepare_model(task) if several else task
    return wrapped


def _stop_at_gate(run: Run, missed: Sequence[GateResult]) -> GateMissedError:
    stage = run.recipe.stages[run.progress.stage]
    return GateMissedError(
        "gate_missed",
        f"stage {stage.name} missed its gates after {run.progress.step} steps: {'; '.join(map(str, missed))}",
        hint=f"the pictures that fail are in {run.place}/pictures and missed-{stage.name}.json; start again with "
        "--extend STEPS to train the stage longer, or with --continue-past-gate REASON",
    )
