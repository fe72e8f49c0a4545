"""The refiner: a tiny full-resolution network that rewrites alpha in the unknown band, one tile at a time.

A pixel of the band shows ``alpha * foreground + (1 - alpha) * background``.  Both colours are first read off the
surroundings: averages in windows of three sizes, weighted by the coarse alpha where the locator is sure of it.  With
them the equation is solved for alpha (the projection onto the line between the colours that matting by sampling uses,
Gastal and Oliveira 2010, "Shared Sampling for Real-Time Alpha Matting", equation 2).  A U-shaped network of about
0.2 M parameters sees these solutions next to the picture.  It chooses between the colours and corrects them, so that
the equation is solved once more, for every pixel; and it says how far to trust the solution, and how to correct the
coarse alpha where it is not to be trusted.  It starts, nearly, as the identity.

No convolution runs above half the resolution: blocks of 2x2 pixels are folded into channels on the way in and unfolded
on the way out (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network").
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Keeps the coarse logit finite, so that a confident mistake of the locator can still be undone.
COARSE_CLAMP = 0.02
# Reduction of the picture and window on it: 20, 40 and 88 px at full resolution.
WINDOWS = ((4, 5), (8, 5), (8, 11))
# A pixel the locator is unsure of tells this much less about the colours.
DOUBT_WEIGHT = 0.97
# Weight of the plain average, which is all there is where a window holds nothing of one side.
FALLBACK = 1e-3
# Squared distance of the two colours, below which the equation says nothing.
SAME_COLOUR = 1e-3
# The network may move the averaged colours by this much.
COLOUR_STEP = 0.25
# Before training the solution counts for next to nothing.
TRUST_BIAS = -5.0
# At an eighth of the resolution, where depth is cheap.
DEEP_BLOCKS = 2
# Pixels of a folded block.
FOLD = 4


class Conv(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(c_out, momentum=0.03),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two convolutions whose answer is added to their input; starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Conv(channels, channels),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels, momentum=0.03),
        )
        nn.init.zeros_(self.body[2].weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.body(x))


class Up(nn.Module):
    """Upsample by two, add the skip, mix."""

    def __init__(self, c_deep: int, c_out: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(c_deep, c_out, 1)
        self.mix = Conv(c_out, c_out)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        return self.mix(F.relu(grow(self.deep(deep), 2) + skip))


def grow(x: Tensor, factor: int) -> Tensor:
    """Bilinear enlargement by a whole factor."""
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)


def average_colours(rgb: Tensor, alpha: Tensor, doubt: Tensor) -> list[Tensor]:
    """Colours of foreground and background around each pixel, and how much of either is known there.

    Args:
        rgb: ``(N, 3, h, w)``, the picture at half the resolution.
        alpha, doubt: ``(N, 1, h, w)``.

    Returns:
        For each window ``(N, 8, h, w)``: foreground colour, share of sure foreground, the same of the background.
    """
    sure = 1 - DOUBT_WEIGHT * doubt
    fore, back = alpha * sure, (1 - alpha) * sure
    quarter = F.avg_pool2d(torch.cat([fore * rgb, fore, back * rgb, back, rgb], 1), 2)
    reduced = {4: quarter, 8: F.avg_pool2d(quarter, 2)}
    found = []
    for reduction, window in WINDOWS:
        mean = F.avg_pool2d(reduced[reduction], window, 1, window // 2, count_include_pad=False)
        plain = FALLBACK * mean[:, 8:]
        sides = []
        for colour, share in ((mean[:, :3], mean[:, 3:4]), (mean[:, 4:7], mean[:, 7:8])):
            sides += [(colour + plain) / (share + FALLBACK), share]
        found.append(grow(torch.cat(sides, 1), reduction // 2))
    return found


def solve(rgb: Tensor, fore: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
    """Alpha of the mix of two colours that comes closest to each pixel, and how far apart the colours are.

    Args:
        rgb: ``(N, 3, K, h, w)``.
        fore, back: ``(N, 3, h, w)``, the colours for all K.

    Returns:
        Alpha ``(N, K, h, w)`` and distance ``(N, 1, h, w)``, both in [0, 1].
    """
    line = fore - back
    apart = (line * line).sum(1, keepdim=True)
    along = line / (apart + SAME_COLOUR)
    alpha = (rgb * along[:, :, None]).sum(1) - (back * along).sum(1, keepdim=True)
    return alpha.clamp(0, 1), apart / (apart + 10 * SAME_COLOUR)


class Refiner(nn.Module):
    """``(N, 5, T, T)`` to alpha ``(N, 1, T, T)`` in [0, 1]; T is a multiple of 8.

    The channels are RGB, coarse alpha and uncertainty, each in [0, 1].

    Args:
        widths: channels at half, quarter and eighth of the resolution.
    """

    def __init__(self, widths: tuple[int, int, int] = (16, 32, 48)) -> None:
        super().__init__()
        self.widths = tuple(widths)
        w2, w4, w8 = widths
        n = len(WINDOWS)
        self.down2 = Conv(5 * FOLD + FOLD * n, w2)
        self.down4 = nn.Sequential(Conv(w2, w4, 2), Conv(w4, w4), Conv(w4, w4))
        self.down8 = nn.Sequential(Conv(w4, w8, 2), Conv(w8, w8), Conv(w8, w8))
        self.deep = nn.Sequential(*(Residual(w8) for _ in range(DEEP_BLOCKS)))
        self.up4 = Up(w8, w4)
        self.up2 = Up(w4, w2)
        # Which window's colours to take, and how to move them.
        self.colours = nn.Conv2d(w2, n + 6, 1)
        self.detail = Conv(6 * FOLD + w2, w2)
        self.head = nn.Conv2d(w2, 2 * FOLD, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([0.0, TRUST_BIAS]).repeat_interleave(FOLD))  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        folded = F.pixel_unshuffle(x, 2)
        rgb = folded[:, : 3 * FOLD].unflatten(1, (3, FOLD))
        coarse = folded[:, 3 * FOLD : 4 * FOLD]
        rgb2 = F.avg_pool2d(x[:, :3], 2)
        around = average_colours(rgb2, *F.avg_pool2d(x[:, 3:], 2).split(1, 1))
        seen = [folded]
        for found in around:
            fore, back = found[:, :3], found[:, 4:7]
            alpha, apart = solve(rgb2[:, :, None], fore, back)
            rest = (rgb2 - back - alpha * (fore - back)).abs().sum(1, keepdim=True)
            seen += [alpha, apart, rest, found[:, 3:4] - found[:, 7:8]]
        f2 = self.down2(torch.cat(seen, 1))
        f4 = self.down4(f2)
        features = self.up2(self.up4(self.deep(self.down8(f4)), f4), f2)

        # Colours and alphas need more than half precision, whatever the convolutions compute in.
        said = self.colours(features).float()
        choice = torch.sigmoid(said[:, : len(WINDOWS)])
        choice = choice / (choice.sum(1, keepdim=True) + 1e-4)
        chosen = COLOUR_STEP * torch.tanh(said[:, len(WINDOWS) :])
        for i, found in enumerate(around):
            chosen = chosen + choice[:, i : i + 1] * torch.cat([found[:, :3], found[:, 4:7]], 1)
        solution, _ = solve(rgb, chosen[:, :3], chosen[:, 3:])
        said = self.head(self.detail(torch.cat([folded, solution, features], 1))).float()
        bounded = coarse.clamp(COARSE_CLAMP, 1 - COARSE_CLAMP)
        corrected = torch.sigmoid(torch.log(bounded / (1 - bounded)) + said[:, :FOLD])
        trust = torch.sigmoid(said[:, FOLD:])
        return F.pixel_shuffle(corrected + trust * (solution - corrected), 2)
