"""How long the names and values of fields may be, wherever they stand: form, JSON or query string.

What is read later may take time that grows with these lengths, and some of it happens where all requests wait.
"""

from __future__ import annotations

from tress.errors import InputError

MAX_NAME_CHARACTERS = 64
MAX_VALUE_CHARACTERS = 4096
# One character beyond ASCII makes every character of a Python text take two or four bytes.
MAX_WIDE_BYTES = 4 * MAX_VALUE_CHARACTERS


def holds_picture(name: str) -> bool:
    """Whether a field may be as long as a picture: base64, or a URL, which may be a ``data:`` one."""
    return name.endswith("_b64") or name == "url" or name.endswith("_url")


def check_name(name: str) -> None:
    """Raises InputError ``field_too_long`` if the name of a field is too long."""
    if len(name) > MAX_NAME_CHARACTERS:
        raise InputError(
            "field_too_long",
            f"the name of the field {name[:20]!r}... has {len(name)} characters",
            hint=f"names of fields have at most {MAX_NAME_CHARACTERS} characters",
        )


def check_value(name: str, length: int) -> None:
    """Raises InputError ``field_too_long`` if a value has too many characters (or so far, bytes) for its field."""
    if length > MAX_VALUE_CHARACTERS and not holds_picture(name):
        raise InputError(
            "field_too_long",
            f"the value of {name[:MAX_NAME_CHARACTERS]!r} is longer than {MAX_VALUE_CHARACTERS} characters",
            hint="send pictures as files, as base64 or as URLs, in the fields that are meant for them",
        )
