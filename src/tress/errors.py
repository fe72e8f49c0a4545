"""The errors of tress.  Every error has a stable ``code`` for programs and a ``hint`` that says what to do."""

from __future__ import annotations


class TressError(Exception):
    """Base of every error that tress raises on purpose.

    Args:
        code: stable machine-readable name in snake case.
        message: what is wrong, in one sentence.
        hint: what to do about it, in one sentence; may be empty.
    """

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        message, hint = printable(message), printable(hint)
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process borders (batch workers); the keyword-only hint must survive pickling.
        return _rebuild, (type(self), self.code, self.message, self.hint)


class InputError(TressError):
    """Something the caller gave is wrong: a picture, an option, a path.  CLI exit code 2, HTTP 4xx."""


class ModelError(TressError):
    """A model cannot be found, read, run, or does not fit.  CLI exit code 3, HTTP 503."""


class BusyError(TressError):
    """No capacity at the moment; try again later.  HTTP 503 with Retry-After."""


def printable(text: str) -> str:
    """Text that may come from a file or a file's name, safe for terminals, logs and headers.

    What controls a terminal, breaks a line or turns the direction of writing is shown as its escape instead.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _rebuild(kind: type[TressError], code: str, message: str, hint: str) -> TressError:
    return kind(code, message, hint=hint)
