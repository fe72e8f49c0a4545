"""Samples for training: photos with their labels, and composites made on the fly.

Sample ``i`` depends on the seed and on ``i`` alone, so a stopped run continues with the very same data by starting
at a later index, and several processes together give what one gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tress.errors import InputError
from tress.metrics.gaps import closed_in
from tress.process.difficulty import Difficulty
from tress.process.geometry import round_up, warp
from tress_train.data import augment, compose, views
from tress_train.data.library import AnyPhoto, AnyPicture, Library
from tress_train.data.lists import MARK
from tress_train.data.samples import Samples
from tress_train.recipes.stages import LATER, OTHERS, Mix

# Canvas shapes, as (height, width) shares of the long side, with how often each is drawn.
CANVASES = (((1.0, 1.0), 0.45), ((1.0, 0.7), 0.35), ((0.7, 1.0), 0.2))

# Share of the samples without a subject that show a picture of the data that has none, where there are such.
EMPTY_SHARE = 0.5

# What counts as a gap's: its pixels and this many around it, so that its edge weighs as much.
GAP_EDGE_PX = 3

# A subject of less than this share of the picture is neither a yes nor a no.
SLIVER = 0.004

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Draw:
    """One kind of sample: photos of a set, ``composite`` or ``empty``; drawn with probability ``share``."""

    name: str
    share: float
    mix: Mix
    photos: tuple[AnyPhoto, ...] = ()


class TrainingSet(Samples):
    """Endless, indexable training samples of one size.

    Args:
        library: the decoded pictures.
        mixes: the mixes to draw from, with the share of each.
        difficulty: by key; only needed for mixes with limits.
        sides_px: long sides of the samples, which the batches take in turn; the canvas shape changes from batch to
            batch as well.
        batch: samples per batch; all of a batch share one canvas.
        seed: start of all randomness.
        length: number of samples in the run.
        with_colours: samples also hold the true colours of foreground and background.

    Raises:
        InputError: no mix finds a picture to draw.
    """

    def __init__(
        self,
        library: Library,
        mixes: Sequence[tuple[Mix, float]],
        difficulty: Mapping[str, Difficulty],
        *,
        sides_px: Sequence[int],
        batch: int,
        seed: int,
        length: int,
        with_colours: bool = False,
    ) -> None:
        self.library, self.sides_px, self.batch = library, tuple(sides_px), batch
        self.seed, self.length, self.with_colours = seed, length, with_colours
        self.draws = [draw for mix, share in mixes for draw in _plan(library, mix, share, difficulty)]
        if not self.draws:
            raise InputError("no_samples", "none of the data sets of this stage has a usable picture")
        total = sum(draw.share for draw in self.draws)
        self._shares = [draw.share / total for draw in self.draws]

    def __len__(self) -> int:
        return self.length

    def pools(self) -> dict[str, int]:
        """How many photos each drawn data set offers, over all mixes."""
        pools: dict[str, set[str]] = {}
        for draw in self.draws:
            pools.setdefault(draw.name, set()).update(photo.key for photo in draw.photos)
        return {name: len(keys) for name, keys in sorted(pools.items()) if keys}

    def canvas(self, index: int) -> tuple[int, int]:
        """Height and width of the batch that sample ``index`` belongs to."""
        rng = np.random.default_rng((self.seed, 1, index // self.batch))
        height, width = CANVASES[rng.choice(len(CANVASES), p=[share for _, share in CANVASES])][0]
        long_side_px = self.sides_px[index // self.batch % len(self.sides_px)]
        return round_up(int(height * long_side_px), 32), round_up(int(width * long_side_px), 32)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One sample.

        ``image`` ``(3, H, W)`` uint8 RGB; ``alpha``, ``where``, ``soft``, ``fuzzy`` and ``gaps`` ``(1, H, W)`` uint8,
        the last 255 in and around gaps of the subject where the label is trusted to know them; ``presence`` and
        ``presence_weight`` scalars; ``index`` of the sample.  With colours: ``foreground`` and ``background``
        ``(3, H, W)`` uint8 and ``coloured``, a scalar that is 1 where they are known.
        """
        height, width = self.canvas(index)
        _, rng, draw = self._drawn(index)
        colours: tuple[Image, Image] | None = None
        fuzzy = np.zeros((height, width), np.uint8)
        if draw.name == "composite":
            made = self._composite(draw.mix, height, width, rng)
            image, alpha, colours = made.image, made.alpha, (made.foreground, made.background)
            where = soft = np.full_like(alpha, 255)
        elif draw.name == "empty":
            image = self._without_subject(draw.mix, height, width, rng)
            alpha, where = np.zeros((height, width), np.uint8), np.full((height, width), 255, np.uint8)
            soft = where
        else:
            image, alpha, where, soft, fuzzy = _photo(draw.photos, height, width, rng)
        image = augment.photometric(image, rng)
        has_subject = float((alpha > 127).mean())
        gaps = _gaps(alpha) if draw.name in draw.mix.gaps else np.zeros((height, width), np.uint8)
        planes = {"alpha": alpha, "where": where, "soft": soft, "fuzzy": fuzzy, "gaps": gaps}
        sample = {
            "image": _chw(image),
            **{name: torch.from_numpy(plane)[None] for name, plane in planes.items()},
            "presence": torch.tensor(float(has_subject > 0.002)),
            "presence_weight": torch.tensor(float(has_subject == 0 or has_subject > SLIVER)),
            "index": torch.tensor(index),
        }
        if self.with_colours:
            foreground, background = colours or (image, image)
            sample.update(
                foreground=_chw(foreground),
                background=_chw(background),
                coloured=torch.tensor(float(colours is not None)),
            )
        return sample

    def describe(self, index: int) -> str:
        """Which data sample ``index`` is made of, for reports."""
        _, rng, draw = self._drawn(index)
        if not draw.photos:
            return f"sample {index}: {draw.name}"
        height, width = self.canvas(index)
        return f"sample {index}: {_pick(draw.photos, height, width, rng).key}"

    def _drawn(self, index: int) -> tuple[int, np.random.Generator, Draw]:
        rng = np.random.default_rng((self.seed, 0, index))
        return index, rng, self.draws[rng.choice(len(self.draws), p=self._shares)]

    def _without_subject(self, mix: Mix, height: int, width: int, rng: np.random.Generator) -> Image:
        # Asked in this order, data without such pictures gives the samples that it always gave.
        if self.library.empty and rng.random() < EMPTY_SHARE:
            return _cover(self.library.empty[rng.integers(len(self.library.empty))].image, height, width, rng)
        return self._background(mix, height, width, rng)

    def _background(self, mix: Mix, height: int, width: int, rng: np.random.Generator) -> Image:
        image = self._evenly_lit(mix, height, width, rng)
        lit = mix.uneven_light > 0 and rng.random() < mix.uneven_light
        return compose.uneven_light(image, rng) if lit else image

    def _evenly_lit(self, mix: Mix, height: int, width: int, rng: np.random.Generator) -> Image:
        kinds = [kind for kind in mix.composites.kinds if kind in self.library.backgrounds]
        if not kinds or rng.random() < mix.composites.studio:
            return compose.plain_background(height, width, rng)
        pool = self.library.backgrounds[kinds[rng.integers(len(kinds))]]
        image = _cover(pool[rng.integers(len(pool))].image, height, width, rng)
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(1, 6)) if rng.random() < 0.3 else image

    def _composite(self, mix: Mix, height: int, width: int, rng: np.random.Generator) -> compose.Composite:
        rules = mix.composites
        background = self._background(mix, height, width, rng)
        weights = _weights(rules.cutouts or {OTHERS: 1.0}, self.library.cutouts, self.library.later)
        # Asked in this order, mixes without bystanders give the samples that they always gave.
        if rules.bystanders > 0 and rng.random() < rules.bystanders:
            bystander = self._layer(weights, height, width, rng, zoom=compose.ZOOM_BEHIND)
            background = compose.out_of_focus(background, bystander, rng)
        several = rules.subjects_max > 1 and rng.random() < rules.several
        count = int(rng.integers(2, rules.subjects_max + 1)) if several else 1
        layers = [self._layer(weights, height, width, rng, may_cut=number == 0) for number in range(count)]
        if rng.random() < rules.near_colour:
            background = compose.near_colour(background, layers[0], rng)
        if self.with_colours:
            return compose.compose_with_colours(background, layers, rng, cast_shadows=rules.cast_shadows)
        image, alpha = compose.compose(background, layers, rng, cast_shadows=rules.cast_shadows)
        return compose.Composite(image, alpha, image, image)

    def _layer(
        self,
        weights: Mapping[str, float],
        height: int,
        width: int,
        rng: np.random.Generator,
        *,
        may_cut: bool = False,
        zoom: tuple[float, float] = compose.ZOOM,
    ) -> npt.NDArray[np.float32]:
        """A cut-out somewhere on the canvas, see ``compose.place``; at times cut by the frame, if it may be."""
        names, total = sorted(weights), sum(weights.values())
        pool = self.library.cutouts[names[rng.choice(len(names), p=[weights[name] / total for name in names])]]
        cutout = pool[rng.integers(len(pool))].image
        # A cut-out that is cut off by its own lower edge has to stand on the canvas's.
        grounded = bool((cutout[-2:, :, 3] > 127).mean() > 0.05)
        cut = rng.uniform(*views.CUT_SHARE) if may_cut and rng.random() < views.CUT else 0.0
        return compose.place(cutout, height, width, rng, grounded=grounded, zoom=zoom, cut=cut)


