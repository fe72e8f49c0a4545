"""A Model Context Protocol server on standard input and output, for assistants that work on this machine's pictures.

Files are read and written below allowed folders only, links followed.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from tress.api import Remover
from tress.errors import InputError, TressError
from tress.io.encode import extension, format_for
from tress.io.files import write_atomic
from tress.outputs import OPTIONS, OutputOptions, parse
from tress.produce import produce

P = ParamSpec("P")
R = TypeVar("R")
Value = str | int | float | bool


@dataclass(frozen=True)
class Allowed:
    """The folders that files may lie in; relative paths start at the first."""

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, folders: Sequence[Path]) -> Allowed:
        """Raises InputError if there is no such folder."""
        for folder in folders:
            if not folder.is_dir():
                raise InputError("folder_missing", f"{folder} is no folder", hint="name one with --allow")
        return cls(tuple(folder.resolve() for folder in folders))

    def path(self, text: str) -> Path:
        """Where a path leads.

        Raises:
            InputError: out of the allowed folders.
        """
        try:
            found = (self.folders[0] / Path(text).expanduser()).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError("path_invalid", f"{text!r} is no path: {error}") from error
        if not any(found.is_relative_to(folder) for folder in self.folders):
            allowed = ", ".join(map(str, self.folders))
            raise InputError("path_not_allowed", f"{text} is not below an allowed folder", hint=f"allowed: {allowed}")
        return found


class Tools:
    """What assistants may ask for; the networks are loaded with the first picture."""

    def __init__(self, allowed: Allowed, load: Callable[[], Remover]) -> None:
        self._allowed, self._load, self._loading = allowed, load, threading.Lock()
        self._remover: Remover | None = None

    def remove_background(
        self, input: str, output: str = "", options: dict[str, Value] | None = None, overwrite: bool = False
    ) -> dict[str, Any]:
        """Cuts the subject out of a picture and writes the result."""
        source = self._allowed.path(input)
        chosen = parse(self._with_files(options or {}))
        target = self._target(source, output, chosen)
        named = format_for(target.suffix)
        if chosen.format not in ("auto", named):
            raise InputError("format_mismatch", f"{target.name} is a name for {named}, not for {chosen.format}")
        product = produce(self.remover, source, chosen.with_format(named))
        write_atomic(target, product.data, overwrite=overwrite)
        return {
            "output": str(target),
            "width": product.width_px,
            "height": product.height_px,
            "found": product.found,
            "box": product.box and product.box.as_json(),
            "confidence": round(product.confidence, 4),
            "warnings": list(product.warnings),
        }

    def matte_info(self, input: str) -> dict[str, Any]:
        """Says whether a picture has a subject, where, and how sure that is; writes nothing."""
        matte = self.remover.matte(self._allowed.path(input))
        height, width = matte.alpha.shape
        soft = (matte.alpha > 0.02) & (matte.alpha < 0.98)
        return {
            "width": width,
            "height": height,
            "found": matte.found,
            "confidence": round(matte.confidence, 4),
            "box": matte.box and matte.box.as_json(),
            "subject_share": round(float(matte.alpha.mean()), 4),
            "soft_share": round(float(soft.mean()), 4),
            "model": matte.model,
            "device": matte.device,
            "warnings": list(matte.warnings),
        }

    def evaluate(
        self, data: str, out: str, models: list[str] | None = None, metrics: list[str] | None = None, every: int = 1
    ) -> str:
        """Scores models on a data set with true alphas; writes a report and gives it as Markdown."""
        from tress.evaluation.run import Options
        from tress.evaluation.run import evaluate as run

        if every < 1:
            raise InputError("option_value", f"every is {every}, but it must be at least 1")
        # What looks like a path is one; names of models are in the catalogue.
        known = [str(self._allowed.path(m)) if "/" in m or "\\" in m or "." in m else m for m in models or ["default"]]
        options = Options(metrics=tuple(metrics or ()), every=every)
        outcome = run(self._allowed.path(data), known, self._allowed.path(out), options, lambda *_: None)
        report = next(file for file in outcome.files if file.name == "report.md")
        failed = [f"- {problem.picture or problem.model}: {problem.message}" for problem in outcome.failures]
        return "\n".join([report.read_text(encoding="utf-8"), *(["Failed:", *failed] if failed else [])])

    @property
    def remover(self) -> Remover:
        """The loaded networks."""
        with self._loading:
            if self._remover is None:
                self._remover = self._load()
            return self._remover

    def _target(self, source: Path, output: str, options: OutputOptions) -> Path:
        if output:
            return self._allowed.path(output)
        wanted = "png" if options.format == "auto" else options.format
        return source.with_name(f"{source.stem}.cutout{extension(wanted)}")

    def _with_files(self, options: Mapping[str, Value]) -> dict[str, object]:
        """The options, with the content of pictures that they name."""
        read: dict[str, object] = dict(options)
        for name, value in options.items():
            option = OPTIONS.get(name)
            if option is not None and option.kind.takes_file and isinstance(value, str) and _names_file(value):
                read[name] = self._allowed.path(value).read_bytes()
        return read


def make_server(allowed: Allowed, load: Callable[[], Remover]) -> MCPServer:
    """The server with its tools.

    Args:
        allowed: the folders that files may lie in.
        load: makes the networks.
    """
    from tress import __version__

    server = MCPServer("tress", version=__version__, instructions=_instructions(allowed))
    tools = Tools(allowed, load)
    for tool, about in (
        (tools.remove_background, f"{tools.remove_background.__doc__}\n\n{_options_text()}"),
        (tools.matte_info, tools.matte_info.__doc__),
        (tools.evaluate, tools.evaluate.__doc__),
    ):
        server.add_tool(_telling(tool), name=tool.__name__, description=about)
    return server


def _telling(tool: Callable[P, R]) -> Callable[P, R]:
    """Expected errors reach the assistant as messages; any other is a bug, and hidden."""

    @functools.wraps(tool)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return tool(*args, **kwargs)
        except TressError as error:
            raise ToolError(f"{error.message} ({error.hint})" if error.hint else error.message) from error

    return told


def _names_file(text: str) -> bool:
    """Whether a value looks like the name of a picture file rather than a colour, a word or a rectangle."""
    try:
        format_for(Path(text).suffix)
    except InputError:
        return False
    return True


def _instructions(allowed: Allowed) -> str:
    folders = ", ".join(map(str, allowed.folders))
    return f"Removes the background of pictures. Files must lie below: {folders}. Relative paths start at the first."


def _options_text() -> str:
    lines = [f"- {option.name}: {option.help}" for option in OPTIONS.values()]
    return "\n".join(
        ["output is beside the input, NAME.cutout.png, if not given. Its suffix names the format. options:", *lines]
    )
