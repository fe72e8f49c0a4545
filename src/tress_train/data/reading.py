"""Reading pictures for training: a picture that is damaged is an error, never half a picture.

Colours are those the runtime sees: an embedded ICC profile is converted to sRGB by the same function.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from tress.errors import InputError
from tress.evaluation.alpha_file import alpha_of
from tress.io.colour import to_srgb
from tress.process.geometry import resize

Image = npt.NDArray[np.uint8]


def read_rgb(path: Path) -> Image:
    """``(H, W, 3)`` uint8 sRGB, upright.

    Raises:
        InputError: the file is missing, damaged or no picture.
    """
    return _read(path, "RGB")


def read_rgba(path: Path) -> Image:
    """``(H, W, 4)`` uint8 sRGB with straight alpha, upright; raises as ``read_rgb``, and if there is no alpha."""
    return _read(path, "RGBA")


def read_alpha(path: Path) -> Image:
    """``(H, W)`` uint8, upright, from a grey picture of 1, 8 or 16 bits or the fourth channel of a cut-out.

    Raises:
        InputError: as ``read_rgb``, and ``alpha_not_grey`` for a colour picture without transparency.
    """
    return _read(path, "alpha")


def has_transparency(path: Path) -> bool:
    """Whether a picture is a cut-out, by its header alone; raises as ``read_rgb``."""
    with _refusing(path), path.open("rb") as stream, Pillow.open(stream) as file:
        return bool(file.has_transparency_data)


def shrink(image: Image, long_side_px: int) -> Image:
    """Scales a grey or RGB picture down so that its long side is at most ``long_side_px``."""
    scale = long_side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    return resize(image, max(1, round(image.shape[0] * scale)), max(1, round(image.shape[1] * scale)))


def shrink_rgba(cutout: Image, long_side_px: int) -> Image:
    """As ``shrink`` for straight RGBA: colours are weighted by alpha, so that hidden ones do not bleed."""
    if max(cutout.shape[:2]) <= long_side_px:
        return cutout
    floats = cutout.astype(np.float32)
    floats[..., :3] *= floats[..., 3:] / 255
    scale = long_side_px / max(cutout.shape[:2])
    small = resize(floats, max(1, round(cutout.shape[0] * scale)), max(1, round(cutout.shape[1] * scale)))
    small[..., :3] *= 255 / np.maximum(small[..., 3:], 1)
    return np.clip(small + 0.5, 0, 255).astype(np.uint8)


def trim_clear(cutout: Image) -> Image:
    """A view of straight RGBA ``(h, w, 4)`` without the clear rows and columns at its rim, if anything is visible."""
    visible = cutout[..., 3] > 0
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    if not len(rows):
        return cutout
    return cutout[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _read(path: Path, mode: str) -> Image:
    # Given a path, Pillow maps an uncompressed TIFF into memory and forgets its orientation.
    with _refusing(path), path.open("rb") as stream, Pillow.open(stream) as file:
        file.load()
        if mode == "RGBA" and not file.has_transparency_data:
            raise InputError("alpha_missing", f"{path} has no transparency", hint="save the cut-out as RGBA")
        if file.mode.startswith("F") or (file.mode.startswith("I") and mode != "alpha"):
            raise InputError("picture_depth", f"{path} has more than 8 bits a channel", hint="convert it to 8 bit")
        upright = ImageOps.exif_transpose(file)
        return _alpha(upright, path) if mode == "alpha" else _pixels(upright, mode)


def _pixels(image: Pillow.Image, mode: str) -> Image:
    """``(H, W, 3)`` or ``(H, W, 4)`` uint8 in sRGB; pictures without a profile are taken for that."""
    plain = image.convert(mode)
    pixels = np.array(plain)
    if profile := image.info.get("icc_profile"):
        own = "L" if image.mode in ("1", "L", "LA", "La") else image.mode if image.mode in ("CMYK", "LAB") else "RGB"
        # A broken profile, or one of another kind of picture, is passed over as the runtime does.
        colours, _ = to_srgb((plain if own == "RGB" else image).convert(own), profile)
        pixels[..., :3] = np.asarray(colours.convert("RGB"))
    return pixels


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turns whatever Pillow says about a file into an InputError."""
    try:
        with warnings.catch_warnings():
            # Odd but harmless metadata is no reason to stop a training.
            warnings.simplefilter("ignore")
            yield
    except FileNotFoundError:
        raise InputError("picture_missing", f"{path} is missing") from None
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        reason = "it is no picture" if isinstance(error, UnidentifiedImageError) else str(error)
        raise InputError("picture_damaged", f"{path} cannot be read: {reason}", hint="replace or remove it") from error


def _alpha(file: Pillow.Image, path: Path) -> Image:
    # A mask saved with a fourth channel that hides nothing: what it says stands in the others.
    if file.has_transparency_data and np.asarray(file.convert("RGBA"))[..., 3].min() == 255:
        file = file.convert("RGB")
        file.info.pop("transparency", None)
    return np.rint(alpha_of(file, path).alpha * 255).astype(np.uint8)
