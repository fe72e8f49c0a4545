"""locate + refine: the algorithm, one page.

The locator sees the whole picture, small, and then the subject, finer (``tress.process.looks``).  Its alpha grows to
full size in steps of at most ``MAX_STEP``; after each step the refiner rewrites the unknown band, tile by tile, and
leaves everything else alone.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Grey8, Rgb8
from tress.process.bands import REACH_FIRST, REACH_LATER, unknown_band
from tress.process.confidence import expected_iou
from tress.process.geometry import resize
from tress.process.looks import Located, Network, locate, look_again
from tress.process.marks import Marks
from tress.process.tiles import Tile, TileGrid, add_tile, batches, read_tile, tiles_on

MAX_STEP = 4.0
GRID = TileGrid()
# Tiles a run of the refiner takes.  On several cores small batches, each on a thread of its own, beat large ones whose
# every operator is shared among the threads.
TILE_BATCH, TILE_BATCH_SHARED = 16, 4
# A sigmoid never quite says 0 or 1.  Closer than this to either end counts as the end: no haze, no see-through subject.
SETTLED = 0.015
# About 20 s of refinement on two cores; only a picture that is unsure nearly everywhere gets there.
MAX_TILES = 4800
FOUND_PRESENCE = 0.5
# Without a presence head: a subject is there if this share of the picture is more subject than not.
FOUND_SHARE = 0.0005
_BYTE = np.float32(1 / 255)


@dataclass
class Estimate:
    """Alpha ``(H, W)`` float32 of a picture, with what is known about it; see ``tress.matte.Matte``."""

    alpha: Alpha
    found: bool
    confidence: float
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def estimate_alpha(
    image: Rgb8, locator: Network, refiner: Network | None, *, threads: int = 1, marks: Marks | None = None
) -> Estimate:
    """Finds the subject of a picture.

    Args:
        image: ``(H, W, 3)`` uint8, sRGB, upright.
        locator: network of task ``locator``.
        refiner: network of task ``refiner``; None only enlarges the locator's answer to the whole picture.
        threads: that run the refiner side by side; the answer is the same with any number, to within rounding.
        marks: what a person says, of the picture's size.  Where something is to be kept there is a subject.
    """
    started = time.perf_counter()
    located = locate(image, locator)
    found = is_found(located)
    confidence = expected_iou(located.alpha) * (1.0 if located.presence is None else located.presence)
    located_at = time.perf_counter()
    seconds = {"locate": located_at - started}
    if not found and marks is not None and marks.keeps:
        found, confidence = True, 1.0
        nothing = None if located.uncertainty is None else np.zeros_like(located.uncertainty)
        located = Located(np.zeros_like(located.alpha), nothing, located.presence)
    elif found and refiner is not None:
        located = look_again(image, located, locator)
    if not found:
        # No subject, no cut-out: faint guesses in an empty picture are noise.
        alpha = np.zeros(image.shape[:2], np.float32)
        return Estimate(alpha, False, 1.0 - (located.presence or 0.0), seconds)
    if marks is not None and refiner is not None:
        told = marks.at(*located.alpha.shape[:2]).impose(located.alpha, located.uncertainty)
        located = Located(*told, located.presence)
    alpha, warnings = refine(image, located, refiner, threads=threads, marks=marks)
    seconds["refine"] = time.perf_counter() - located_at
    return Estimate(alpha, True, confidence, seconds, warnings)


def is_found(located: Located) -> bool:
    """Whether there is a subject, by the presence head or else by the alpha itself."""
    covered = float((located.alpha > 0.5).mean())
    if located.presence is None:
        return covered > FOUND_SHARE
    return located.presence >= FOUND_PRESENCE and covered > 0


def refine(
    image: Rgb8, located: Located, refiner: Network | None, *, threads: int = 1, marks: Marks | None = None
) -> tuple[Alpha, list[str]]:
    """Grows the located alpha to the picture's size, refining the unknown band after each step."""

    def finished(alpha: Alpha) -> Alpha:
        return settle(alpha) if marks is None else marks.apply(settle(alpha))

    alpha, uncertainty = located.alpha, located.uncertainty
    reach = REACH_FIRST
    for height, width in growth(alpha.shape[:2], image.shape[:2]):
        step = height / alpha.shape[0]
        alpha = resize(alpha, height, width)
        if refiner is None:
            continue
        if uncertainty is not None:
            uncertainty = resize(uncertainty, height, width)
        if marks is not None:
            alpha = marks.at(height, width).apply(alpha)
        band = unknown_band(alpha, uncertainty, reach_px=max(1, round(reach * step)))
        reach = REACH_LATER
        tiles = tiles_on(band, GRID)
        if len(tiles) > MAX_TILES:
            alpha = resize(alpha, *image.shape[:2])
            return finished(alpha), [f"the edge is unsure almost everywhere; refined at {width}x{height} at most"]
        alpha = refine_band(resize(image, height, width), alpha, uncertainty, band, tiles, refiner, threads=threads)
    return finished(alpha), []


