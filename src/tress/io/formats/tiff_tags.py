"""The tags of TIFF files that matter here, by their numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Tag(IntEnum):
    """TIFF 6.0, its supplements, TIFF/EP and DNG."""

    SUBFILE_TYPE = 254
    OLD_SUBFILE_TYPE = 255
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTES = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTES = 325
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    OLD_JPEG_FIRST = 512
    OLD_JPEG_LAST = 521
    YCBCR_FIRST = 529
    YCBCR_LAST = 532
    XMP = 700
    CFA_REPEAT = 33421
    CFA_PATTERN = 33422
    ICC = 34675
    DNG_VERSION = 50706


PICTURE: Final = frozenset(
    {
        *(Tag.WIDTH, Tag.HEIGHT, Tag.BITS, Tag.COMPRESSION, Tag.PHOTOMETRIC, Tag.FILL_ORDER, Tag.STRIP_OFFSETS),
        *(Tag.SAMPLES, Tag.ROWS_PER_STRIP, Tag.STRIP_BYTES, Tag.PLANAR, Tag.T4_OPTIONS, Tag.T6_OPTIONS),
        *(Tag.PREDICTOR, Tag.COLOUR_MAP),
        *(Tag.TILE_WIDTH, Tag.TILE_HEIGHT, Tag.TILE_OFFSETS, Tag.TILE_BYTES, Tag.INK_SET, Tag.EXTRA_SAMPLES),
        *(Tag.SAMPLE_FORMAT, Tag.JPEG_TABLES),
        *range(Tag.OLD_JPEG_FIRST, Tag.OLD_JPEG_LAST + 1),
        *range(Tag.YCBCR_FIRST, Tag.YCBCR_LAST + 1),
    }
)
"""What makes pixels."""
