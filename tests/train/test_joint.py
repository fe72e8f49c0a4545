"""Both networks trained at once: what the scenes are, what reaches whom, and how the networks are taken apart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tress.errors import InputError, ModelError
from tress_train.commands.export import load_locator, load_refiner
from tress_train.commands.overrides import apply
from tress_train.data.coarse import CoarseSource, stack_input
from tress_train.data.dataset import CANVASES
from tress_train.data.gathering import gather
from tress_train.data.pairs import EIGHTHS
from tress_train.data.samples import Samples
from tress_train.losses.composition import composition
from tress_train.models.locator import Locator
from tress_train.models.refiner import Refiner
from tress_train.models.weights import load
from tress_train.recipes import load_recipe
from tress_train.recipes.base import JointRecipe, smoke
from tress_train.recipes.stages import CUTOUTS, Composites, LocatorLoss, Mix
from tress_train.run import checkpoint, loop
from tress_train.run.records import read_log, read_summary
from tress_train.tasks import JointTask, base
from tress_train.tasks.base import to_floats

pytestmark = [
    pytest.mark.train,
    # Packages below Accelerate and TensorBoard announce changes of their own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def recipe() -> JointRecipe:
    found = smoke(load_recipe("joint"))
    assert isinstance(found, JointRecipe)
    return found


@pytest.fixture(scope="module")
def task(recipe: JointRecipe) -> JointTask:
    torch.manual_seed(3)
    return JointTask(recipe)


@pytest.fixture(scope="module")
def batch(task: JointTask, recipe: JointRecipe, cutout_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    samples = task.start_stage(0, gather(recipe, [cutout_data], tmp_path_factory.mktemp("run") / "cache"), 8)
    return floats_of(samples)


def floats_of(samples: Samples) -> dict[str, torch.Tensor]:
    """A batch as the task sees it."""
    return to_floats(torch.utils.data.default_collate([samples[2], samples[3]]), but=("scene", "scene_alpha"))


def test_a_scene_is_the_same_picture_as_what_the_locator_sees_of_it(batch: dict) -> None:
    scene, view = batch["scene"].float() / 255, batch["scene_view"]
    shrunk = torch.nn.functional.interpolate(scene, size=view.shape[-2:], mode="area")
    assert scene.shape[-2] * view.shape[-1] == scene.shape[-1] * view.shape[-2]
    assert float((shrunk - view).abs().mean()) < 0.05


def test_crops_hold_the_locators_present_answer(task: JointTask, batch: dict) -> None:
    task.eval()
    out = task.model["locator"].logits(torch.cat([batch["image"], batch["scene_view"]]))
    crops = task._crops(out, batch)
    count = len(batch["scene"]) * task.recipe.crops
    assert crops["input"].shape == (count, 5, task.recipe.crop_px, task.recipe.crop_px)
    # Somewhere in the enlarged answer every crop's own part of it is found, with the picture and the truth of there.
    planes = torch.sigmoid(torch.cat([out.alpha, out.uncertainty], 1))[len(batch["image"]) :]
    planes = torch.nn.functional.interpolate(planes, size=batch["scene"].shape[-2:], mode="bilinear")
    for i, crop in enumerate(crops["input"]):
        number = i // task.recipe.crops
        picture = batch["scene"][number].float() / 255
        side = task.recipe.crop_px
        places = [
            (y, x)
            for y in range(picture.shape[-2] - side + 1)
            for x in range(picture.shape[-1] - side + 1)
            if torch.equal(picture[:, y : y + side, x : x + side], crop[:3])
        ]
        y, x = places[0]
        torch.testing.assert_close(crop[3:], planes[number, :, y : y + side, x : x + side])
        true = batch["scene_alpha"][number, :, y : y + side, x : x + side].float() / 255
        torch.testing.assert_close(crops["alpha"][i], true)


def test_the_refiners_losses_reach_the_locator(task: JointTask, batch: dict) -> None:
    task.train()
    losses = task(batch)
    task.zero_grad()
    losses["refiner_l1"].backward()
    head = task.model["locator"].head.weight.grad
    assert head is not None
    assert float(head.abs().sum()) > 0
    assert {"soft_iou", "presence", "refiner_bce", "refiner_coarse_l1"} <= losses.keys()


def test_how_pictures_lie_in_memory_changes_no_loss(
    task: JointTask, batch: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    task.eval()
    with torch.no_grad():
        processor = task(batch)
        monkeypatch.setattr(base, "layout", lambda _: torch.contiguous_format)
        graphics = task(batch)
    for name, loss in processor.items():
        assert float(graphics[name]) == pytest.approx(float(loss), rel=1e-3, abs=1e-6), name


def test_composition_looks_at_the_colours_of_composites_and_not_at_scenes(
    recipe: JointRecipe, cutout_data: Path, tmp_path: Path
) -> None:
    mix = Mix(composite=1.0, composites=Composites(studio=1.0))
    stage = replace(recipe.stages[0], mix=mix, more=(), loss=LocatorLoss(composition=1.0))
    task = JointTask(replace(recipe, stages=(stage,)))
    samples = task.start_stage(0, gather(task.recipe, [cutout_data], tmp_path / "cache"), 8)
    batch = floats_of(samples)
    task.eval()
    with torch.no_grad():
        losses = task(batch)
        found = torch.sigmoid(task.model["locator"].logits(batch["image"]).alpha)
        wanted = composition(found, batch["alpha"], batch["foreground"], batch["background"], batch["soft"])
    assert float(wanted) > 0
    assert float(losses["composition"]) == pytest.approx(float(wanted), rel=1e-3)


def test_weights_are_shared_with_the_tasks_and_counted_once(task: JointTask) -> None:
    names = [name for name, _ in task.named_parameters()]
    assert len(names) == len(list(Locator("lite0").parameters())) + len(list(Refiner().parameters()))
    trained = [p for group in task.groups() for p in group["params"]]
    assert len({id(p) for p in trained}) == len(trained) == sum(p.requires_grad for p in task.parameters())


def test_a_run_goes_on_where_it_stopped_and_its_networks_come_apart(
    cutout_data: Path, tmp_path: Path, killed_in_step: Callable[[int], AbstractContextManager[None]]
) -> None:
    recipe = smoke(load_recipe("joint"))
    assert isinstance(recipe, JointRecipe)
    stage = replace(recipe.stages[0], steps=4)
    recipe = replace(recipe, stages=(stage,))
    whole = loop.train(recipe, [cutout_data], tmp_path / "whole")
    with killed_in_step(4):
        loop.train(recipe, [cutout_data], tmp_path / "cut")
    again = loop.train(recipe, [cutout_data], tmp_path / "cut")
    for name, value in load(whole).items():
        torch.testing.assert_close(load(again)[name], value, rtol=1e-4, atol=1e-5)

    assert read_summary(tmp_path / "whole")["subsets"][CUTOUTS]["n"] > 0
    assert [row for row in read_log(tmp_path / "whole") if "refiner_coarse_l1" in row]
    saved = load(whole)
    locator, refiner = load_locator(whole, "lite0"), load_refiner(whole)
    torch.testing.assert_close(locator.state_dict()["head.weight"], saved["locator.head.weight"])
    torch.testing.assert_close(refiner.state_dict()["head.weight"], saved["refiner.head.weight"])
    CoarseSource(whole, "lite0")


def test_it_starts_from_weights_of_either_network(recipe: JointRecipe, tmp_path: Path) -> None:
    locator, refiner = Locator("lite0"), Refiner()
    checkpoint.save(tmp_path / "locator.pt", locator.state_dict())
    checkpoint.save(tmp_path / "refiner.pt", refiner.state_dict())
    given = apply(recipe, [f"locator_weights={tmp_path / 'locator.pt'}", f"refiner_weights={tmp_path / 'refiner.pt'}"])
    task = JointTask(given)
    for name, network in (("locator", locator), ("refiner", refiner)):
        for key, value in network.state_dict().items():
            torch.testing.assert_close(task.model[name].state_dict()[key], value)
    with pytest.raises(ModelError, match="another network"):
        JointTask(apply(recipe, [f"locator_weights={tmp_path / 'refiner.pt'}"]))


def test_crops_that_do_not_fit_a_scene_are_refused() -> None:
    narrowest = min(share for shape, _ in CANVASES for share in shape) * min(EIGHTHS) / 8
    largest = int(512 * narrowest) // 8 * 8
    apply(load_recipe("joint"), [f"crop_px={largest}"])
    with pytest.raises(InputError, match=f"crops of {largest + 8} px"):
        apply(load_recipe("joint"), [f"crop_px={largest + 8}"])
    with pytest.raises(InputError, match="crops of 400 px"):
        apply(load_recipe("joint"), ["crop_px=400"])
    with pytest.raises(InputError, match="crops"):
        apply(load_recipe("joint"), [f"crop_px={largest}", "stages.together.also_px=384"])


def test_the_input_is_stacked_as_the_refiner_alone_gets_it(task: JointTask, batch: dict) -> None:
    out = task.model["locator"].logits(torch.cat([batch["image"], batch["scene_view"]]))
    crop = task._crops(out, batch)["input"][0].detach()
    rgb = (crop[:3] * 255).round().byte().permute(1, 2, 0).numpy()
    stacked = stack_input(rgb, *np.asarray(crop[3:]))
    torch.testing.assert_close(stacked, crop)
