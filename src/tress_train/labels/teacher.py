"""Runs an ONNX file as a teacher, as its ModelSpec says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tress.engine import OnnxEngine
from tress.process.geometry import resize
from tress.process.looks import locate, look_again
from tress.spec import ModelSpec


class Teacher:
    """A network that labels pictures.

    Args:
        path: ONNX file.
        spec: how to feed it; None reads what the file itself says.

    Attributes:
        content: SHA-256 of the file and of how it is fed.

    Raises:
        ModelError: the file is missing or no ONNX file, or neither it nor ``spec`` says how to feed it.
    """

    def __init__(self, path: Path, spec: ModelSpec | None = None) -> None:
        self._engine = OnnxEngine(path, spec=spec)
        self.spec = self._engine.spec
        digest = hashlib.sha256(path.read_bytes())
        digest.update(repr(self.spec).encode())
        self.content = digest.hexdigest()

    def __call__(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Alpha ``(H, W)`` uint8 of a picture ``(H, W, 3)`` uint8 RGB.  Nothing is stretched per picture."""
        located = look_again(image, locate(image, self._engine), self._engine)
        alpha = resize(located.alpha, *image.shape[:2])
        return (np.clip(alpha, 0, 1) * 255 + 0.5).astype(np.uint8)
