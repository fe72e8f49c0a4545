"""Samples for training: photos with their labels, and composites made on the fly.

Sample ``i`` depends on the seed and on ``i`` alone, so a stopped run continues with the very same data by starting
at a later index, and two loader processes give what one gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.geometry import round_up, warp
from tress.process.labels import Label, make_label
from tress_train.data import augment, compose

# Canvas shapes, as (height, width) shares of the long side, with how often each is drawn.
CANVASES = (((1.0, 1.0), 0.45), ((1.0, 0.7), 0.35), ((0.7, 1.0), 0.2))


@dataclass(frozen=True)
class Mix:
    """How often each data set is drawn, relative to the others.

    ``composite`` is the weight of composites; ``empty`` that of pictures without a subject.  ``sets`` gives the
    weight of photos by data set; sets that are not named are not drawn.
    """

    sets: dict[str, float] = field(default_factory=dict)
    composite: float = 0.0
    empty: float = 0.0


@dataclass(frozen=True)
class Photo:
    """A decoded picture with its label; ``image`` is ``(H, W, 3)`` uint8 RGB."""

    image: npt.NDArray[np.uint8]
    label: Label


class TrainingSet(Dataset):
    """Endless, indexable training samples of one size; everything decoded stays in memory.

    Args:
        records: the pictures that may be used.
        mix: how often each data set is drawn.
        long_side_px: long side of the samples; the canvas shape changes from batch to batch.
        batch: samples per batch; all of a batch share one canvas.
        seed: start of all randomness.
        length: number of samples in the run.
    """

    def __init__(self, records: list[Record], mix: Mix, long_side_px: int, batch: int, seed: int, length: int) -> None:
        self.mix, self.long_side_px, self.batch, self.seed, self.length = mix, long_side_px, batch, seed, length
        self.photos: dict[str, list[Photo]] = {}
        self.cutouts: dict[str, list[npt.NDArray[np.uint8]]] = {}
        self.backgrounds: dict[str, list[npt.NDArray[np.uint8]]] = {}
        self.dropped: list[str] = []
        for record in records:
            self._read(record)
        self._draws = self._plan()

    def _read(self, record: Record) -> None:
        image = _imread(record.image, cv2.IMREAD_UNCHANGED if record.edge == "rgba" else cv2.IMREAD_COLOR)
        if record.edge == "rgba":
            self.cutouts.setdefault(record.set, []).append(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA))
        elif record.edge in ("background", "empty"):
            self.backgrounds.setdefault(record.kind, []).append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        elif record.set in self.mix.sets and record.alpha is not None:
            alpha = _imread(record.alpha, cv2.IMREAD_GRAYSCALE)
            if alpha.shape != image.shape[:2]:
                raise InputError("alpha_size", f"{record.alpha} is {alpha.shape}, its picture {image.shape[:2]}")
            label = make_label(alpha, record.edge, record.ignore_px)
            if label is None:
                self.dropped.append(str(record.image))
            else:
                image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
                self.photos.setdefault(record.set, []).append(Photo(image, label))

    def _plan(self) -> list[tuple[str, float]]:
        draws = [(name, weight) for name, weight in self.mix.sets.items() if self.photos.get(name)]
        if self.mix.composite and self.cutouts:
            draws.append(("composite", self.mix.composite))
        if self.mix.empty and self.backgrounds:
            draws.append(("empty", self.mix.empty))
        if not draws:
            raise InputError("no_samples", "none of the data sets of this mix has a usable picture")
        total = sum(weight for _, weight in draws)
        return [(name, weight / total) for name, weight in draws]

    def __len__(self) -> int:
        return self.length

    def canvas(self, index: int) -> tuple[int, int]:
        """Height and width of the batch that sample ``index`` belongs to."""
        rng = np.random.default_rng((self.seed, 1, index // self.batch))
        height, width = CANVASES[rng.choice(len(CANVASES), p=[share for _, share in CANVASES])][0]
        return round_up(int(height * self.long_side_px), 32), round_up(int(width * self.long_side_px), 32)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One sample.

        ``image`` ``(3, H, W)`` float32 RGB in [0, 1]; ``alpha``, ``where`` and ``soft`` ``(1, H, W)`` float32 in
        [0, 1]; ``presence`` and ``presence_weight`` scalars.
        """
        rng = np.random.default_rng((self.seed, 0, index))
        height, width = self.canvas(index)
        name = self._draws[rng.choice(len(self._draws), p=[share for _, share in self._draws])][0]
        if name == "composite":
            image, alpha = self._composite(height, width, rng)
            where = soft = np.full_like(alpha, 255)
        elif name == "empty":
            image = self._background(height, width, rng)
            alpha, where = np.zeros((height, width), np.uint8), np.full((height, width), 255, np.uint8)
            soft = where
        else:
            image, alpha, where, soft = self._photo(name, height, width, rng)
        image = augment.photometric(image, rng)
        has_subject = float((alpha > 127).mean())
        plane = lambda x: torch.from_numpy(x.astype(np.float32) / 255)[None]  # noqa: E731
        return {
            "image": torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)).astype(np.float32) / 255),
            "alpha": plane(alpha),
            "where": plane(where),
            "soft": plane(soft),
            "presence": torch.tensor(float(has_subject > 0.002)),
            # A sliver of a subject at the rim of a crop is neither a yes nor a no.
            "presence_weight": torch.tensor(float(has_subject == 0 or has_subject > 0.01)),
        }

    def _photo(self, name: str, height: int, width: int, rng: np.random.Generator) -> tuple[npt.NDArray, ...]:
        photos = self.photos[name]
        # Of a few candidates the one whose aspect fits the canvas best: less padding, all pictures still drawn.
        picks = [photos[rng.integers(len(photos))] for _ in range(3)]
        aspect = np.log(width / height)
        photo = min(picks, key=lambda p: abs(np.log(p.image.shape[1] / p.image.shape[0]) - aspect))
        matrix = _view(photo.label.alpha, height, width, rng)
        image = warp(photo.image, matrix, height, width)
        alpha = warp(photo.label.alpha, matrix, height, width)
        # Outside the photo there is nothing to learn, hence the border of zero weight.
        where = warp(photo.label.where, matrix, height, width, border=0)
        soft = warp(photo.label.soft, matrix, height, width, border=0)
        return image, alpha, np.where(where == 255, where, 0), np.where(soft == 255, soft, 0)

    def _background(self, height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        if not self.backgrounds or rng.random() < 0.15:
            return compose.plain_background(height, width, rng)
        kinds = sorted(self.backgrounds)
        pool = self.backgrounds[kinds[rng.integers(len(kinds))]]
        image = pool[rng.integers(len(pool))]
        cover = max(height / image.shape[0], width / image.shape[1]) * rng.uniform(1, 1.8)
        flip = -1 if rng.random() < 0.5 else 1
        slack_x, slack_y = image.shape[1] * cover - width, image.shape[0] * cover - height
        x, y = -rng.uniform(0, max(slack_x, 1e-6)), -rng.uniform(0, max(slack_y, 1e-6))
        matrix = np.array([[cover * flip, 0, x if flip == 1 else width - x], [0, cover, y]])
        image = warp(image, matrix, height, width)
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(1, 6)) if rng.random() < 0.3 else image

    def _composite(self, height: int, width: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], ...]:
        background = self._background(height, width, rng)
        names = sorted(self.cutouts)
        layers = []
        for _ in range(1 if rng.random() < 0.7 else int(rng.integers(2, 4))):
            pool = self.cutouts[names[rng.integers(len(names))]]
            cutout = pool[rng.integers(len(pool))]
            # A cut-out that is cut off by its own lower edge has to stand on the canvas's.
            grounded = bool((cutout[-2:, :, 3] > 127).mean() > 0.05)
            layers.append(compose.place(cutout, height, width, rng, grounded=grounded))
        return compose.compose(background, layers, rng)


