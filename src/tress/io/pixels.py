"""Decoded pixels of every mode and depth to 8-bit sRGB and alpha."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, TiffImagePlugin

from tress.errors import InputError
from tress.io.colour import lab_to_srgb8, shaped, to_srgb
from tress.io.formats.outline import Outline, Samples
from tress.io.formats.tiff_image import Tiff
from tress.io.icc import read_shaper

Array: TypeAlias = "npt.NDArray[np.uint8] | npt.NDArray[np.uint16]"
_PIECE_PX = 1 << 18


@dataclass
class Loaded:
    """Pixels as they lie in the file.

    Attributes:
        image: of mode L or RGB, in sRGB.
        alpha: of mode L; None where everything is opaque.
        warnings: what could not be honoured.
    """

    image: Image.Image
    alpha: Image.Image | None
    warnings: list[str] = field(default_factory=list)


def load(image: ImageFile.ImageFile | None, outline: Outline) -> Loaded:
    """Decodes the pixels, converts their colours, and leaves out what is not to be shown.

    Args:
        image: the opened file; None where ``outline.samples`` reads the pixels.
        outline: what is known of it.

    Raises:
        InputError: ``picture_unsupported``, ``picture_range``.
    """
    if image is not None:
        image.load()
    samples = outline.samples or _deep_grey(image)
    loaded = _from_samples(samples, outline) if samples else _from_image(image, outline)
    if outline.covered:
        alpha = loaded.alpha or Image.new("L", loaded.image.size, 255)
        inside = alpha.crop(outline.covered)
        loaded.alpha = Image.new("L", loaded.image.size, 0)
        loaded.alpha.paste(inside, outline.covered)
    if outline.aperture:
        loaded.image = loaded.image.crop(outline.aperture)
        loaded.alpha = loaded.alpha.crop(outline.aperture) if loaded.alpha else None
    if loaded.alpha is not None and loaded.alpha.getextrema() == (255, 255):
        loaded.alpha = None
    return loaded


def _from_image(image: ImageFile.ImageFile | None, outline: Outline) -> Loaded:
    assert image is not None
    if outline.clear_grey is not None:
        image.info["transparency"] = outline.clear_grey
    profile = outline.icc or image.info.get("icc_profile")
    plain, alpha = _to_eight_bits(image), None
    if plain.mode in ("LA", "RGBA"):
        alpha = plain.getchannel("A")
        plain = plain.convert("L" if plain.mode == "LA" else "RGB")
    told = outline.colour
    if told is None or plain.mode not in ("L", "RGB"):
        plain, warning = to_srgb(plain, profile)
    else:
        plain, warning = shaped(plain, told.shaper()), told.warning
    return Loaded(plain if plain.mode in ("L", "RGB") else plain.convert("RGB"), alpha, [warning] if warning else [])


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """A loaded picture as mode L, LA, RGB, RGBA, CMYK or LAB; straight alpha."""
    if image.mode == "F":
        return _from_float(image)
    if image.mode == "I":
        raise InputError(
            "picture_unsupported",
            "32-bit and signed integer pixels are not supported",
            hint="save it with 8 or 16 bits",
        )
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB") and "transparency" not in image.info:
        return image
    if image.mode in ("La", "RGBa"):
        return image.convert(image.mode.upper())
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _is_white_zero(image: Image.Image) -> bool:
    return isinstance(image, Tiff) and image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0


def _from_float(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if not (values.min() >= 0 and values.max() <= 1):  # also false for NaN
        raise InputError(
            "picture_range",
            f"the float pixels lie in [{values.min():g}, {values.max():g}]; only [0, 1] has a known meaning",
            hint="scale them to [0, 1], or save the picture with 8 or 16 bits",
        )
    if _is_white_zero(image):
        values = 1 - values
    return Image.fromarray(np.round(values * np.float32(255)).astype(np.uint8))


def _deep_grey(image: Image.Image | None) -> Samples | None:
    """The samples of a loaded grey picture of 12 or 16 bits."""
    if image is None or not image.mode.startswith("I;16"):
        return None
    is_12_bit = isinstance(image, Tiff) and image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE) == (12,)
    key = image.info.get("transparency")

    def read() -> npt.NDArray[np.uint16]:
        values: npt.NDArray[np.uint16] = np.asarray(image).astype(np.uint16, copy=False)
        if is_12_bit:
            # To sixteen bits, so that white stays white.
            values = np.bitwise_or(values << 4, values >> 8, dtype=np.uint16)
        return values[..., None]

    return Samples(read, "grey", inverted=_is_white_zero(image), key=(key,) if isinstance(key, int) else None)


def _from_samples(samples: Samples, outline: Outline) -> Loaded:
    pixels: Any = samples.read()
    channels = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}[samples.colour]
    colours, alpha = pixels[..., :channels], None
    if samples.alpha_at is not None:
        opacity = pixels[..., samples.alpha_at]
        alpha = Image.fromarray(_eight_bits(opacity))
        if samples.premultiplied:
            colours = _straight(colours, opacity)
    elif samples.key is not None:
        is_clear = (colours == np.array(samples.key, colours.dtype)).all(axis=-1)
        alpha = Image.fromarray(np.where(is_clear, 0, 255).astype(np.uint8))
    if samples.inverted:
        colours = np.invert(colours)
    if samples.colour == "lab":
        return Loaded(Image.fromarray(lab_to_srgb8(colours)), alpha)
    told = outline.colour if samples.colour in ("grey", "rgb") else None
    profile = None if told else outline.icc
    warnings = [told.warning] if told and told.warning else []
    shaper = told.shaper() if told else read_shaper(profile) if profile else None
    if shaper is not None and samples.colour == "grey" and (told or shaper.to_xyz is None):
        return Loaded(Image.fromarray(shaper.for_grey().apply(colours[..., 0])), alpha, warnings)
    if shaper is not None and samples.colour in ("grey", "rgb") and shaper.to_xyz is not None:
        rgb = colours if samples.colour == "rgb" else np.repeat(colours, 3, axis=-1)
        return Loaded(Image.fromarray(shaper.apply(rgb)), alpha, warnings)
    plain, warning = to_srgb(_as_image(_eight_bits(colours)), profile)
    return Loaded(plain, alpha, [*warnings, *([warning] if warning else [])])


def _as_image(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    """``(H, W, C)`` as mode L, RGB or CMYK."""
    if pixels.shape[2] == 4:
        return Image.frombytes("CMYK", (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _pieces(pixels: npt.NDArray) -> Iterator[slice]:
    """Rows of a large array, a few at a time, so that what is worked out on the way stays small."""
    rows = max(1, _PIECE_PX // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        yield slice(top, top + rows)


def _eight_bits(pixels: npt.NDArray) -> npt.NDArray[np.uint8]:
    """Rounded, not cut."""
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    result = np.empty(pixels.shape, np.uint8)
    for rows in _pieces(pixels):
        result[rows] = (pixels[rows].astype(np.uint32) + 128) // 257
    return result


def _straight(colours: Array, opacity: Array) -> Array:
    """Colours that are no longer multiplied by their opacity."""
    most = np.iinfo(colours.dtype).max
    result = np.empty(colours.shape, colours.dtype)
    for rows in _pieces(colours):
        share = np.maximum(opacity[rows], 1)[..., None].astype(np.float32) / np.float32(most)
        result[rows] = np.minimum(colours[rows] / share + np.float32(0.5), most)
    return result
