"""How much room the results of a plan will need, guessed from a few of its inputs."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tress.batch.store import Store, filesystem, is_remote, local_path
from tress.errors import TressError
from tress.io.decode import read_size
from tress.outputs import OutputOptions
from tress.outputs.size import Canvas, LongSide, Megapixels

# Bytes a pixel of results, as a rule of thumb: cut-outs of photos in which the subject takes up half of the picture.
_BYTES_PER_PIXEL = {"png": 1.0, "tiff": 2.0, "webp": 0.15, "avif": 0.1, "jpeg": 0.25}
_LOSSLESS_WEBP = 0.8
_SAMPLE = 24
# A header is nearly always within the first part of a file, also behind a large EXIF block.
_HEAD_BYTES = 1 << 18


@dataclass(frozen=True)
class Space:
    """Room for results.

    needed_bytes: a guess, right to within a factor of two or so; None if no sampled input could be read.
    free_bytes: at the destination; None if it does not tell.
    """

    needed_bytes: int | None
    free_bytes: int | None

    @property
    def is_short(self) -> bool:
        """The guess is larger than what is free."""
        return None not in (self.needed_bytes, self.free_bytes) and (self.needed_bytes or 0) > (self.free_bytes or 0)


def space_for(addresses: Sequence[str], options: OutputOptions, store: Store) -> Space:
    """Guesses from the headers of a few inputs.

    Args:
        addresses: of all inputs that will be worked on.
        options: what is made of them; its format is settled.
        store: the destination.
    """
    sample = addresses[:: max(1, len(addresses) // _SAMPLE)][:_SAMPLE]
    sizes = [pixels for address in sample if (pixels := _pixels(address)) is not None]
    needed = None
    if sizes:
        per_pixel = (
            _LOSSLESS_WEBP if options.lossless and options.format == "webp" else _BYTES_PER_PIXEL[options.format]
        )
        per_picture = sum(_result_pixels(pixels, options) for pixels in sizes) / len(sizes) * per_pixel
        needed = round(per_picture * len(addresses))
    return Space(needed if addresses else 0, _free_bytes(store))


def _pixels(address: str) -> int | None:
    with contextlib.suppress(TressError, OSError):
        if is_remote(address):
            fs, path = filesystem(address)
            width, height = read_size(fs.cat_file(path, start=0, end=_HEAD_BYTES))
        else:
            width, height = read_size(local_path(address))
        return width * height
    return None


def _result_pixels(pixels: int, options: OutputOptions) -> float:
    size = options.size
    if isinstance(size, Canvas):
        return size.width_px * size.height_px
    if isinstance(size, LongSide):
        return min(pixels, size.pixels**2 * 0.75)
    if isinstance(size, Megapixels):
        return min(pixels, size.megapixels * 1e6)
    return pixels


def _free_bytes(store: Store) -> int | None:
    if is_remote(store.address):
        return None
    place = Path(store.address)
    while not place.exists() and place != place.parent:
        place = place.parent
    with contextlib.suppress(OSError):
        return shutil.disk_usage(place).free
    return None
