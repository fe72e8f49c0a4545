"""The locator: sees the whole picture, says where the subject is and how sure it is.

An EfficientNet-Lite encoder, a global context block at stride 32, and a top-down decoder that adds one lateral
connection per scale, down to stride 2.  Input normalisation and the final sigmoids are part of the network.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tress_train.models.efficientnet_lite import EfficientNetLite, upsample


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
    """One decoder step: upsample by two, add the encoder's features of that scale, mix."""

    def __init__(self, c_deep: int, c_skip: int, c_out: int, depth: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(c_deep, c_out, 1, bias=False)
        self.skip = nn.Conv2d(c_skip, c_out, 1, bias=False)
        self.norm = nn.BatchNorm2d(c_out, momentum=0.03)
        self.mix = nn.Sequential(*[Conv(c_out, c_out) for _ in range(depth)])

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        return self.mix(F.relu(self.norm(upsample(self.deep(deep)) + self.skip(skip))))


class Locator(nn.Module):
    """``(N, 3, H, W)`` float RGB in [0, 1], H and W multiples of 32, to alpha, uncertainty and presence.

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

    def logits(self, x: Tensor) -> LocatorLogits:
        """The answers before the sigmoid, for the losses."""
        f2, f4, f8, f16, f32 = self.encoder(x)
        deep = self.context(f32)
        presence = self.presence(torch.cat([deep.mean((2, 3)), deep.amax((2, 3))], 1))[:, 0]
        y8 = self.up8(self.up16(deep, f16), f8)
        y = self.head(self.up2(self.up4(y8, f4), f2))
        y = upsample(y)
        return LocatorLogits(y[:, :1], y[:, 1:], presence, self.alpha_coarse(y8))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Alpha ``(N, 1, H, W)``, uncertainty ``(N, 1, H, W)`` and presence ``(N,)``, all in [0, 1]."""
        out = self.logits(x)
        return torch.sigmoid(out.alpha), torch.sigmoid(out.uncertainty), torch.sigmoid(out.presence)
