"""The parameters of remove.bg's contract: what each may be, and which output options it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tress.errors import InputError
from tress.outputs import OutputOptions, parse
from tress.outputs.option import FALSE_WORDS, TRUE_WORDS

SIZES = {
    "preview": 0.25,
    "small": 0.25,
    "regular": 0.25,
    "medium": 1.5,
    "hd": 4.0,
    "full": 25.0,
    "4k": 25.0,
    "auto": 25.0,
    "50mp": 50.0,
}
"""Accepted sizes and the megapixels that the result has at most."""
PNG_MEGAPIXELS = 10.0
TYPES = (
    *("auto", "person", "product", "animal", "car", "car_interior", "car_part"),
    *("transportation", "graphics", "graphic", "other"),
)
TYPE_LEVELS = ("none", "1", "2", "latest")
FORMATS = ("auto", "png", "jpg", "webp", "zip")
CHANNELS = ("rgba", "alpha")
SHADOWS = {"auto": "drop", "drop": "drop", "car": "contact", "3d": "contact", "none": "none"}
SHADOW_METHODS = ("latest", "legacy")
_MAX_MARGIN_PERCENT, _MAX_MARGIN_PX = 50, 500
_MIN_SCALE_PERCENT = 10
_HEX = re.compile(r"[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}")
_COORDINATE = re.compile(r"(\d{1,9}(?:\.\d+)?)(px|%)?")


@dataclass(frozen=True)
class Parameters:
    """A request in remove.bg's words, checked.

    Attributes:
        options: what they mean here.
        format: of the answer; ``auto`` is decided by the finished picture.
        type: what to answer in ``X-Type``; empty for no such header.
    """

    options: OutputOptions
    format: str
    type: str


def read_parameters(texts: Mapping[str, str], background: bytes | None) -> Parameters:
    """Checks the parameters of a request.

    Args:
        texts: parameter to text; unset ones are missing.  Unknown ones are ignored, as remove.bg does.
        background: picture to stand on, from ``bg_image_file`` or ``bg_image_url``.

    Raises:
        InputError: with the contract's code, such as ``invalid_size``.
    """
    size = _word("size", texts.get("size", "preview").lower(), tuple(SIZES), SIZES)
    image_format = _word("format", texts.get("format", "auto").lower(), FORMATS)
    alpha_only = _word("channels", texts.get("channels", "rgba").lower(), CHANNELS) == "alpha"
    kind = _word("type", texts.get("type", "auto").lower(), TYPES)
    level = _word("type_level", texts.get("type_level", "1").lower(), TYPE_LEVELS)
    _boolean(texts, "semitransparency", default=True)
    values: dict[str, object] = {}
    if alpha_only:
        values["mask"] = True
    else:
        values["shadow"] = _shadow(texts)
        values["background"] = background or _background(texts)
    if _boolean(texts, "crop", default=False):
        values["crop"] = True
        values["margin"] = _margin(texts.get("crop_margin", ""))
    elif "crop_margin" in texts:
        _margin(texts["crop_margin"])
    values["scale"] = _scale(texts.get("scale", "original"))
    values["position"] = _same("position", texts.get("position", ""))
    opaque = parse(values).opaque
    if image_format == "jpg" and not opaque:
        values["background"] = values.get("background") or "white"
    if image_format == "png" or (image_format == "auto" and not opaque):
        size = min(size, PNG_MEGAPIXELS)
    values["size"] = f"{size:g}mp"
    detected = "other" if kind == "auto" else kind
    if "roi" in texts:
        values["region"] = _region(texts["roi"])
    return Parameters(parse(values), image_format, "" if level == "none" else detected)


def _invalid(name: str, detail: str) -> InputError:
    return InputError(f"invalid_{name}", f"Invalid {name} parameter given", hint=detail)


def _word(name: str, text: str, words: tuple[str, ...], values: Mapping[str, Any] | None = None) -> Any:
    if text not in words:
        raise _invalid(name, f"Expected one of {', '.join(words)}")
    return values[text] if values else text


def _boolean(texts: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = texts.get(name, "").lower()
    if not text:
        return default
    if text not in (*TRUE_WORDS, *FALSE_WORDS):
        raise _invalid(name, "Expected true or false")
    return text in TRUE_WORDS


def _same(name: str, text: str) -> str:
    """The text itself, if the output option of the same name understands it."""
    try:
        parse({name: text})
    except InputError as error:
        raise _invalid(name, error.message) from None
    return text


def _shadow(texts: Mapping[str, str]) -> str:
    wanted = _boolean(texts, "add_shadow", default=False)
    _word("shadow_method", texts.get("shadow_method", "latest").lower(), SHADOW_METHODS)
    shape: str = _word("shadow_type", texts.get("shadow_type", "auto").lower(), tuple(SHADOWS), SHADOWS)
    return shape if wanted or "shadow_type" in texts else "none"


def _background(texts: Mapping[str, str]) -> str:
    text = texts.get("bg_color", "").strip()
    colour = f"#{text}" if _HEX.fullmatch(text) else text
    try:
        if not text.lower().startswith("blur"):
            parse({"background": colour})
            return colour
    except InputError:
        pass
    raise _invalid("bg_color", "Expected a hexadecimal colour such as 81d4fa, or a name such as green")


def _margin(text: str) -> str:
    if not text:
        return ""
    try:
        margin = parse({"crop": True, "margin": text}).margin
    except InputError as error:
        raise _invalid("crop_margin", error.message) from None
    for length in (margin.top, margin.right, margin.bottom, margin.left):
        if length.value > (_MAX_MARGIN_PERCENT if length.percent else _MAX_MARGIN_PX):
            raise _invalid("crop_margin", "At most 50% or 500px on each side")
    if len(text.split()) == 3:
        raise _invalid("crop_margin", "Expected one, two or four values")
    return text


def _scale(text: str) -> str:
    if text.lower() == "original":
        return ""
    if not text.endswith("%"):
        raise _invalid("scale", "Expected original, or a value from 10% to 100%")
    scale = parse({"scale": _same("scale", text)}).scale
    if scale is not None and scale < _MIN_SCALE_PERCENT:
        raise _invalid("scale", "Expected original, or a value from 10% to 100%")
    return text


def _region(text: str) -> str:
    parts = text.lower().split()
    if len(parts) != 4 or not all(_COORDINATE.fullmatch(part) for part in parts):
        raise _invalid("roi", "Expected two corners such as 0% 0% 100% 100% or 10px 20px 400px 300px")
    return text
