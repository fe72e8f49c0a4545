from __future__ import annotations

import math
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from tress_train.losses.bce import bce
from tress_train.losses.composition import composition
from tress_train.losses.gradient import gradient
from tress_train.losses.l1 import l1
from tress_train.losses.laplacian import laplacian
from tress_train.losses.presence import presence
from tress_train.losses.soft_iou import SMOOTH_PX, soft_iou
from tress_train.losses.ssim import ssim
from tress_train.losses.uncertainty import uncertainty
from tress_train.models.locator import LocatorLogits
from tress_train.recipes.stages import LocatorLoss
from tress_train.tasks.locator import locator_losses

pytestmark = pytest.mark.train

Loss = Callable[..., torch.Tensor]
SIDE = 32


def plane(value: float, side: int = SIDE) -> torch.Tensor:
    return torch.full((1, 1, side, side), value, dtype=torch.float64)


def noise(seed: int, side: int = SIDE, channels: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((1, channels, side, side), generator=generator, dtype=torch.float64)


def half_known() -> torch.Tensor:
    weight = plane(1)
    weight[..., SIDE // 2 :] = 0
    return weight


def test_values_on_hand_made_cases() -> None:
    one, zero, every = plane(1), plane(0), plane(1)
    assert bce(zero, one, every).item() == pytest.approx(math.log(2))
    assert l1(plane(0.75), plane(0.5), every).item() == pytest.approx(0.25)
    # Nothing right: intersection 0, union all pixels.
    assert soft_iou(one, zero, every).item() == pytest.approx(1 - SMOOTH_PX / (SIDE * SIDE + SMOOTH_PX))
    assert soft_iou(one, one, every).item() == pytest.approx(0)
    assert presence(torch.zeros(2), torch.tensor([0.0, 1.0]), torch.ones(2)).item() == pytest.approx(math.log(2))


def test_gradient_loss_of_a_step_that_is_missing() -> None:
    step = plane(0)
    step[..., 8:] = 1
    # One of the 31 differences in a row is off by one; nothing changes down the columns.
    assert gradient(plane(0), step, plane(1)).item() == pytest.approx(1 / 31)


def test_laplacian_of_a_constant_error_lies_in_the_coarsest_level_alone() -> None:
    assert laplacian(plane(0.5, 64), plane(0.25, 64), plane(1, 64)).item() == pytest.approx(0.25 * 2**4 / 5)


def test_composition_counts_only_what_one_sees() -> None:
    red, blue = torch.zeros(1, 3, SIDE, SIDE), torch.zeros(1, 3, SIDE, SIDE)
    red[:, 0], blue[:, 2] = 1, 1
    every = torch.ones(1, 1, SIDE, SIDE)
    pred, true = every * 0.75, every * 0.25
    assert composition(pred, true, red, blue, every).item() == pytest.approx(0.5 * 2 / 3)
    assert composition(pred, true, red, red, every).item() == pytest.approx(0)


def test_ssim_of_equal_planes_is_zero_and_of_opposite_ones_is_large() -> None:
    image = noise(1, 24)
    assert ssim(image, image, plane(1, 24)).item() == pytest.approx(0, abs=1e-9)
    assert ssim(1 - image, image, plane(1, 24)).item() > 1
    # Two planes: only the term of the means is left, 2ab / (a^2 + b^2).
    assert ssim(plane(0.8, 24), plane(0.4, 24), plane(1, 24)).item() == pytest.approx(
        1 - (2 * 0.32 + 1e-4) / (0.8 + 1e-4), abs=1e-6
    )


def test_uncertainty_wants_what_is_soft_or_wrong() -> None:
    true, pred, every = plane(1), plane(1), plane(1)
    sure, unsure = plane(-20), plane(20)
    none = plane(0)
    assert uncertainty(sure, pred, true, every, every, fuzzy=none).item() < 1e-6
    assert uncertainty(sure, pred * 0.5, true, every, every, fuzzy=none).item() > 10
    assert uncertainty(unsure, pred, plane(0.5), every, every, fuzzy=none).item() < 1e-6
    # Where the soft alpha is not known, a soft value proves nothing.
    assert uncertainty(sure, plane(0.5), plane(0.5), every, none, fuzzy=none).item() < 1e-6
    # A teacher's doubt along the edge counts although its alpha does not.
    assert uncertainty(sure, pred, true, none, none, fuzzy=every).item() > 10
    assert uncertainty(unsure, pred, true, none, none, fuzzy=every).item() < 1e-6


PLANES: dict[str, Loss] = {
    "bce": lambda p, t, w: bce(torch.logit(p), t, w),
    "l1": l1,
    "soft_iou": soft_iou,
    "laplacian": laplacian,
    "gradient": gradient,
    "ssim": ssim,
    "composition": lambda p, t, w: composition(p, t, noise(5, channels=3), noise(6, channels=3), w),
}


@pytest.mark.parametrize("name", PLANES)
def test_gradient_agrees_with_finite_differences(name: str) -> None:
    # Away from the kinks of the absolute value, where no difference quotient is right.
    pred = (0.1 + 0.3 * noise(2)).requires_grad_()
    true = 0.6 + 0.3 * noise(3)
    assert torch.autograd.gradcheck(lambda p: PLANES[name](p, true, half_known()), (pred,), fast_mode=True)


@pytest.mark.parametrize("name", PLANES)
def test_pixels_that_are_not_known_have_no_gradient_at_all(name: str) -> None:
    pred = (0.1 + 0.8 * noise(2)).requires_grad_()
    PLANES[name](pred, noise(3), half_known()).backward()
    assert pred.grad is not None
    assert torch.count_nonzero(pred.grad[..., SIDE // 2 :]) == 0
    assert torch.count_nonzero(pred.grad[..., : SIDE // 2]) > 0


@pytest.mark.parametrize("name", PLANES)
def test_a_picture_without_a_known_pixel_has_loss_and_gradient_zero(name: str) -> None:
    pred = noise(2).requires_grad_()
    loss = PLANES[name](pred, noise(3), plane(0))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-9)
    assert pred.grad is not None
    assert torch.count_nonzero(pred.grad) == 0


def batch_of(where: torch.Tensor, soft: torch.Tensor) -> dict[str, torch.Tensor]:
    return {
        "alpha": (torch.rand(2, 1, 32, 32) > 0.5).float(),
        "where": where,
        "soft": soft,
        "fuzzy": torch.zeros_like(where),
        "presence": torch.ones(2),
        "presence_weight": torch.ones(2),
        "foreground": torch.rand(2, 3, 32, 32),
        "background": torch.rand(2, 3, 32, 32),
        "coloured": torch.ones(2),
    }


def test_the_whole_locator_loss_honours_the_ignored_band() -> None:
    torch.manual_seed(0)
    known = torch.ones(2, 1, 32, 32)
    known[..., 16:] = 0
    logits = LocatorLogits(
        torch.randn(2, 1, 32, 32).requires_grad_(),
        torch.randn(2, 1, 32, 32).requires_grad_(),
        torch.randn(2).requires_grad_(),
        torch.randn(2, 1, 4, 4).requires_grad_(),
    )
    weights = LocatorLoss(ssim=1.0, composition=1.0)
    losses = locator_losses(logits, batch_of(known, known), weights)
    assert set(losses) >= {"ssim", "composition"}
    torch.stack(list(losses.values())).sum().backward()
    for plane_logits, first in ((logits.alpha, 16), (logits.uncertainty, 16), (logits.alpha_coarse, 2)):
        assert plane_logits.grad is not None
        assert torch.count_nonzero(plane_logits.grad[..., first:]) == 0
        assert torch.count_nonzero(plane_logits.grad[..., :first]) > 0


def test_a_hard_edge_teaches_where_but_no_soft_value() -> None:
    torch.manual_seed(0)
    logits = LocatorLogits(
        torch.randn(2, 1, 32, 32), torch.randn(2, 1, 32, 32), torch.randn(2), torch.randn(2, 1, 4, 4)
    )
    losses = locator_losses(logits, batch_of(torch.ones(2, 1, 32, 32), torch.zeros(2, 1, 32, 32)), LocatorLoss(ssim=1))
    assert losses["bce"] > 0
    assert losses["laplacian"] == losses["gradient"] == losses["ssim"] == 0