def _view(alpha: npt.NDArray[np.uint8], height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A random view of a photo: mostly the whole of it, at times closer to the subject; mirrored, slightly turned."""
    h, w = alpha.shape
    centre, zoom = np.array([w / 2, h / 2]), np.exp(rng.normal(0, 0.08))
    if rng.random() < 0.4:
        ys, xs = np.nonzero(alpha[::4, ::4] > 127)
        if len(ys):
            pick = rng.integers(len(ys))
            centre = (centre + 4 * np.array([xs[pick], ys[pick]])) / 2
            zoom = np.exp(rng.uniform(0, 0.8))
    scale = min(height / h, width / w) * zoom
    if rng.random() < 0.5:
        # Fill the canvas instead of fitting inside it.
        scale = max(height / h, width / w) * zoom
    stretch = np.exp(rng.normal(0, 0.06))
    flip = -1 if rng.random() < 0.5 else 1
    angle = np.radians(rng.normal(0, 6)) if rng.random() < 0.4 else 0.0
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([flip * stretch, 1 / stretch])
    target = np.array([width / 2, height / 2]) + rng.normal(0, 0.03, 2) * (width, height)
    return np.column_stack([turn, target - turn @ centre])


def _imread(path: object, flags: int) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise InputError("picture_unreadable", f"cannot read {path}")
    return image
