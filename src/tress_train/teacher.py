"""Runs an ONNX file as a teacher, as its ModelSpec says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tress.errors import InputError, ModelError
from tress.process.geometry import fit, resize, restore
from tress.spec import METADATA_KEY, ModelSpec


class Teacher:
    """A network that labels pictures.

    Args:
        path: ONNX file.
        spec: how to feed it; None reads what the file itself says.

    Attributes:
        content: SHA-256 of the file and of how it is fed.

    Raises:
        InputError: the file is missing, or neither it nor ``spec`` says how to feed it.
        ModelError: it is no ONNX file.
    """

    def __init__(self, path: Path, spec: ModelSpec | None = None) -> None:
        import onnxruntime

        try:
            digest = hashlib.sha256(path.read_bytes())
        except OSError as error:
            raise InputError("teacher_missing", f"cannot read {path}: {error.strerror}") from error
        try:
            self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError("teacher_damaged", f"{path} cannot be run: {error}") from error
        metadata = self._session.get_modelmeta().custom_metadata_map
        if spec is None and METADATA_KEY not in metadata:
            raise InputError(
                "teacher_unknown",
                f"{path} does not say how to feed it",
                hint="give --long-side, and --mean, --std, --stretch, --sigmoid as its authors say",
            )
        self.spec = spec or ModelSpec.from_metadata(metadata)
        digest.update(repr(self.spec).encode())
        self.content = digest.hexdigest()
        self._input = self._session.get_inputs()[0]

    def __call__(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Alpha ``(H, W)`` uint8 of a picture ``(H, W, 3)`` uint8 RGB.  Nothing is stretched per picture."""
        spec = self.spec
        height, width = image.shape[:2]
        if spec.keep_aspect:
            fitted, placement = fit(image, spec.long_side_px, spec.multiple)
        else:
            fitted, placement = resize(image, spec.long_side_px, spec.long_side_px), None
        x = (fitted / 255.0 - np.array(spec.mean)) / np.array(spec.std)
        kind = np.float16 if self._input.type == "tensor(float16)" else np.float32
        feed = {self._input.name: np.ascontiguousarray(x.transpose(2, 0, 1)[None], kind)}
        answer = np.asarray(self._session.run(None, feed)[0], np.float32)[0, 0]
        if spec.sigmoid:
            answer = 1 / (1 + np.exp(-answer))
        alpha = resize(answer, height, width) if placement is None else restore(answer, placement)
        return (np.clip(alpha, 0, 1) * 255 + 0.5).astype(np.uint8)