def settle(alpha: Alpha) -> Alpha:
    """Stretches ``[SETTLED, 1 - SETTLED]`` to ``[0, 1]``: a fixed rule, the same for every picture."""
    settled = (alpha - np.float32(SETTLED)) * np.float32(1 / (1 - 2 * SETTLED))
    return np.clip(settled, 0, 1, out=settled)


def growth(start: tuple[int, ...], end: tuple[int, ...]) -> list[tuple[int, int]]:
    """Sizes ``(height, width)`` from the locator's to the picture's, in steps of at most ``MAX_STEP``.

    At least one step, so that a small picture is refined too.
    """
    total = max(end[0] / start[0], end[1] / start[1], 1.0)
    steps = max(1, int(np.ceil(np.log(total) / np.log(MAX_STEP) - 1e-9)))
    factor = total ** (1 / steps)
    sizes = [(round(end[0] / factor**k), round(end[1] / factor**k)) for k in range(steps - 1, 0, -1)]
    return [(max(1, h), max(1, w)) for h, w in sizes] + [(end[0], end[1])]


def refine_band(
    image: Rgb8,
    alpha: Alpha,
    uncertainty: Grey8 | None,
    band: npt.NDArray[np.bool_],
    tiles: list[Tile],
    refiner: Network,
    *,
    threads: int = 1,
) -> Alpha:
    """Rewrites alpha inside the band; pixels outside keep their value exactly.

    Args:
        image: ``(H, W, 3)`` uint8.
        alpha: ``(H, W)`` float32, the coarse alpha.
        uncertainty: ``(H, W)`` uint8 or None, which the refiner sees as "unsure in the band, sure elsewhere".
        band: ``(H, W)`` bool.
        tiles: that cover the band.
        refiner: takes ``(N, 5, T, T)``: RGB, alpha and uncertainty in [0, 1]; gives alpha ``(N, 1, T, T)``.
        threads: that run it side by side.
    """
    doubt = uncertainty if uncertainty is not None else band.astype(np.uint8) * np.uint8(255)
    result = alpha.copy()

    def changes(group: list[Tile]) -> list[npt.NDArray[np.float32]]:
        x = np.empty((len(group), 5, GRID.tile_px, GRID.tile_px), np.float32)
        for i, tile in enumerate(group):
            np.multiply(read_tile(image, tile, GRID).transpose(2, 0, 1), _BYTE, out=x[i, :3])
            x[i, 3] = read_tile(alpha, tile, GRID)
            np.multiply(read_tile(doubt, tile, GRID), _BYTE, out=x[i, 4])
        refined = refiner.run(x)[0]
        return [
            (refined[i, 0] - x[i, 3]) * GRID.window(tile) * read_tile(band, tile, GRID) for i, tile in enumerate(group)
        ]

    groups = list(batches(tiles, TILE_BATCH_SHARED if threads > 1 else TILE_BATCH))
    with ThreadPoolExecutor(threads, thread_name_prefix="tress-refine") as pool:
        # In their order, whichever is done first, so that sums are the same every time.
        for group, found in zip(groups, pool.map(changes, groups), strict=True):
            for tile, change in zip(group, found, strict=True):
                add_tile(result, change, tile, GRID)
    return result
