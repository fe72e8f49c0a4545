"""The record of a run: what it was, what it gave, and what people decided on the way."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.io.files import write_atomic

LOG, SUMMARY, SCORES, PICTURES, BOARD = "log.jsonl", "record.json", "scores.json", "pictures", "tensorboard"
_GAP_S = 3600.0
_PACKAGES = ("tress", "torch", "numpy", "opencv-python-headless", "accelerate", "onnxruntime")


class Journal:
    """Writes ``log.jsonl``, TensorBoard's scalars and pictures, and contact sheets into a run's folder.

    A disk that is full does not stop a training: rows wait in memory and are written as soon as there is room, and the
    user is told on standard error.  Only the main process of a run writes; the others' journals are silent.
    """

    def __init__(self, out: Path, *, silent: bool = False) -> None:
        self.out, self.silent = out, silent
        self._waiting: list[str] = []
        # A kill or a full disk may have left half a line; the next one must not be glued to it.
        self._torn = True
        self._board: Any = None
        if not silent:
            from torch.utils.tensorboard import SummaryWriter

            try:
                (out / PICTURES).mkdir(parents=True, exist_ok=True)
                self._board = SummaryWriter(str(out / BOARD))
            except OSError as error:
                raise InputError("out_not_writable", f"cannot write to {out}: {error.strerror}") from error

    def write(self, event: str, **values: Any) -> None:
        """Appends a line to the log."""
        if self.silent:
            return
        row = {"time": time.strftime("%Y-%m-%dT%H:%M:%S"), "event": event, **values}
        self._waiting.append(json.dumps(_plain(row)) + "\n")
        self._try(self._flush)

    def scalars(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Adds TensorBoard scalars ``group/name``."""
        if self._board is not None:
            for name, value in values.items():
                self._try(lambda name=name, value=value: self._board.add_scalar(f"{group}/{name}", value, step))

    def picture(self, name: str, image: npt.NDArray[np.uint8], step: int) -> Path:
        """Saves a picture ``(H, W, 3)`` uint8 RGB as JPEG and shows it in TensorBoard."""
        path = self.out / PICTURES / f"{name}-{step:06d}.jpg"
        if not self.silent:
            _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
            self._try(lambda: path.write_bytes(data.tobytes()))
            self._try(lambda: self._board.add_image(name, image, step, dataformats="HWC"))
        return path

    def summarise(self, **values: Any) -> None:
        """Merges values into ``record.json``, from which the model card and the model's metadata are made."""
        if self.silent:
            return
        path = self.out / SUMMARY
        known = read_summary(self.out) if path.exists() else {}
        text = json.dumps(_plain({**known, **values}), indent=1) + "\n"
        self.replace_file(path, text)

    def replace_file(self, path: Path, text: str | None) -> None:
        """Writes a text file atomically, or removes it if ``text`` is None."""

        def replace() -> None:
            if text is None:
                path.unlink(missing_ok=True)
            else:
                write_atomic(path, text.encode(), overwrite=True)

        if not self.silent:
            self._try(replace)

    def say(self, text: str) -> None:
        """Tells the user."""
        if not self.silent:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Writes what is left."""
        if self._waiting:
            self._try(self._flush)
        if self._board is not None:
            self._try(self._board.close)

    def _flush(self) -> None:
        text = "".join(self._waiting).encode()
        with open(self.out / LOG, "a+b") as file:
            if self._torn and file.tell():
                file.seek(-1, os.SEEK_END)
                text = (b"" if file.read() == b"\n" else b"\n") + text
            self._torn = True
            file.write(text)
        self._torn = False
        self._waiting.clear()

    def _try(self, action: Any) -> None:
        try:
            action()
        except (OSError, InputError) as error:
            self.say(f"warning: cannot write to {self.out}: {error}; the training goes on, make room")


def read_summary(out: Path) -> dict[str, Any]:
    """What ``summarise`` wrote.

    Raises:
        InputError: the folder holds no record of a run.
    """
    try:
        found: dict[str, Any] = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("record_missing", f"{out} holds no record of a training run") from error
    return found


def model_metadata(out: Path) -> dict[str, str]:
    """The fields ``recipe`` and ``notes`` of the ``ModelSpec`` of the weights that a run made.

    The notes say in words what people decided about missed gates, so that it travels with the weights.

    Raises:
        InputError: the folder holds no record of a run.
    """
    record = read_summary(out)
    said = [
        f"stage {d['stage']}: {d['what']}: {d['reason']} {'; '.join(d['gates'])}".rstrip()
        for d in record.get("decisions", [])
    ]
    if not record.get("finished"):
        said.append("the run has not finished")
    return {"recipe": record["recipe_hash"], "notes": ". ".join(said)}


def read_log(out: Path) -> list[dict[str, Any]]:
    """All rows of the log; empty lines, and half lines that a kill left behind, are skipped."""
    rows = []
    for line in (out / LOG).read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def hours_of(rows: Sequence[Mapping[str, Any]]) -> float:
    """Hours that the rows of a log span, without the pauses in which the run was stopped."""
    times = [datetime.fromisoformat(row["time"]).timestamp() for row in rows]
    return sum(max(0.0, b - a) for a, b in pairwise(times) if b - a < _GAP_S) / 3600


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_commit() -> str:
    """Commit of the code that runs, with ``+changes`` if files differ from it; empty outside of a repository."""
    here = Path(__file__).parents[1]

    def git(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", str(here)) else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _plain(value: Any) -> Any:
    """``value`` as strict JSON can hold it: NaN and infinity become words."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
