"""What can be scored: our models, ONNX files, and folders of predicted alphas."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import tress
from tress.arrays import Alpha, Rgb8, check_same_size
from tress.errors import InputError
from tress.evaluation.alpha_file import read_alpha

ABOUT = "predictor.json"
"""Optional file in a folder of predictions; see ``FolderPredictor``."""
_ALPHA_SUFFIXES = (".png", ".webp", ".tif", ".tiff")
# What the answer for a picture depends on besides the weights.
_CODE = ("api.py", "engine.py", "matting.py", "process", "io")


@dataclass(frozen=True, eq=False)
class Prediction:
    """A predictor's answer for one picture.

    Attributes:
        alpha: ``(H, W)`` float32 in [0, 1].
        presence: belief in [0, 1] that there is a subject, or None.
        confidence: expected IoU in [0, 1], or None.
        found: whether the predictor says there is a subject, or None if it never says so.
        seconds: time for this picture, or None if not known.
        foreground: file with the predictor's own foreground colours (a cut-out), or None.
    """

    alpha: Alpha
    presence: float | None = None
    confidence: float | None = None
    found: bool | None = None
    seconds: float | None = None
    foreground: Path | None = None


class Predictor(Protocol):
    """Anything that can be scored.

    Attributes:
        name: for tables.
        size_bytes: of its weights, or None.
        cleans_colours: its cut-outs have estimated foreground colours; otherwise they keep the picture's.
    """

    name: str
    size_bytes: int | None
    cleans_colours: bool

    def key(self, name: str) -> str:
        """Everything the answer for picture ``name`` depends on but the picture itself, as a short string."""

    def predict(self, name: str, image: Rgb8) -> Prediction:
        """The answer for a picture, ``(H, W, 3)`` uint8, at its own size."""


class ModelPredictor:
    """A model of the catalogue or an ONNX file, run by ``tress.api.Remover``.

    Args:
        model: name or path.
        threads: for one picture; None uses all cores.
        refine: run the refiner too.

    Raises:
        ModelError: the model is unknown, cannot be read, or does not say how to feed it.
    """

    cleans_colours = True

    def __init__(self, model: str, *, threads: int | None = None, refine: bool = True) -> None:
        from tress.api import REFINER, Remover
        from tress.catalog import resolve

        located = [resolve(model)] + ([resolve(REFINER)] if refine else [])
        self._remover = Remover(model, threads=threads, refine=refine)
        self.name = located[0].name if refine else f"{located[0].name} (not refined)"
        self.size_bytes: int | None = sum(one.path.stat().st_size for one in located)
        parts = [_digest(one.path.read_bytes()) + repr(one.spec) for one in located]
        self._key = _digest("|".join([*parts, code_digest(*_CODE)]).encode())

    def key(self, name: str) -> str:
        """Weights, input rules and code."""
        return self._key

    def predict(self, name: str, image: Rgb8) -> Prediction:
        """Runs the model."""
        matte = self._remover.matte(image)
        presence = matte.confidence if matte.found else 1 - matte.confidence
        return Prediction(matte.alpha, presence, matte.confidence, matte.found, sum(matte.seconds.values()))


class FolderPredictor:
    """A folder of predicted alphas, made by any program.

    Files are named like the pictures: for ``set/a.jpg`` one of ``set/a.png``, ``set/a.alpha.png`` (or ``.webp``,
    ``.tif``), or the same without ``set/`` if no two pictures have the same name.  Grey files are alphas of 8 or 16
    bits; a cut-out brings its foreground colours along.  ``predictor.json`` may say more: ``name``, ``size_bytes``,
    and ``seconds`` and ``presence``, each an object from picture names (as in the data set) to numbers.

    Args:
        folder: the folder.
        names: of all pictures of the data set.

    Raises:
        InputError: ``predictor.json`` is malformed.
    """

    cleans_colours = False

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._folder = folder
        self._stems = Counter(Path(name).stem for name in names)
        about: dict[str, Any] = {}
        if (folder / ABOUT).is_file():
            try:
                about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
                self._seconds = {str(k): float(v) for k, v in about.get("seconds", {}).items()}
                self._presence = {str(k): float(v) for k, v in about.get("presence", {}).items()}
                self.size_bytes = int(about["size_bytes"]) if about.get("size_bytes") else None
            except (ValueError, TypeError, AttributeError) as error:
                raise InputError("predictor_malformed", f"{folder / ABOUT}: {error}") from error
        else:
            self._seconds, self._presence, self.size_bytes = {}, {}, None
        self.name = str(about.get("name") or folder.resolve().name)

    def key(self, name: str) -> str:
        """The prediction's own bytes."""
        return _digest(self._file(name).read_bytes())

    def predict(self, name: str, image: Rgb8) -> Prediction:
        """Reads the prediction.

        Raises:
            InputError: it is missing, unreadable or of another size than the picture.
        """
        file = self._file(name)
        found = read_alpha(file)
        check_same_size(found.alpha, image, ("the predicted alpha", "its picture"))
        return Prediction(
            found.alpha,
            self._presence.get(name),
            seconds=self._seconds.get(name),
            foreground=None if found.foreground is None else file,
        )

    def _file(self, name: str) -> Path:
        stem = Path(name).with_suffix("")
        for base in (stem, Path(stem.name)) if self._stems[stem.name] == 1 else (stem,):
            for middle in ("", ".alpha"):
                for suffix in _ALPHA_SUFFIXES:
                    file = self._folder / base.parent / f"{base.name}{middle}{suffix}"
                    if file.is_file():
                        return file
        raise InputError("prediction_missing", f"{self._folder} has no alpha for {name}")


def open_predictor(model: str, names: Iterable[str], *, threads: int | None = None, refine: bool = True) -> Predictor:
    """A predictor from what a user writes: a folder of alphas, an ONNX file, or a model's name.

    Args:
        model: what the user wrote.
        names: of all pictures of the data set.
        threads, refine: for models, see ``ModelPredictor``.

    Raises:
        ModelError: the model is unknown or cannot be used.
        InputError: the folder's description is malformed.
    """
    if Path(model).is_dir():
        return FolderPredictor(Path(model), names)
    return ModelPredictor(model, threads=threads, refine=refine)


@lru_cache(maxsize=4)
def code_digest(*parts: str) -> str:
    """Digest of source files and folders of the package ``tress``, so that what old code made is not taken for new."""
    root = Path(tress.__file__).parent
    files = [
        file
        for part in parts
        for file in ([root / part] if part.endswith(".py") else sorted((root / part).glob("*.py")))
    ]
    return _digest(b"".join(file.read_bytes() for file in files))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]
