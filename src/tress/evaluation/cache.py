"""Predictions and scores on disk, so that an evaluation that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tress.evaluation.predictors import Prediction
from tress.io.files import write_atomic


def digest(*parts: str | bytes) -> str:
    """Short digest of strings and bytes, in their order."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()[:32]


@dataclass(frozen=True)
class Cache:
    """A folder with an alpha (16-bit PNG) and a description (JSON) a prediction, and a JSON file a scored picture.

    A prediction's key is the digest of its predictor and its picture; a torn or foreign file counts as absent.
    """

    folder: Path

    def store_prediction(self, key: str, prediction: Prediction) -> None:
        """Keeps a prediction; alpha is rounded to 16 bits."""
        _, png = cv2.imencode(".png", np.rint(prediction.alpha * 65535).astype(np.uint16))
        write_atomic(self._alpha(key), png.tobytes(), overwrite=True)
        foreground = prediction.foreground
        about = {
            "presence": prediction.presence,
            "confidence": prediction.confidence,
            "found": prediction.found,
            "seconds": prediction.seconds,
            "foreground": None if foreground is None else str(foreground.resolve()),
        }
        self._store_json("predictions", key, about)

    def prediction(self, key: str) -> Prediction | None:
        """A prediction that was kept, or None."""
        about = self._load_json("predictions", key)
        stored = cv2.imread(str(self._alpha(key)), cv2.IMREAD_UNCHANGED) if about is not None else None
        if about is None or stored is None or stored.dtype != np.uint16 or stored.ndim != 2:
            return None
        foreground = about.pop("foreground")
        alpha = stored.astype(np.float32) / np.float32(65535)
        return Prediction(alpha, foreground=Path(foreground) if foreground else None, **about)

    def store_scores(self, key: str, scores: dict[str, Any]) -> None:
        """Keeps what was measured on a picture."""
        self._store_json("scores", key, scores)

    def scores(self, key: str) -> dict[str, Any] | None:
        """What was measured on a picture, or None."""
        return self._load_json("scores", key)

    def _alpha(self, key: str) -> Path:
        return self.folder / "predictions" / f"{key}.png"

    def _json(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}.json"

    def _store_json(self, kind: str, key: str, content: dict[str, Any]) -> None:
        write_atomic(self._json(kind, key), json.dumps(content).encode(), overwrite=True)

    def _load_json(self, kind: str, key: str) -> dict[str, Any] | None:
        try:
            content = json.loads(self._json(kind, key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None
