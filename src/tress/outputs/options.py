"""All output options together: the typed record, reading it from text, and its description.

To add an option, declare it in a file of its own, give it a field here, and apply it in ``render`` or ``produce``.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tress.errors import InputError
from tress.outputs import background as _background
from tress.outputs import crop as _crop
from tress.outputs import decontaminate as _decontaminate
from tress.outputs import encoding as _encoding
from tress.outputs import feather as _feather
from tress.outputs import grow as _grow
from tress.outputs import invert as _invert
from tress.outputs import marks as _marks
from tress.outputs import mask as _mask
from tress.outputs import placement as _placement
from tress.outputs import region as _region
from tress.outputs import shadow as _shadow
from tress.outputs import size as _size
from tress.outputs.background import Background
from tress.outputs.crop import Margin
from tress.outputs.marks import MarkPicture
from tress.outputs.option import Option
from tress.outputs.picture_file import PictureFile
from tress.outputs.placement import Position
from tress.outputs.region import Region
from tress.outputs.size import Size


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """What the user asks for.  ``OutputOptions()`` is a transparent cut-out at the photo's own size.

    Every field is declared in the file of its option, which says what it means.

    Raises:
        InputError: a value is out of range, or two options exclude each other.
    """

    region: Region | None = _region.OPTION.field()
    keep: MarkPicture | None = _marks.KEEP.field()
    clear: MarkPicture | None = _marks.CLEAR.field()
    background: Background = _background.OPTION.field()
    mask: bool = _mask.OPTION.field()
    shadow: str = _shadow.OPTION.field()
    grow: float = _grow.OPTION.field()
    feather: float = _feather.OPTION.field()
    invert: bool = _invert.OPTION.field()
    decontaminate: bool = _decontaminate.OPTION.field()
    crop: bool = _crop.CROP.field()
    margin: Margin = _crop.MARGIN.field()
    size: Size = _size.OPTION.field()
    scale: float | None = _placement.SCALE.field()
    position: Position | None = _placement.POSITION.field()
    format: str = _encoding.FORMAT.field()
    quality: int | None = _encoding.QUALITY.field()
    lossless: bool = _encoding.LOSSLESS.field()
    keep_metadata: bool = _encoding.KEEP_METADATA.field()

    def __post_init__(self) -> None:
        for option in OPTIONS.values():
            value = getattr(self, option.name)
            try:
                option.kind.check(value)
            except ValueError as error:
                raise _bad_value(option, value, error) from None
        self._check_together()

    @property
    def opaque(self) -> bool:
        """Whether the result has no transparency: a mask, or a background that nothing shines through."""
        return self.mask or _background.is_opaque(self.background)

    @property
    def subject(self) -> dict[str, Any]:
        """What is said about the subject, as ``Remover.matte`` takes it; empty if nothing is."""
        said = {"region": self.region, "keep": self.keep, "clear": self.clear}
        return {name: value for name, value in said.items() if value is not None}

    @property
    def places(self) -> bool:
        """Whether the result may differ from the photo in size or in where the subject is."""
        return bool(self.crop or self.size or self.scale or self.position)

    def with_format(self, name: str) -> OutputOptions:
        """The same with format ``auto`` settled.

        Raises:
            InputError: the format cannot hold what is asked for.
        """
        return self if self.format != "auto" else dataclasses.replace(self, format=name)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the options name; they are read, never written."""
        brought = [value for value in (self.background, self.keep, self.clear) if isinstance(value, PictureFile)]
        return tuple(picture.source for picture in brought if isinstance(picture.source, Path))

    def check_files(self) -> None:
        """Raises InputError now, not after the work, if a picture that the options name cannot be read."""
        _background.check_readable(self.background)
        for marks in (self.keep, self.clear):
            if marks is not None:
                _ = marks.weights

    def _check_together(self) -> None:
        if self.format == "jpeg" and not self.opaque:
            raise InputError(
                "jpeg_transparent",
                "jpeg cannot store a transparent picture",
                hint="choose format png, webp or avif, or give a background such as white",
            )
        if self.lossless and self.quality is not None:
            raise _conflict("lossless", "quality", "leave one of them out")
        if self.format != "auto":
            if self.lossless and self.format not in _encoding.CAN_BE_LOSSLESS:
                raise _conflict(f"format {self.format}", "lossless", "choose png, webp or tiff for exact pixels")
            if self.quality is not None and self.format not in _encoding.WITH_QUALITY:
                raise _conflict(f"format {self.format}", "quality", "it stores exact pixels; leave quality out")
        if self.mask and self.background is not None:
            raise _conflict("mask", "background", "a mask has no colours; leave one of them out")
        if self.mask and self.shadow != "none":
            raise _conflict("mask", "shadow", "a mask has no shadow; leave one of them out")
        if self.margin and not self.crop:
            raise InputError(
                "option_conflict", "margin does nothing without crop", hint="add crop, or leave out margin"
            )


