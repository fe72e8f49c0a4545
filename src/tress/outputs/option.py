"""What an output option is.  Each is declared once; flag, HTTP field, page form and docs are derived from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")


class Kind(Generic[T]):
    """The type of an option: how text becomes a value, and how the type is described.

    Attributes:
        metavar: placeholder in the command line's help.
        takes_file: a picture file may be given in place of text (a path on the command line, an upload over HTTP).
    """

    metavar: str = "TEXT"
    takes_file: bool = False

    def read(self, text: str) -> T:
        """Turns text into a value.

        Raises:
            ValueError: it cannot be understood; the message completes "NAME is 'TEXT', but it must be ...".
        """
        raise NotImplementedError

    def read_other(self, value: object) -> T:
        """Turns what is not text (a JSON number, uploaded bytes, a ready value) into a value.

        Raises:
            ValueError: as ``read``.
        """
        return self.read(str(value))

    def check(self, value: T) -> None:
        """Raises ValueError, as ``read`` does, for a ready value that is out of range."""

    def schema(self) -> dict[str, Any]:
        """JSON schema of the text (or JSON) form."""
        return {"type": "string"}

    def show(self, value: T) -> str:
        """The text that ``read`` turns into ``value``; empty for unset."""
        return "" if value is None else str(value)


class Flag(Kind[bool]):
    """Yes or no."""

    metavar = ""

    def read(self, text: str) -> bool:
        """Understands true/false, yes/no, on/off, 1/0."""
        word = text.lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        raise ValueError("true or false")

    def schema(self) -> dict[str, Any]:
        """A JSON boolean."""
        return {"type": "boolean"}

    def show(self, value: bool) -> str:
        """``true`` or ``false``."""
        return "true" if value else "false"


@dataclass(frozen=True)
class Number(Kind[T]):
    """A number between two limits (both allowed).  ``None`` as the option's default stands for unset."""

    low: float
    high: float
    integer: bool = False
    unit: str = ""
    metavar: str = "N"

    def read(self, text: str) -> T:
        """Reads a plain decimal number; a unit may follow."""
        plain = text.lower().removesuffix(self.unit).strip()
        try:
            value: Any = int(plain) if self.integer else float(plain)
        except ValueError:
            raise ValueError(self._wanted()) from None
        self.check(value)
        return value

    def read_other(self, value: object) -> T:
        """To JSON 2.0 is a whole number."""
        return self.read(str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))

    def check(self, value: T) -> None:
        """Raises ValueError unless the value is unset or within the limits."""
        if value is None:
            return
        right_type = isinstance(value, int if self.integer else (int, float)) and not isinstance(value, bool)
        # A comparison that is also false for NaN.
        if not (right_type and self.low <= value <= self.high):  # type: ignore[operator]
            raise ValueError(self._wanted())

    def schema(self) -> dict[str, Any]:
        """A JSON number with limits."""
        return {"type": "integer" if self.integer else "number", "minimum": self.low, "maximum": self.high}

    def show(self, value: T) -> str:
        """Without a needless ``.0``."""
        return "" if value is None else f"{value:g}"

    def _wanted(self) -> str:
        kind = "a whole number" if self.integer else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}" + (f" ({self.unit})" if self.unit else "")


@dataclass(frozen=True)
class Choice(Kind[str]):
    """One of a few words; an alias stands for another word."""

    words: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def metavar(self) -> str:  # type: ignore[override]
        """The words, as ``a|b|c``."""
        return "|".join(self.words)

    def read(self, text: str) -> str:
        """Understands the words and aliases in any case."""
        word = self.aliases.get(text.lower(), text.lower())
        self.check(word)
        return word

    def check(self, value: str) -> None:
        """Raises ValueError unless the value is one of the words."""
        if value not in self.words:
            raise ValueError(f"one of {', '.join(self.words)}")

    def schema(self) -> dict[str, Any]:
        """A JSON string with an enumeration."""
        return {"type": "string", "enum": [*self.words, *self.aliases]}


@dataclass(frozen=True)
class Option(Generic[T_co]):
    """One declared option.

    Attributes:
        name: field of OutputOptions, HTTP field; the flag is ``--name`` with dashes.
        default: value when unset.
        kind: its type.
        help: one or two sentences for the command line, the HTTP schema, the page and the docs.
        group: heading it stands under.
        examples: texts worth trying.
    """

    name: str
    default: T_co
    kind: Kind[Any]
    help: str
    group: str
    examples: tuple[str, ...] = ()

    def field(self) -> T_co:
        """The dataclass field that carries this declaration."""
        declared: Any = dataclasses.field(default=self.default, metadata={"option": self})
        return declared

    @property
    def flag(self) -> str:
        """On the command line, such as ``--keep-metadata``; an option that is on by default has its ``--no-`` form."""
        dashed = self.name.replace("_", "-")
        return f"--no-{dashed}" if self.default is True else f"--{dashed}"

    @property
    def default_text(self) -> str:
        """The default in its text form; empty for unset."""
        return self.kind.show(self.default)
