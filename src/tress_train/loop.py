"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset

from tress.evaluation.manifest import Record, read_manifest
from tress_train import checkpoint
from tress_train.data.dataset import TrainingSet
from tress_train.models.efficientnet_lite import find_weights, freeze_batch_norm, load_imagenet
from tress_train.models.locator import Locator
from tress_train.quick_eval import quick_eval
from tress_train.recipes.base import Phase, Recipe
from tress_train.tasks import locator_losses


def learning_rate(step: int, phase: Phase, recipe: Recipe) -> float:
    """Linear warm-up, then a cosine down to ``final_lr_share``; ``step`` counts within the phase."""
    if step < recipe.warmup_steps:
        return phase.lr * (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, phase.steps - recipe.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return phase.lr * (recipe.final_lr_share + (1 - recipe.final_lr_share) * cosine)


def train(recipe: Recipe, data: Path, out: Path, init: Path | None = None) -> Path:
    """Runs a recipe, or continues it where a checkpoint in ``out`` says.

    Args:
        recipe: what to do.
        data: folder with ``train/manifest.jsonl`` and ``val/manifest.jsonl``.
        out: the run's folder: ``log.jsonl``, ``last.pt`` (everything), ``ema.pt`` (averaged weights only).
        init: weights to start from instead of ImageNet's; ignored when a checkpoint exists.

    Returns:
        The path of the averaged weights.
    """
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    records = read_manifest(data / "train" / "manifest.jsonl")
    model = Locator(recipe.variant)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if init is None:
        load_imagenet(model.encoder, find_weights(recipe.variant))
    else:
        model.load_state_dict(checkpoint.load(init))
    model.encoder.freeze(recipe.frozen_stages)
    averaged = copy.deepcopy(model).requires_grad_(False).eval()
    optimizer = torch.optim.AdamW(_groups(model, recipe), lr=0.0)

    state = {"phase": 0, "step": 0, "total": 0}
    if (out / "last.pt").exists():
        saved = checkpoint.load(out / "last.pt")
        model.load_state_dict(saved["model"])
        averaged.load_state_dict(saved["averaged"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]

    log = open(out / "log.jsonl", "a", encoding="utf-8")  # noqa: SIM115
    _write(log, {"event": "start", "recipe": asdict(recipe), **state})
    while state["phase"] < len(recipe.phases):
        _run_phase(recipe, state, model, averaged, optimizer, records, data, out, log)
        state.update(phase=state["phase"] + 1, step=0)
        _save(out, model, averaged, optimizer, state)
    log.close()
    return out / "ema.pt"


def _run_phase(
    recipe: Recipe,
    state: dict[str, int],
    model: Locator,
    averaged: Locator,
    optimizer: torch.optim.Optimizer,
    records: list[Record],
    data: Path,
    out: Path,
    log: Any,
) -> None:
    phase = recipe.phases[state["phase"]]
    samples = phase.steps * phase.batch
    data_set = TrainingSet(
        records, phase.mix, phase.long_side_px, phase.batch, seed=recipe.seed * 1000 + state["phase"], length=samples
    )
    first = state["step"] * phase.batch
    loader = DataLoader(
        Subset(data_set, range(first, samples)), batch_size=phase.batch, num_workers=1, prefetch_factor=4
    )
    _write(log, {"event": "phase", "phase": phase.name, "samples": samples, "dropped": len(data_set.dropped), **state})
    sums: dict[str, float] = {}
    started = time.monotonic()
    for batch in loader:
        model.train()
        freeze_batch_norm(model.encoder)
        lr = learning_rate(state["step"], phase, recipe)
        for group in optimizer.param_groups:
            group["lr"] = lr * group["share"]
        batch["image"] = batch["image"].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            losses = locator_losses(model, batch, recipe.loss)
        loss = torch.stack(list(losses.values())).sum()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        if torch.isfinite(norm):
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        state["step"] += 1
        state["total"] += 1
        _average(averaged, model, min(recipe.ema_decay, 1 - 1 / (1 + state["total"])))

        for name, value in {**losses, "loss": loss, "norm": norm}.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if state["step"] % 50 == 0:
            row = {name: round(value / 50, 4) for name, value in sums.items()}
            took = (time.monotonic() - started) / 50
            _write(log, {"event": "train", **state, "lr": round(lr, 7), "seconds_per_step": round(took, 2), **row})
            sums, started = {}, time.monotonic()
        if state["step"] % recipe.checkpoint_every == 0:
            _save(out, model, averaged, optimizer, state)
        if state["step"] % recipe.evaluate_every == 0 or state["step"] == phase.steps:
            scores = quick_eval(averaged, read_manifest(data / "val" / "manifest.jsonl"), phase.long_side_px)
            _write(log, {"event": "evaluate", **state, **scores})
            started = time.monotonic()


def _groups(model: Locator, recipe: Recipe) -> list[dict[str, Any]]:
    """Encoder and decoder, each with and without weight decay (none on biases and norms)."""
    groups: list[dict[str, Any]] = []
    for share, inside in ((recipe.encoder_lr_share, True), (1.0, False)):
        named = [
            (name, p)
            for name, p in model.named_parameters()
            if p.requires_grad and name.startswith("encoder.") == inside
        ]
        groups.append(
            {"params": [p for _, p in named if p.ndim > 1], "weight_decay": recipe.weight_decay, "share": share}
        )
        groups.append({"params": [p for _, p in named if p.ndim <= 1], "weight_decay": 0.0, "share": share})
    return groups


@torch.no_grad()
def _average(averaged: nn.Module, model: nn.Module, decay: float) -> None:
    for kept, new in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def _save(
    out: Path, model: nn.Module, averaged: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, int]
) -> None:
    checkpoint.save(
        out / "last.pt",
        {
            "model": model.state_dict(),
            "averaged": averaged.state_dict(),
            "optimizer": optimizer.state_dict(),
            "state": dict(state),
        },
    )
    checkpoint.save(out / "ema.pt", averaged.state_dict())


def _write(log: Any, row: dict[str, Any]) -> None:
    row = {"time": time.strftime("%Y-%m-%dT%H:%M:%S"), **row}
    log.write(json.dumps(row, default=lambda x: np.asarray(x).tolist()) + "\n")
    log.flush()