def _collect(options: Iterable[Option[Any]], names: Iterable[str]) -> dict[str, Option[Any]]:
    """Options by name.

    Raises:
        ValueError: two have the same name, or a field is not called as its option.
    """
    collected: dict[str, Option[Any]] = {}
    for option, name in zip(options, names, strict=True):
        if option.name in collected:
            raise ValueError(f"two output options are called {option.name!r}")
        if option.name != name:
            raise ValueError(f"the output option {option.name!r} is declared as field {name!r}")
        collected[name] = option
    return collected


# More than any value needs, the path of a file included.
_MAX_TEXT = 4096
# Of a name or value, in an error.
_SHOWN = 60
_FIELDS = dataclasses.fields(OutputOptions)
OPTIONS: dict[str, Option[Any]] = _collect([f.metadata["option"] for f in _FIELDS], [f.name for f in _FIELDS])
"""Every declared option by name, in the order of help, page and docs."""


def parse(values: Mapping[str, object], *, files: bool = False) -> OutputOptions:
    """Reads options from text, as forms, query strings and command lines give them.

    Args:
        values: option name to value.  A value is text, a JSON value (bool, int, float), the bytes of a picture, or
            a ready value.  None and empty text count as unset.
        files: text may name a picture file on this machine.  Never set this for text from a network.

    Raises:
        InputError: a name is unknown (``option_unknown``), a value cannot be understood (``option_value``), or options
            exclude each other (``option_conflict``, ``jpeg_transparent``).
    """
    read = {}
    for name, value in values.items():
        if name not in OPTIONS:
            raise _unknown(name)
        if value is not None and value != b"" and not (isinstance(value, str) and not value.strip()):
            read[name] = _read(OPTIONS[name], value, files)
    return OutputOptions(**read)


def describe() -> dict[str, Any]:
    """JSON schema of the options: an object with one property for each.

    Beyond JSON schema, every property has ``x-group`` (heading), ``x-flag`` (command line) and ``x-file`` (a picture
    may be uploaded under this name).  ``default`` is missing where unset is the default.
    """
    properties = {}
    for option in OPTIONS.values():
        schema = {**option.kind.schema(), "description": option.help, "x-group": option.group, "x-flag": option.flag}
        if option.default is not None:
            json_native = isinstance(option.default, (bool, int, float, str))
            schema["default"] = option.default if json_native else option.default_text
        if option.examples:
            schema["examples"] = list(option.examples)
        schema["x-file"] = option.kind.takes_file
        properties[option.name] = schema
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _read(option: Option[Any], value: object, files: bool) -> Any:
    try:
        if isinstance(value, str) and len(value) > _MAX_TEXT:
            raise ValueError(f"at most {_MAX_TEXT} characters long")
        if not isinstance(value, str):
            return option.kind.read_other(value)
        try:
            return option.kind.read(value.strip())
        except ValueError:
            if files and option.kind.takes_file and Path(value).is_file():
                return option.kind.read_other(Path(value))
            raise
    except ValueError as error:
        raise _bad_value(option, value, error) from None


def _bad_value(option: Option[Any], value: object, error: ValueError) -> InputError:
    shown = repr(value[:_SHOWN] if isinstance(value, str) else value)
    if not isinstance(value, (str, int, float)):
        shown = type(value).__name__
    elif isinstance(value, str) and len(value) > _SHOWN:
        shown += "..."
    return InputError("option_value", f"{option.name} is {shown}, but it must be {error}")


def _unknown(name: str) -> InputError:
    close = difflib.get_close_matches(name[:_SHOWN], OPTIONS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"options are {', '.join(OPTIONS)}"
    return InputError("option_unknown", f"there is no option {name[:_SHOWN]!r}", hint=hint)


def _conflict(first: str, second: str, hint: str) -> InputError:
    return InputError("option_conflict", f"{first} and {second} exclude each other", hint=hint)
