"""Two looks: samples, the prior that one look gives the other, and a step that trains both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tress.process.closer import NO_PRIOR
from tress_train.data.collection import read_collection
from tress_train.data.dataset import TrainingSet
from tress_train.data.library import load_library
from tress_train.data.looks import NO_LIE, TwoLooks
from tress_train.models.locator import Locator, LocatorLogits, with_prior
from tress_train.recipes import load_recipe
from tress_train.recipes.base import smoke
from tress_train.recipes.stages import Mix
from tress_train.tasks.locator import LocatorTask, prior_of

pytestmark = pytest.mark.train


def looks(data: Path, *, in_memory: bool = True, window_px: int = 64) -> TwoLooks:
    library = load_library(read_collection([data]).train, 128, in_memory=in_memory)
    mix = Mix({"discs": 0.5, "rough": 0.3}, composite=0.5, empty=0.1)
    views = TrainingSet(library, [(mix, 1.0)], {}, sides_px=(128, 96), batch=2, seed=3, length=20)
    return TwoLooks(views, first_sides_px=(64, 32), window_px=window_px)


def same(first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_window_is_the_part_of_the_view_that_its_box_says(data: Path) -> None:
    samples = looks(data)
    for index in range(8):
        sample, view = samples[index], samples.views[index]
        height, width = view["image"].shape[-2:]
        scale = np.array([height, width, height, width])
        top, left, bottom, right = np.rint(sample["near_box"].numpy() * scale).astype(int)
        assert (bottom - top, right - left) == (min(64, height), min(64, width))
        for name in ("image", "alpha", "where", "soft", "fuzzy"):
            assert torch.equal(sample[f"near_{name}"], view[name][:, top:bottom, left:right])


def test_the_first_look_sees_the_whole_view_smaller(data: Path) -> None:
    samples = looks(data)
    assert [max(samples[index]["image"].shape) for index in range(0, 8, 2)] == [64, 32, 64, 32]
    for index in range(8):
        sample, view = samples[index], samples.views[index]
        assert sample["image"].shape[-1] % 32 == sample["image"].shape[-2] % 32 == 0
        assert sample["alpha"].float().mean() == pytest.approx(view["alpha"].float().mean().item(), abs=6)
        # A pixel whose label is partly unknown is unknown.
        assert set(sample["where"].unique().tolist()) <= {0, 255}
        assert sample["where"].float().mean() <= view["where"].float().mean() + 1e-3


def test_pictures_read_when_they_are_drawn_give_the_samples_of_those_in_memory(data: Path) -> None:
    kept, read = looks(data), looks(data, in_memory=False)
    assert kept.pools() == read.pools()
    assert all(same(kept[index], read[index]) for index in range(10))


def test_samples_depend_on_their_number_alone_and_some_are_lied_about(data: Path) -> None:
    samples, again = looks(data), looks(data)
    assert all(same(samples[index], again[index]) for index in (7, 3, 11))
    lies = [sample["near_lie"] for sample in (samples[index] for index in range(20))]
    told = [bool((lie != NO_LIE).any()) for lie in lies]
    assert 0 < sum(told) < len(told)
    assert all(set(lie.unique().tolist()) <= {0, NO_LIE, 255} for lie in lies)


def test_a_prior_is_what_the_first_look_says_inside_the_window() -> None:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    wanted = (rows / 64 * 0.8 + 0.1)[None, None]
    doubt = (columns / 96 * 0.8 + 0.1)[None, None]
    first = LocatorLogits(torch.logit(wanted), torch.logit(doubt), torch.zeros(1), torch.zeros(1, 1, 8, 12))
    lie = torch.full((1, 1, 32, 32), NO_LIE, dtype=torch.int16)
    lie[..., :4] = 0
    lie[..., 4:8] = 255
    box = torch.tensor([[16 / 64, 32 / 96, 48 / 64, 64 / 96]])
    alpha, uncertainty = prior_of(first, box, lie)
    torch.testing.assert_close(alpha[..., 8:], wanted[..., 16:48, 40:64])
    torch.testing.assert_close(uncertainty, doubt[..., 16:48, 32:64])
    assert (alpha[..., :4] == 0).all()
    assert (alpha[..., 4:8] == 1).all()


def test_without_a_prior_a_locator_answers_as_one_that_never_had_any(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Locator("lite0").eval()
    old = {name: value for name, value in model.state_dict().items() if ".prior." not in name}
    torch.nn.init.normal_(model.up4.prior.weight)
    loaded = Locator("lite0").eval()
    loaded.load_state_dict(old)
    image = torch.rand(1, 3, 64, 96)
    unknown = [torch.full((1, 1, 64, 96), value) for value in NO_PRIOR]
    with torch.no_grad():
        alone, told = model(image), model(with_prior(image, *unknown))
        known = model(with_prior(image, torch.ones(1, 1, 64, 96), torch.zeros(1, 1, 64, 96)))
        before = loaded(image)
    for first, second, third in zip(alone, told, before, strict=True):
        torch.testing.assert_close(first, second)
        torch.testing.assert_close(first, third)
    assert (known[0] - alone[0]).abs().max() > 1e-3


def test_a_step_trains_both_looks_and_what_they_share(data: Path) -> None:
    recipe = smoke(load_recipe("two_looks"))
    task = LocatorTask(replace(recipe, frozen_stages=0)).train()
    samples = looks(data, window_px=32)
    batch = {name: torch.stack([samples[i][name] for i in (0, 1)]) for name in samples[0]}
    losses = task(batch)
    assert {"bce", "near_bce", "near_gradient", "presence"} <= losses.keys()
    assert "near_presence" not in losses
    torch.stack(list(losses.values())).sum().backward()
    grown = {name for name, p in task.model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert {f"up{stride}.prior.weight" for stride in (2, 4, 8, 16)} <= grown
    assert "encoder.stem.0.weight" in grown or any(name.startswith("encoder.") for name in grown)
