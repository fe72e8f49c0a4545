"""What results are called: a template such as ``{stem}.cutout``, filled with the parts of the input's name."""

from __future__ import annotations

import re
import string
from pathlib import PurePath

from tress.errors import InputError

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".tif", ".tiff"}
    | {".bmp", ".dib", ".gif", ".avif", ".heic", ".heif", ".hif"}
)
"""Suffixes, in lower case, that a walk through a folder picks up, and that make ``-o`` the name of a file."""

_FIELDS = ("stem", "ext")
_HINT = "use {stem} for the input's name without its suffix and {ext} for its suffix, as in {stem}-{ext}.cutout"


def picture_stem(name: str) -> str:
    """A file name without a picture suffix; ``page.001`` and ``page.002`` are two names."""
    path = PurePath(name)
    return path.stem if path.suffix.lower() in PICTURE_SUFFIXES else path.name


class NameTemplate:
    """The name of a result without its suffix.

    Args:
        text: holds ``{stem}``, perhaps ``{ext}`` (the input's suffix without its dot), and any other characters that a
            file name may have.

    Raises:
        InputError: ``name_template``.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = _read(text)
        if "stem" not in {field for _, field in self._parts}:
            raise _wrong(text, "{stem} is missing, so that all results would be called alike")
        if any(character in text for character in "/\\\0"):
            raise _wrong(text, "a name cannot hold a slash")
        if text.startswith("."):
            raise _wrong(text, "it begins with a dot, so that results would be hidden")
        self._pattern = self._compiled()

    def name(self, file_name: str, extension: str) -> str:
        """The result's name.

        Args:
            file_name: of the input, without folders.
            extension: of the result, with its dot.
        """
        stem = picture_stem(file_name)
        values = {"stem": stem, "ext": file_name[len(stem) + 1 :]}
        return "".join(literal + values.get(field, "") for literal, field in self._parts) + extension

    def source_stem(self, stem: str) -> str | None:
        """The stem of the input whose result is called ``stem``; None if that is no name of a result.

        Without anything but fields in the template, every name could be one, and none is taken for it.
        """
        if self._pattern is None:
            return None
        found = self._pattern.fullmatch(stem)
        return found["stem"] if found else None

    def _compiled(self) -> re.Pattern[str] | None:
        if not any(literal for literal, _ in self._parts):
            return None
        suffixes = "|".join(suffix[1:] for suffix in sorted(PICTURE_SUFFIXES))
        fields = {"stem": "(?P<stem>.+)", "ext": f"(?:{suffixes})", "": ""}
        seen: set[str] = set()
        pattern = ""
        for literal, field in self._parts:
            repeated = field == "stem" and field in seen
            pattern += re.escape(literal) + ("(?P=stem)" if repeated else fields[field])
            seen.add(field)
        return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _read(text: str) -> list[tuple[str, str]]:
    """Pairs of literal text and the field behind it; the last field is empty if the text ends in a literal."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise _wrong(text, str(error)) from None
    for _, field, spec, conversion in parsed:
        if field is not None and (field not in _FIELDS or spec or conversion):
            raise _wrong(text, f"there is no {{{field}}}")
    return [(literal, field or "") for literal, field, _, _ in parsed]


def _wrong(text: str, why: str) -> InputError:
    return InputError("name_template", f"the name {text!r} cannot be used: {why}", hint=_HINT)


BESIDE = NameTemplate("{stem}.cutout")
"""Results that lie beside their inputs."""
PLAIN = NameTemplate("{stem}")
"""Results in a folder of their own."""
