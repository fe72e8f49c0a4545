"""The refiner: a tiny full-resolution network that rewrites alpha in the unknown band, one tile at a time.

A U-shaped network of about 0.3 M parameters with most of its work at a quarter and an eighth of the resolution.  It
predicts a correction to the logit of the coarse alpha and starts as the identity.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Keeps the coarse logit finite, so that a confident mistake of the locator can still be undone.
COARSE_CLAMP = 0.02


class Conv(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(c_out, momentum=0.03),
            nn.ReLU(inplace=True),
        )


class Up(nn.Module):
    """Upsample by two, add the skip, mix."""

    def __init__(self, c_deep: int, c_out: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(c_deep, c_out, 1)
        self.mix = Conv(c_out, c_out)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        grown = F.interpolate(self.deep(deep), scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.mix(F.relu(grown + skip))


class Refiner(nn.Module):
    """``(N, 5, T, T)`` to alpha ``(N, 1, T, T)`` in [0, 1]; T is a multiple of 8.

    The channels are RGB, coarse alpha and uncertainty, each in [0, 1].

    Args:
        widths: channels at full, half, quarter and eighth resolution.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (12, 24, 48, 64)) -> None:
        super().__init__()
        self.widths = tuple(widths)
        w1, w2, w4, w8 = widths
        self.down2 = nn.Sequential(Conv(5, w2, 2), Conv(w2, w2))
        self.down4 = nn.Sequential(Conv(w2, w4, 2), Conv(w4, w4), Conv(w4, w4))
        self.down8 = nn.Sequential(Conv(w4, w8, 2), Conv(w8, w8), Conv(w8, w8), Conv(w8, w8))
        self.up4 = Up(w8, w4)
        self.up2 = Up(w4, w2)
        self.full = nn.Conv2d(w2, w1, 1)
        self.detail = Conv(w1 + 5, w1)
        self.head = nn.Conv2d(w1, 1, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def logits(self, x: Tensor) -> Tensor:
        """The refined alpha before the sigmoid."""
        centred = x - 0.5
        f2 = self.down2(centred)
        f4 = self.down4(f2)
        y = self.up2(self.up4(self.down8(f4), f4), f2)
        y = F.interpolate(self.full(y), scale_factor=2.0, mode="bilinear", align_corners=False)
        correction = self.head(self.detail(torch.cat([F.relu(y), centred], 1)))
        coarse = x[:, 3:4].clamp(COARSE_CLAMP, 1 - COARSE_CLAMP)
        return torch.log(coarse / (1 - coarse)) + correction

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(x))
