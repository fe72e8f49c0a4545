"""Tiles: full coverage, no seams, bounded work."""

import numpy as np
import pytest

from tress.process.tiles import Tile, TileGrid, add_tile, batches, read_tile, tiles_on

GRID = TileGrid(tile_px=64, rim_px=4, ramp_px=8)


def shares(band):
    """What the windows of the chosen tiles add up to at every pixel."""
    total = np.zeros(band.shape, np.float32)
    for tile in tiles_on(band, GRID):
        add_tile(total, GRID.window(tile), tile, GRID)
    return total


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (64, 64), (97, 131), (200, 56)])
def test_windows_of_a_whole_picture_sum_to_one(shape):
    np.testing.assert_allclose(shares(np.ones(shape, bool)), 1, atol=1e-6)


def test_every_band_pixel_gets_its_full_answer_from_few_tiles():
    band = np.zeros((400, 400), bool)
    band[200, 30:370] = True
    band[10, 10] = True
    np.testing.assert_allclose(shares(band)[band], 1, atol=1e-6)
    assert len(tiles_on(band, GRID)) < len(tiles_on(np.ones_like(band), GRID)) / 2


@pytest.mark.parametrize("seed", range(20))
def test_any_band_is_covered(seed):
    rng = np.random.default_rng(seed)
    band = rng.random((rng.integers(1, 300), rng.integers(1, 300))) < 10.0 ** -rng.uniform(1, 4)
    total = shares(band)
    np.testing.assert_allclose(total[band], 1, atol=1e-5)
    assert total.max() <= 1 + 1e-5


def test_a_lonely_pixel_lies_in_the_middle_of_its_tile():
    band = np.zeros((400, 400), bool)
    band[200, 250] = True
    for tile in tiles_on(band, GRID):
        assert abs(tile.x + 32 - 250) <= 1


def test_no_band_no_tiles():
    assert tiles_on(np.zeros((100, 100), bool), GRID) == []


def tile_at(y, x):
    return Tile(y, x, np.ones(64, np.float32))


@pytest.mark.parametrize("corner", [(-12, -12), (0, 0), (70, 40), (90, 90)])
def test_read_and_add_are_inverse_inside_the_picture(corner):
    picture = np.random.default_rng(0).random((100, 110)).astype(np.float32)
    tile = tile_at(*corner)
    piece = read_tile(picture, tile, GRID)
    assert piece.shape == (64, 64)
    canvas = np.zeros_like(picture)
    add_tile(canvas, piece, tile, GRID)
    y0, x0 = max(0, corner[0]), max(0, corner[1])
    y1, x1 = min(100, corner[0] + 64), min(110, corner[1] + 64)
    np.testing.assert_array_equal(canvas[y0:y1, x0:x1], picture[y0:y1, x0:x1])
    assert canvas.sum() == pytest.approx(picture[y0:y1, x0:x1].sum(), rel=1e-5)


def test_beyond_the_picture_its_edge_repeats():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    piece = read_tile(picture, tile_at(-3, -3), GRID)
    np.testing.assert_array_equal(piece[0, 0], picture[0, 0])
    np.testing.assert_array_equal(piece[-1, -1], picture[1, 1])


def test_batches_hold_everything_in_order():
    tiles = [tile_at(i, 0) for i in range(7)]
    groups = list(batches(tiles, 3))
    assert [len(g) for g in groups] == [3, 3, 1]
    assert [t for g in groups for t in g] == tiles
