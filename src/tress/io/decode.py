"""From the bytes of any supported picture to upright sRGB pixels.

Pillow's decoders are called directly instead of through ``Image.open``: the format comes from the file's first bytes,
and the pixel limit is ours alone, checked on the header before any pixel is decoded.  Nothing of Pillow's global state
is read or changed, so a host program and other threads keep theirs.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from tress.arrays import Alpha, Rgb8
from tress.errors import InputError
from tress.io import containers, exif
from tress.io.colour import to_srgb
from tress.io.exif import Metadata

Source: TypeAlias = "bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO"

# Small enough to stay below any pixel limit that a host program may have given Pillow.
_STRIP_PX = 1 << 16
_MEGA = 1_000_000


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright and in sRGB.

    Attributes:
        pixels: ``(H, W, 3)`` uint8, sRGB, RGB order, straight (not premultiplied).
        alpha: ``(H, W)`` float32 in [0, 1], or None when the file is opaque everywhere.
        dpi: horizontal and vertical dots per inch of the upright picture, or None.
        metadata: EXIF and XMP to hand on, orientation already reset.
        format: what the file is, in lower case: jpeg, png, webp, tiff, bmp, gif, avif or heic.
        warnings: what could not be honoured, in whole sentences; usually empty.
    """

    pixels: Rgb8
    alpha: Alpha | None
    dpi: tuple[float, float] | None
    metadata: Metadata
    format: str
    warnings: tuple[str, ...] = ()


