"""Tiny data for the training tests: drawn here, so that a clone needs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tress_train.data.collection import Collection, read_collection
from tress_train.data.library import Library, load_library


def draw_data(folder: Path, *, photos: int = 8, cutouts: int = 3, size: int = 72) -> Path:
    """A data folder with photos (exact and hard edges), cut-outs, backgrounds, and a validation part."""
    rng = np.random.default_rng(7)
    for split, count in (("train", photos), ("val", 3)):
        rows = []
        for name, edge, ignore_px in (("discs", "exact", 0), ("rough", "hard", 2)):
            for i in range(count):
                image, alpha = disc(size, size, rng)
                rows.append(_save(folder / split, name, i, image, alpha, edge, ignore_px))
        if split == "train":
            for i in range(cutouts):
                image, alpha = disc(size, size, rng)
                rows.append(_save(folder / split, "cuts", i, np.dstack([image, alpha]), None, "rgba", 0))
            for i in range(2):
                image = rng.integers(0, 256, (size, size, 3)).astype(np.uint8)
                rows.append(_save(folder / split, "grounds", i, image, None, "background", 0, "plain"))
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / split / "manifest.jsonl").write_text(lines, encoding="utf-8")
    return folder


def disc(height: int, width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a disc ``(H, W, 3)`` in BGR and its alpha."""
    radius = int(rng.integers(14, min(height, width) // 3))
    centre = (int(rng.integers(radius, width - radius)), int(rng.integers(radius, height - radius)))
    alpha = cv2.circle(np.zeros((height, width), np.uint8), centre, radius, 255, -1, cv2.LINE_AA)
    subject, ground = rng.integers(0, 120, 3), rng.integers(130, 256, 3)
    a = alpha[..., None] / 255
    return (a * subject + (1 - a) * ground).astype(np.uint8), alpha


def _save(
    folder: Path,
    name: str,
    i: int,
    image: np.ndarray,
    alpha: np.ndarray | None,
    edge: str,
    ignore_px: int,
    kind: str = "objects",
) -> dict[str, object]:
    (folder / name).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name / f"{i}.png"), image)
    row: dict[str, object] = {
        "image": f"{name}/{i}.png",
        "set": name,
        "kind": kind,
        "edge": edge,
        "ignore_px": ignore_px,
    }
    if alpha is not None:
        cv2.imwrite(str(folder / name / f"{i}.alpha.png"), alpha)
        row["alpha"] = f"{name}/{i}.alpha.png"
    return row


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    # Tiny tensors on a busy machine: threads would wait for each other longer than they work.
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def cutout_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough cut-outs that some are held back and some are not."""
    return draw_data(tmp_path_factory.mktemp("cutouts"), photos=1, cutouts=6)


@pytest.fixture(scope="session")
def collection(data: Path) -> Collection:
    return read_collection([data])


@pytest.fixture(scope="session")
def library(collection: Collection) -> Library:
    return load_library(collection.train, 80)


@pytest.fixture
def killed_in_step() -> Callable[[int], AbstractContextManager[None]]:
    """Within ``with killed_in_step(n):`` a training is killed in the n-th step that it takes."""

    @contextmanager
    def killed(number: int) -> Iterator[None]:
        from tress_train.run import loop

        step, taken = loop._step, []

        def dies(*args: Any) -> Any:
            taken.append(1)
            if len(taken) == number:
                raise KeyboardInterrupt
            return step(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "_step", dies)
            with pytest.raises(KeyboardInterrupt):
                yield

    return killed