def _cover(picture: Image, height: int, width: int, rng: np.random.Generator) -> Image:
    """A part of a picture that fills the canvas, at times mirrored."""
    cover = max(height / picture.shape[0], width / picture.shape[1]) * rng.uniform(1, 1.6)
    slack_x, slack_y = picture.shape[1] * cover - width, picture.shape[0] * cover - height
    matrix = np.array([[cover, 0, -rng.random() * slack_x], [0, cover, -rng.random() * slack_y]])
    image = warp(picture, matrix, height, width)
    return np.ascontiguousarray(image[:, ::-1]) if rng.random() < 0.5 else image


def _plan(library: Library, mix: Mix, share: float, difficulty: Mapping[str, Difficulty]) -> list[Draw]:
    """The draws of one mix that find pictures; their shares add up to ``share``."""
    draws = []
    for name, weight in _weights(mix.sets, library.photos, library.later).items():
        admits = lambda photo: mix.limits is None or mix.limits.admits(difficulty[photo.key])  # noqa: E731
        photos = tuple(photo for photo in library.photos[name] if admits(photo))
        if photos and weight > 0:
            draws.append(Draw(name, weight, mix, photos))
    if mix.composite > 0 and _weights(mix.composites.cutouts or {OTHERS: 1.0}, library.cutouts, library.later):
        draws.append(Draw("composite", mix.composite, mix))
    if mix.empty > 0:
        draws.append(Draw("empty", mix.empty, mix))
    if not [draw for draw in draws if draw.name != "empty"]:
        return []
    total = sum(draw.share for draw in draws)
    return [Draw(draw.name, share * draw.share / total, draw.mix, draw.photos) for draw in draws]


