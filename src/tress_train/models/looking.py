"""A torch locator, asked as the runtime asks an ONNX one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tress.process.looks import Located, locate, look_again
from tress.spec import ModelSpec

MULTIPLE = 32


class Looking:
    """Both looks of ``tress.process.looks``.

    Args:
        answers: takes ``(N, C, H, W)`` float32 in [0, 1]; gives alpha, uncertainty and presence, as ``Locator`` does.
        long_side_px: of the picture at the first look.
        second_look_px: long side of the subject's box at the second look; 0 for none.
    """

    def __init__(self, answers: Callable[[Tensor], Sequence[Tensor]], long_side_px: int, second_look_px: int) -> None:
        self.answers = answers
        self.spec = ModelSpec(
            name="in-training",
            version="",
            task="locator",
            long_side_px=long_side_px,
            multiple=MULTIPLE,
            has_uncertainty=True,
            has_presence=True,
            second_look_px=second_look_px,
        )

    @torch.no_grad()
    def run(self, x: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """The network's answers to ``(N, C, H, W)``."""
        return [answer.float().cpu().numpy() for answer in self.answers(torch.from_numpy(x))]

    def __call__(self, image: npt.NDArray[np.uint8]) -> Located:
        """What is found in a picture ``(H, W, 3)`` uint8 RGB."""
        return look_again(image, locate(image, self), self)
