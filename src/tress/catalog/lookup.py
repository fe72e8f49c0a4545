"""From a model's name or path to a file on this machine and the rules for feeding it."""

from __future__ import annotations

import difflib
import json
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tress.catalog import fetch
from tress.errors import ModelError
from tress.spec import METADATA_KEY, ModelSpec, Task

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """One model of the catalogue.

    Attributes:
        name: unique; what a user asks for.
        description: one line for a list.
        task: ``locator`` or ``refiner``.
        licence: SPDX name of the weights' licence.
        origin: page of the authors.
        aliases: other names.
        file: path beside the catalogue, for weights inside the wheel; else empty.
        url, sha256: where the file is fetched from and what it must be; else empty.
        size_bytes: of the file; 0 if it should be in the wheel but is not.
        spec: how to feed it; None if the file says so itself.
    """

    name: str
    description: str
    task: Task
    licence: str
    origin: str
    aliases: tuple[str, ...] = ()
    file: str = ""
    url: str = ""
    sha256: str = ""
    size_bytes: int = 0
    spec: ModelSpec | None = None

    @property
    def bundled(self) -> bool:
        """The file is in the wheel: no download ever."""
        return bool(self.file)

    @property
    def path(self) -> Path:
        """Where the file is, or will be once it is fetched."""
        return _HERE / self.file if self.bundled else fetch.cache_dir() / f"{self.name}.onnx"

    @property
    def cached(self) -> bool:
        """The file is on this machine with the right size; its checksum is verified when it is used."""
        try:
            return self.path.stat().st_size == self.size_bytes
        except OSError:
            return False


class Located(NamedTuple):
    """A model file on this machine.

    path: of the ONNX file.  spec: how to feed it; None if the file says so itself.  name: for messages and reports.
    """

    path: Path
    spec: ModelSpec | None
    name: str


@cache
def _read() -> tuple[Entry, ...]:
    tables = tomllib.loads((_HERE / "models.toml").read_text(encoding="utf-8"))["model"]
    return tuple(_entry(table) for table in tables)


def _entry(table: dict[str, Any]) -> Entry:
    table = dict(table)
    rules, version = table.pop("input", None), table.pop("version", "")
    table["aliases"] = tuple(table.get("aliases", ()))
    if rules is not None:
        known = {key: table[key] for key in ("name", "task", "licence")}
        table["spec"] = _spec({"version": version, **known, **rules})
    if "file" in table:
        path = _HERE / table["file"]
        table["size_bytes"] = path.stat().st_size if path.is_file() else 0
    return Entry(**table)


def _spec(values: dict[str, Any]) -> ModelSpec:
    """Checks the fields in the same way as those inside an ONNX file."""
    return ModelSpec.from_metadata({METADATA_KEY: json.dumps(values)})


def entries() -> list[Entry]:
    """All models of the catalogue, ours first."""
    return list(_read())


def resolve(name_or_path: str | os.PathLike[str], *, progress: bool = False) -> Located:
    """The file of a model, fetched and verified first if it is one of others that this machine does not have yet.

    Args:
        name_or_path: a name of the catalogue (``default`` is our own locator), or the path of an ONNX file.  A name
            wins over a file of the same name: write ``./u2net`` for the file.  ``net.toml`` beside ``net.onnx`` says
            how to feed a network that does not say so itself: the fields of ``ModelSpec``, each optional but
            ``long_side_px``.
        progress: show a progress bar on stderr while fetching.

    Raises:
        ModelError: ``model_unknown``, ``model_not_found`` (no such file), ``model_spec`` (of the TOML file),
            ``download_failed``, ``checksum_mismatch``, ``cache_unusable``.
    """
    if isinstance(name_or_path, str):
        for entry in _read():
            if name_or_path == entry.name or name_or_path in entry.aliases:
                return _locate(entry, progress)
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return Located(path, _spec_beside(path), path.stem)
    is_path = not isinstance(name_or_path, str) or path.suffix or len(path.parts) > 1
    raise _no_file(path) if is_path else _unknown(str(name_or_path))


def _locate(entry: Entry, progress: bool) -> Located:
    if not entry.bundled:
        fetch.ensure(entry.name, entry.url, entry.sha256, entry.path, progress=progress)
    elif not entry.path.is_file():
        raise ModelError(
            "model_not_found",
            f"the model {entry.name} should be part of tress but {entry.path} is missing",
            hint="install tress again",
        )
    return Located(entry.path, entry.spec, entry.name)


def _spec_beside(path: Path) -> ModelSpec | None:
    beside = path.with_suffix(".toml")
    if not beside.is_file():
        return None
    try:
        values = tomllib.loads(beside.read_text(encoding="utf-8"))
        return _spec({"name": path.stem, "version": "", "task": "locator", **values})
    except (OSError, ValueError, ModelError) as error:
        why = error.message if isinstance(error, ModelError) else str(error)
        raise ModelError(
            "model_spec", f"{beside} does not describe a model: {why}", hint="docs/models.md lists its fields"
        ) from error


def _no_file(path: Path) -> ModelError:
    what = "is a folder, not an ONNX file" if path.is_dir() else "does not exist"
    return ModelError("model_not_found", f"the model {path} {what}", hint="`tress models` lists the known names")


def _unknown(name: str) -> ModelError:
    names = [known for entry in _read() for known in (entry.name, *entry.aliases)]
    close = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "`tress models` lists the known names"
    return ModelError("model_unknown", f"there is no model called {name!r}, and no such file", hint=hint)