class _Jpeg(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Leaves EXIF alone: ``tress.io.exif`` reads it, without Python warnings for a damaged block."""


class _Tiff(TiffImagePlugin.TiffImageFile):
    def load_prepare(self) -> None:
        """As in Pillow, without its own pixel limit: ours was checked before."""
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size).im
        ImageFile.ImageFile.load_prepare(self)


def decode(source: Source, *, max_megapixels: float = 100.0) -> Picture:
    """Decodes JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and HEIC; of several frames or pages the first.

    EXIF orientation is applied, ICC profiles are converted (``tress.io.colour`` says how), 1-bit, 16-bit, grey,
    palette, CMYK, Lab and premultiplied files are understood.  Colours deeper than 8 bits keep their high byte, grey
    is rounded.  Grey float TIFF must lie in [0, 1] and is taken as sRGB-encoded.

    Args:
        source: the file's bytes, its path, or a binary file object, which is read from its start and stays open.
        max_megapixels: the limit on width x height, in millions; may be ``math.inf``.

    Raises:
        InputError: ``path_missing``, ``path_is_directory``, ``path_no_permission``, ``path_invalid``,
            ``file_unreadable``, ``file_empty``, ``not_a_picture``, ``picture_unsupported``, ``picture_zero_sized``,
            ``picture_too_large``, ``picture_truncated``, ``picture_corrupt``, ``out_of_memory``, ``source_type``.
    """
    with _opened(source) as file:
        head, kind = _identify(file)
        try:
            if kind == "webp" and (canvas := containers.webp_canvas(head)):
                check_pixel_limit(*canvas, max_megapixels=max_megapixels)
            image = _decoder(kind)(file)
            check_pixel_limit(*image.size, max_megapixels=max_megapixels)
            if kind == "jpeg":
                _check_scans(file)
            return _picture(image, kind)
        except InputError:
            raise
        except MemoryError as error:
            raise InputError(
                "out_of_memory", "there is not enough memory for this picture", hint="use a smaller picture"
            ) from error
        except Exception as error:  # decoders answer hostile bytes with every kind of exception
            _explain(error, file, kind, head)


def read_size(source: Source) -> tuple[int, int]:
    """Width and height in pixels as the file's header says, before any rotation; no pixel is decoded.

    Raises:
        InputError: as ``decode``, for what the header already shows.
    """
    with _opened(source) as file:
        head, kind = _identify(file)
        try:
            width_px, height_px = _decoder(kind)(file).size
            return width_px, height_px
        except Exception as error:  # decoders answer hostile bytes with every kind of exception
            _explain(error, file, kind, head)


def _identify(file: BinaryIO) -> tuple[bytes, str]:
    """The file's first bytes and what it is by them; it is at its start again afterwards."""
    try:
        head = file.read(containers.HEAD_BYTES)
    except OSError as error:
        raise _unreadable(error) from error
    if not isinstance(head, bytes):
        raise InputError("source_type", "the file object gives text", hint="open it in binary mode")
    kind = containers.identify(head)
    file.seek(0)
    return head, kind


def check_pixel_limit(width_px: int, height_px: int, *, max_megapixels: float) -> None:
    """Raises InputError ``picture_too_large`` when the picture has more than ``max_megapixels`` million pixels."""
    if not max_megapixels > 0:
        raise InputError("option_range", f"the pixel limit must be positive but is {max_megapixels:g} megapixels")
    if width_px * height_px > max_megapixels * _MEGA:
        size = width_px * height_px / _MEGA
        raise InputError(
            "picture_too_large",
            f"the picture is {width_px}x{height_px} pixels ({size:.1f} megapixels); "
            f"the limit is {max_megapixels:g} megapixels",
            hint="make it smaller, or raise the limit with --max-megapixels",
        )


def _check_scans(file: BinaryIO) -> None:
    position = file.tell()
    file.seek(0)
    containers.check_jpeg_scans(file.read())
    file.seek(position)


@contextmanager
def _opened(source: Any) -> Iterator[BinaryIO]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        with io.BytesIO(source) as file:
            yield file
    elif isinstance(source, (str, os.PathLike)):
        with _open_path(source) as file:
            yield file
    elif hasattr(source, "read"):
        if hasattr(source, "seekable") and source.seekable():
            source.seek(0)
            yield source
            return
        content = source.read()
        if not isinstance(content, bytes):
            raise InputError("source_type", "the file object gives text", hint="open it in binary mode")
        with io.BytesIO(content) as file:
            yield file
    else:
        raise InputError("source_type", f"cannot read a picture from {type(source).__name__}")


@contextmanager
def _open_path(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    name = os.fspath(path)
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below, after the errors of opening are told apart
    except FileNotFoundError as error:
        hint = "tress reads files; download it first" if "://" in name else "check the name and the folder"
        raise InputError("path_missing", f"{name} does not exist", hint=hint) from error
    except IsADirectoryError as error:
        raise InputError("path_is_directory", f"{name} is a folder, not a picture") from error
    except PermissionError as error:
        if os.path.isdir(name):  # what Windows says of a folder
            raise InputError("path_is_directory", f"{name} is a folder, not a picture") from error
        raise InputError("path_no_permission", f"no permission to read {name}") from error
    except ValueError as error:
        raise InputError("path_invalid", f"{name!r} cannot be a file name: {error}") from error
    except OSError as error:
        raise _unreadable(error) from error
    with file:
        if file.seekable():
            yield file
        else:
            yield io.BytesIO(file.read())


def _unreadable(error: OSError) -> InputError:
    return InputError("file_unreadable", f"the file cannot be read: {error.strerror or error}")


def _decoder(kind: str) -> Any:
    if kind == "heic":
        import pillow_heif

        return pillow_heif.HeifImageFile
    return {
        "jpeg": _Jpeg,
        "png": PngImagePlugin.PngImageFile,
        "webp": WebPImagePlugin.WebPImageFile,
        "tiff": _Tiff,
        "bmp": BmpImagePlugin.BmpImageFile,
        "gif": GifImagePlugin.GifImageFile,
        "avif": AvifImagePlugin.AvifImageFile,
    }[kind]


def _explain(error: Exception, file: BinaryIO, kind: str, head: bytes) -> NoReturn:
    if containers.is_zero_sized(head, kind):
        raise InputError(
            "picture_zero_sized", "the picture has no pixels: its width or height is zero", hint="get the file again"
        ) from error
    message = str(error)
    if any(word in message for word in ("unknown pixel mode", "Unsupported", "unsupported", "not available")):
        raise InputError(
            "picture_unsupported",
            f"this kind of {kind.upper()} is not supported: {message}",
            hint="convert it to an 8-bit PNG, JPEG or TIFF first",
        ) from error
    if isinstance(error, Image.DecompressionBombError):
        raise InputError("picture_too_large", f"the {kind.upper()} decoder refuses this size: {message}") from error
    if containers.is_cut_short(file, kind):
        raise InputError(
            "picture_truncated",
            f"the {kind.upper()} file ends too early",
            hint="it was not copied or downloaded completely; get it again",
        ) from error
    raise InputError(
        "picture_corrupt",
        f"the {kind.upper()} file is damaged: {message or type(error).__name__}",
        hint="open it in another program and save it again, or get it again",
    ) from error


def _has_more_frames(image: ImageFile.ImageFile, kind: str) -> bool:
    """Whether frames or pages are left out; the extra pictures of JPEG and HEIC are previews and maps, not frames."""
    if kind in ("jpeg", "heic"):
        return False
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # a torn second frame, of which nothing is needed
        return False


def _picture(image: ImageFile.ImageFile, kind: str) -> Picture:
    warnings = []
    if _has_more_frames(image, kind):
        warnings.append("the file has several frames or pages; only the first is used")
    deep = kind == "png" and any(str(tile[3]).endswith("16B") for tile in image.tile)
    image.load()
    if kind == "tiff":
        # Pillow has turned the pixels already.
        own_exif, turn = exif.from_descriptive_tags(image.tag_v2), 1  # type: ignore[attr-defined]
    else:
        own_exif = exif.bare(image.info.get("exif"))
        turn = exif.orientation(own_exif)
    if kind == "jpeg" and image.info.get("exif") and own_exif is None:
        warnings.append("the EXIF block is damaged and was ignored")
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    metadata = Metadata(exif.upright_exif(own_exif), exif.upright_xmp(xmp))
    dpi = exif.sane_dpi(image.info.get("dpi")) or exif.dpi(own_exif)
    profile = image.info.get("icc_profile")

    plain = _to_eight_bits(image, is_deep_colour=deep, warnings=warnings)
    del image
    alpha = None
    if plain.mode in ("LA", "RGBA"):
        channel = plain.getchannel("A")
        plain = plain.convert("L" if plain.mode == "LA" else "RGB")
        if channel.getextrema() != (255, 255):
            alpha = _upright_alpha(channel, turn)
    plain, warning = to_srgb(plain, profile)
    if warning:
        warnings.append(warning)
    if dpi and turn >= 5:
        dpi = dpi[::-1]
    return Picture(_upright_rgb(plain, turn), alpha, dpi, metadata, kind, tuple(warnings))


def _to_eight_bits(image: Image.Image, *, is_deep_colour: bool, warnings: list[str]) -> Image.Image:
    """A loaded picture as mode L, LA, RGB, RGBA, CMYK or LAB; straight alpha."""
    if image.mode.startswith("I;16"):
        return _from_grey16(image)
    if image.mode == "F":
        return _from_float(image)
    if image.mode == "I":
        raise InputError(
            "picture_unsupported",
            "32-bit and signed integer pixels are not supported",
            hint="save it with 8 or 16 bits",
        )
    if is_deep_colour and image.mode == "RGB" and "transparency" in image.info:
        # The key is a 16-bit colour, which the 8 bits that are left of it cannot be compared with.
        del image.info["transparency"]
        warnings.append("the transparent colour of a 16-bit PNG was ignored")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB") and "transparency" not in image.info:
        return image
    if image.mode in ("La", "RGBa"):
        return image.convert(image.mode.upper())
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _is_white_zero(image: Image.Image) -> bool:
    return isinstance(image, _Tiff) and image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0


def _from_grey16(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    is_12_bit = isinstance(image, _Tiff) and image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE) == (12,)
    white = 4095 if is_12_bit else 65535
    table = np.minimum(np.round(np.arange(65536) * (255 / white)), 255).astype(np.uint8)
    grey = Image.fromarray((table[::-1] if _is_white_zero(image) else table)[values])
    key = image.info.get("transparency")
    if isinstance(key, int):
        grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return grey


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


def _upright_view(upright: npt.NDArray, turn: int) -> npt.NDArray:
    """A view of the upright array in which the pixels lie as in the file; ``turn`` is the EXIF orientation."""
    stored = upright.swapaxes(0, 1) if turn >= 5 else upright
    if turn in (3, 4, 6, 7):
        stored = stored[::-1]
    if turn in (2, 3, 7, 8):
        stored = stored[:, ::-1]
    return stored


def _strips(image: Image.Image) -> Iterator[tuple[slice, npt.NDArray[np.uint8]]]:
    """A picture's pixels a few rows at a time: as one array it would be in memory three times."""
    rows = max(1, _STRIP_PX // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield slice(top, bottom), np.asarray(image.crop((0, top, image.width, bottom)))


def _upright_shape(image: Image.Image, turn: int) -> tuple[int, int]:
    return (image.width, image.height) if turn >= 5 else (image.height, image.width)


def _upright_rgb(image: Image.Image, turn: int) -> Rgb8:
    pixels = np.empty((*_upright_shape(image, turn), 3), np.uint8)
    stored = _upright_view(pixels, turn)
    for rows, strip in _strips(image):
        stored[rows] = strip[..., None] if strip.ndim == 2 else strip
    return pixels


def _upright_alpha(channel: Image.Image, turn: int) -> Alpha:
    alpha = np.empty(_upright_shape(channel, turn), np.float32)
    stored = _upright_view(alpha, turn)
    for rows, strip in _strips(channel):
        np.divide(strip, np.float32(255), out=stored[rows])
    return alpha