def _weights(
    wanted: Mapping[str, float],
    present: Mapping[str, list[AnyPhoto]] | Mapping[str, list[AnyPicture]],
    later: frozenset[str],
) -> dict[str, float]:
    """The weight of each present set; those of ``*`` and ``+`` are divided among those that are not named."""
    weights = {name: weight for name, weight in wanted.items() if name in present and weight > 0}
    others = sorted(name for name in present if name not in wanted and not name.startswith(MARK))
    after = [name for name in others if LATER in wanted and name in later]
    here = [name for name in others if name not in after]
    shares = [(here, wanted.get(OTHERS, 0.0)), (after, wanted.get(LATER, 0.0))]
    if not here or not after:
        shares = [(others, sum(share for _, share in shares))]
    for names, share in shares:
        if share > 0:
            weights.update(dict.fromkeys(names, share / max(1, len(names))))
    return weights


def _pick(photos: Sequence[AnyPhoto], height: int, width: int, rng: np.random.Generator) -> AnyPhoto:
    # Of a few candidates the one whose aspect fits the canvas best: less padding, all pictures still drawn.
    picks = [photos[int(rng.integers(len(photos)))] for _ in range(3)]
    aspect = np.log(width / height)
    return min(picks, key=lambda p: abs(np.log(p.shape[1] / p.shape[0]) - aspect))


def _photo(photos: Sequence[AnyPhoto], height: int, width: int, rng: np.random.Generator) -> tuple[Image, ...]:
    photo = _pick(photos, height, width, rng).decoded()
    matrix = views.view(photo.label.alpha, height, width, rng)
    image = warp(photo.image, matrix, height, width)
    alpha = warp(photo.label.alpha, matrix, height, width)
    # Outside the photo there is nothing to learn, hence the border of zero weight.
    where = warp(photo.label.where, matrix, height, width, border=0)
    soft = warp(photo.label.soft, matrix, height, width, border=0)
    fuzzy = np.zeros((height, width), np.uint8)
    if photo.label.fuzzy is not None:
        fuzzy = np.where(warp(photo.label.fuzzy, matrix, height, width, border=0) > 127, 255, 0).astype(np.uint8)
    return image, alpha, np.where(where == 255, where, 0), np.where(soft == 255, soft, 0), fuzzy


def _gaps(alpha: Image) -> Image:
    gaps = np.zeros_like(alpha)
    for box, gap in closed_in(alpha < 128):
        gaps[box][gap] = 255
    return cv2.dilate(gaps, np.ones((2 * GAP_EDGE_PX + 1,) * 2, np.uint8))


def _chw(image: Image) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
