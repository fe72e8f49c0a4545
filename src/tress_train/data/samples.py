"""What the loop asks of training samples, whatever they hold."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor
from torch.utils.data import Dataset


class Samples(Dataset):
    """Samples of one stage; sample ``i`` depends on the seed and on ``i`` alone."""

    @abstractmethod
    def __len__(self) -> int:
        """Samples in the stage."""

    @abstractmethod
    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Tensors, of one size within a batch; among them ``index``.

        Pictures may be uint8, a quarter of the bytes on their way to a GPU: see ``tasks.base.to_floats``.
        """

    @abstractmethod
    def pools(self) -> dict[str, int]:
        """How many pictures there are to draw from, for the log."""

    @abstractmethod
    def describe(self, index: int) -> str:
        """Which data sample ``index`` is made of, for reports."""
