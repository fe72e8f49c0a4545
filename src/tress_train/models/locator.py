"""The locator: looks at the whole picture, then once more at the subject, finer, knowing what it saw.

An EfficientNet-Lite encoder, a global context block at stride 32, and a top-down decoder that adds one lateral
connection per scale, down to stride 2.  Input normalisation and the final sigmoids are part of the network.

One network has two roles.  At the first look its **prior** says nothing; at the second it is what the first look said
of the same pixels, so that finer eyes need not find the subject again.  The decoder takes the prior in at every
scale.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tress_train.models.efficientnet_lite import EfficientNetLite, upsample

RGB_PLANES, PRIOR_PLANES = 3, 2


class LocatorLogits(NamedTuple):
    """Raw answers before the sigmoid.

    alpha: ``(N, 1, H, W)``.  uncertainty: ``(N, 1, H, W)``.  presence: ``(N,)``.  alpha_coarse: ``(N, 1, H/8, W/8)``,
    only used for deep supervision.
    """

    alpha: Tensor
    uncertainty: Tensor
    presence: Tensor
    alpha_coarse: Tensor


class Conv(nn.Sequential):
    """3x3 or 1x1 convolution, batch norm, ReLU."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 3, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(c_out, momentum=0.03),
            nn.ReLU(inplace=True),
        )


class Context(nn.Module):
    """Reduces the deepest features and mixes in what the whole picture and a wide neighbourhood say."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.reduce = Conv(c_in, c_out, 1)
        self.whole = nn.Conv2d(c_out, c_out, 1)
        self.wide = Conv(c_out, c_out, 7, groups=c_out)
        self.mix = Conv(c_out, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        whole = self.whole(x.mean((2, 3), keepdim=True))
        return x + self.mix(self.wide(x) + F.relu(whole))


class Up(nn.Module):
    """One decoder step: upsample by two, add the encoder's features of that scale and the prior, mix."""

    def __init__(self, c_deep: int, c_skip: int, c_out: int, depth: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(c_deep, c_out, 1, bias=False)
        self.skip = nn.Conv2d(c_skip, c_out, 1, bias=False)
        self.prior = nn.Conv2d(PRIOR_PLANES, c_out, 3, padding=1, bias=False)
        # A network that starts without knowing what to do with a prior answers as if there was none.
        nn.init.zeros_(self.prior.weight)
        self.norm = nn.BatchNorm2d(c_out, momentum=0.03)
        self.mix = nn.Sequential(*[Conv(c_out, c_out) for _ in range(depth)])

    def forward(self, deep: Tensor, skip: Tensor, prior: Tensor) -> Tensor:
        seen = self.norm(upsample(self.deep(deep)) + self.skip(skip))
        return self.mix(F.relu(seen + self.prior(prior)))


class Locator(nn.Module):
    """``(N, 5, H, W)`` in [0, 1], H and W multiples of 32, to alpha, uncertainty and presence.

    The planes are RGB and the prior: alpha and uncertainty of the first look, at the first look itself ``NO_PRIOR``.
    Three planes stand for a first look.

    Args:
        variant: encoder, ``lite0`` or ``lite2``.
        widths: decoder channels at strides 32, 16, 8, 4 and 2.
    """

    def __init__(self, variant: str = "lite2", widths: tuple[int, ...] = (128, 96, 64, 40, 24)) -> None:
        super().__init__()
        self.variant, self.widths = variant, tuple(widths)
        self.encoder = EfficientNetLite(variant)
        c2, c4, c8, c16, c32 = self.encoder.channels
        w32, w16, w8, w4, w2 = widths
        self.context = Context(c32, w32)
        self.up16 = Up(w32, c16, w16, 2)
        self.up8 = Up(w16, c8, w8, 2)
        self.up4 = Up(w8, c4, w4, 1)
        self.up2 = Up(w4, c2, w2, 1)
        self.alpha_coarse = nn.Conv2d(w8, 1, 3, padding=1)
        self.head = nn.Conv2d(w2, 2, 3, padding=1)
        self.presence = nn.Linear(2 * w32, 1)
        self.register_load_state_dict_pre_hook(_without_prior)

    def logits(self, x: Tensor) -> LocatorLogits:
        """The answers before the sigmoid, for the losses."""
        f2, f4, f8, f16, f32 = self.encoder(x[:, :3])
        p2, p4, p8, p16 = self._prior(x)
        deep = self.context(f32)
        presence = self.presence(torch.cat([deep.mean((2, 3)), deep.amax((2, 3))], 1))[:, 0]
        y8 = self.up8(self.up16(deep, f16, p16), f8, p8)
        y = self.head(self.up2(self.up4(y8, f4, p4), f2, p2))
        y = upsample(y)
        return LocatorLogits(y[:, :1], y[:, 1:], presence, self.alpha_coarse(y8))

    @staticmethod
    def _prior(x: Tensor) -> list[Tensor]:
        """What the first look said, at strides 2 to 16: alpha in [-1, 1], sureness in [0, 1]; zero where unknown."""
        if x.shape[1] == RGB_PLANES:
            plane = x.new_zeros((x.shape[0], PRIOR_PLANES, *x.shape[2:]))
        else:
            plane = torch.cat([2 * x[:, 3:4] - 1, 1 - x[:, 4:5]], 1)
        planes = []
        for _ in range(4):
            plane = F.avg_pool2d(plane, 2)
            planes.append(plane)
        return planes

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Alpha ``(N, 1, H, W)``, uncertainty ``(N, 1, H, W)`` and presence ``(N,)``, all in [0, 1]."""
        out = self.logits(x)
        return torch.sigmoid(out.alpha), torch.sigmoid(out.uncertainty), torch.sigmoid(out.presence)


def with_prior(image: Tensor, alpha: Tensor, uncertainty: Tensor) -> Tensor:
    """What the second look sees, ``(N, 5, H, W)``: RGB, and what the first look says of the same pixels."""
    return torch.cat([image, alpha, uncertainty], 1)


def looks_twice(model: nn.Module) -> bool:
    """Whether a locator has learned a second look: one that never saw a prior takes in nothing of it."""
    return any(bool(value.any()) for name, value in model.state_dict().items() if name.endswith("prior.weight"))


def _without_prior(model: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Weights from before there was a prior: with zeros they answer as they did."""
    for name, value in model.named_parameters():
        if name.split(".")[-2] == "prior" and f"{prefix}{name}" not in state:
            state[f"{prefix}{name}"] = torch.zeros_like(value)
