"""What is made of every picture of a batch, as a plan stores it: options, model, and how they are told apart."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tress.api import REFINER
from tress.catalog import resolve
from tress.io.limits import MAX_MEGAPIXELS
from tress.outputs import OPTIONS, OutputOptions, parse
from tress.outputs.picture_file import PictureFile


@dataclass(frozen=True)
class Settings:
    """What is made, and with which networks.

    Attributes:
        options: as for ``tress cut``; format ``auto`` is png.
        model: name in the catalogue or path of an ONNX file.
        refine: work out soft edges at full resolution.
        device: where to run; what is made does not depend on it.
        max_megapixels: larger pictures are refused before they are decoded.
    """

    options: OutputOptions = field(default_factory=OutputOptions)
    model: str = "default"
    refine: bool = True
    device: str = "auto"
    max_megapixels: float = MAX_MEGAPIXELS

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", self.options.with_format("png"))

    @cached_property
    def options_digest(self) -> str:
        """SHA-256 of the options, with the content of the pictures they name: equal if they make the same."""
        return _digest({"options": _texts(self.options, content=False), "refine": self.refine})

    def model_digest(self) -> str:
        """SHA-256 of the networks' files on this machine.

        Raises:
            ModelError: there is no such model.
        """
        paths = [resolve(self.model).path, *([resolve(REFINER).path] if self.refine else [])]
        return _digest([_file_digest(path) for path in paths])

    def with_absolute_model(self) -> Settings:
        """The same, with the path of a model's file as it is from anywhere."""
        path = Path(self.model).expanduser()
        # A name of the catalogue leads elsewhere.
        return replace(self, model=os.path.abspath(path)) if resolve(self.model).path == path else self

    def to_json(self) -> dict[str, Any]:
        """As JSON that needs no other file: the pictures that options name are part of it."""
        return {
            "options": _texts(self.options, content=True),
            "model": self.model,
            "refine": self.refine,
            "device": self.device,
            "max_megapixels": self.max_megapixels,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Settings:
        """Reads what ``to_json`` made.

        Raises:
            InputError: it was made by a tress with other options.
        """
        read = {
            name: base64.b64decode(value["base64"]) if isinstance(value, dict) else value
            for name, value in values["options"].items()
        }
        return cls(**{**values, "options": parse(read)})


def _texts(options: OutputOptions, *, content: bool) -> dict[str, Any]:
    """Every option that is not its default, as text; a picture file as its content, or as the digest of that."""
    texts: dict[str, Any] = {}
    for option in OPTIONS.values():
        value = getattr(options, option.name)
        if value == option.default:
            continue
        if isinstance(value, PictureFile):
            data = value.source.read_bytes() if isinstance(value.source, Path) else value.source
            # Only the service decodes beforehand what options bring.
            assert isinstance(data, bytes)
            texts[option.name] = (
                {"base64": base64.b64encode(data).decode()} if content else hashlib.sha256(data).hexdigest()
            )
        else:
            texts[option.name] = option.kind.show(value)
    return texts


def _file_digest(path: Path) -> str:
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
