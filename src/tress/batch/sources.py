"""The inputs behind a source: a folder, a pattern, a list, a manifest or one picture, here or in an object store."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath
from stat import S_ISREG
from typing import Any

from tress.batch.manifests import SUFFIXES, is_list, read_list
from tress.batch.planfile import address_below
from tress.batch.store import UNKNOWN, Stat, filesystem, is_remote, local_path, local_stat, read_input, stat_of
from tress.errors import InputError
from tress.io.files import NO_PERMISSION
from tress.io.naming import BESIDE, PICTURE_SUFFIXES
from tress.io.plan import walk

FOLDER_UNREAD = "folder_no_permission"
"""Code of a folder below the source that could not be read."""

_MAGIC = frozenset("*?[")
# A manifest of millions is text of some hundred megabytes.
_MANIFEST_BYTES = 4 << 30
# Questions to an object store that are on their way at the same time, and how many are asked ahead.
_ASKING, _AHEAD = 32, 1024


@dataclass(frozen=True)
class Found:
    """One input.

    Attributes:
        input: below the source's root, or a whole path or URL.
        relative: where its result lies below the destination, with forward slashes.
        stat: what the place says of it.
        problem: why it cannot be read; None if nothing speaks against it.
    """

    input: str
    relative: str
    stat: Stat = UNKNOWN
    problem: InputError | None = None


@dataclass(frozen=True)
class Source:
    """Where inputs come from.

    root: absolute path or URL that their names are below.  inputs: in a stable order.
    """

    root: str
    inputs: Iterable[Found]


def open_source(source: str, *, column: str | None, output: str) -> Source:
    """Finds out what a source is; its inputs are then read one by one.

    Args:
        source: folder, pattern (``photos/**/*.jpg``), list or manifest, picture, or a URL of any of these.
        column: of a manifest.
        output: address of the destination; if it lies inside the source, what is in it is no input.

    Raises:
        InputError: there is no such thing, or it cannot be read.
    """
    if not source:
        raise InputError("path_empty", "the source has no name", hint="a variable may be unset")
    if column is not None and not is_list(source):
        raise InputError("manifest_column", f"--column needs a manifest, and {source} is none")
    return _remote(source, column, output) if is_remote(source) else _local(local_path(source), column, output)


def _local(source: str, column: str | None, output: str) -> Source:
    path = Path(source)
    try:
        is_there, is_folder = path.exists(), path.is_dir()
    except (OSError, ValueError) as error:
        raise InputError("path_invalid", f"{source!r} cannot be read: {error}") from error
    if is_folder:
        root = os.path.abspath(source)
        return Source(root, _walked(Path(root), output))
    if not is_there and _MAGIC & set(source):
        root = os.path.abspath(_fixed_part(source))
        results = f"{os.path.abspath(local_path(output))}{os.sep}"
        names = (os.path.abspath(name) for name in glob.iglob(source, recursive=True) if not os.path.isdir(name))
        chosen = sorted(name for name in names if _is_picture(name) and not name.startswith(results))
        return Source(root, (_below(root, name) for name in chosen))
    if not is_there and not path.is_symlink():
        raise InputError("path_missing", f"{source} does not exist", hint="check the name and the folder")
    root = os.path.abspath(path.parent)
    if is_list(source):
        data, _ = read_input(os.path.abspath(source), _MANIFEST_BYTES)
        return Source(root, _listed(read_list(data, source, column), root))
    _check_picture(source)
    return Source(root, [_below(root, path.name)])


def _remote(source: str, column: str | None, output: str) -> Source:
    fs, path = filesystem(source)
    prefix = source[: len(source) - len(path)] if source.endswith(path) else f"{source.split('://', maxsplit=1)[0]}://"
    fs.invalidate_cache()
    if is_list(source):
        data, _ = read_input(source, _MANIFEST_BYTES)
        root = source.rpartition("/")[0]
        return Source(root, _listed(read_list(data, source, column), root))
    if _MAGIC & set(path):
        root = _fixed_part(path)
        infos = fs.glob(path, detail=True)
        return Source(prefix + root, _from_listing(infos, root, ""))
    if PurePosixPath(path).suffix.lower() in PICTURE_SUFFIXES and fs.isfile(path):
        root = path.rpartition("/")[0]
        return Source(prefix + root, _from_listing({path: fs.info(path)}, root, ""))
    root = path.rstrip("/")
    infos = fs.find(root, detail=True)
    if not infos:
        raise InputError("path_missing", f"there is nothing at {source}", hint="check the address")
    inside = filesystem(output)[1].rstrip("/") if is_remote(output) else ""
    return Source(prefix + root, _from_listing(infos, root, inside))


def _walked(folder: Path, output: str) -> Iterator[Found]:
    """A local folder's pictures, and the folders below it that cannot be read."""
    unreadable: list[str] = []
    try:
        for path in walk(folder, None if is_remote(output) else output, unreadable.append):
            yield _on_disk(str(path), path.relative_to(folder).as_posix())
            yield from _unread(unreadable)
    except OSError as error:
        if error.errno in NO_PERMISSION:
            raise InputError("path_no_permission", f"no permission to read {error.filename}") from error
        raise InputError("path_invalid", f"{folder} cannot be read: {error}") from error
    yield from _unread(unreadable)


def _unread(messages: list[str]) -> Iterator[Found]:
    while messages:
        message = messages.pop(0)
        # The folder's name ends the message.
        name = message.removeprefix("no permission to read ")
        hint = "give yourself the right, and plan again"
        yield Found(name, name, problem=InputError(FOLDER_UNREAD, message, hint=hint))


def _below(root: str, name: str) -> Found:
    """A file of this machine, named by its path or from a folder; one that lies elsewhere keeps its whole path."""
    path = os.path.normpath(os.path.join(root, name))
    below = os.path.relpath(path, root)
    return _on_disk(path, Path(path if below.startswith("..") else below).as_posix())


def _on_disk(path: str, name: str) -> Found:
    relative = name.removeprefix(PurePath(name).anchor)
    try:
        status = os.stat(path)
    except PermissionError:
        return Found(name, relative, problem=InputError("path_no_permission", f"no permission to read {path}"))
    except FileNotFoundError:
        what = "leads nowhere" if os.path.islink(path) else "does not exist"
        return Found(name, relative, problem=InputError("path_missing", f"{path} {what}"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return Found(name, relative, problem=InputError("path_invalid", f"{path!r} cannot be read: {why}"))
    if not S_ISREG(status.st_mode):
        return Found(name, relative, problem=InputError("not_a_file", f"{path} is not a file"))
    return Found(name, relative, local_stat(status))


def _from_listing(infos: dict[str, dict[str, Any]], root: str, output: str) -> Iterator[Found]:
    """The pictures of a listing, without what lies in the output or in hidden folders."""
    for path in sorted(infos):
        name = path[len(root) :].lstrip("/")
        in_output = bool(output) and output != root and path.startswith(f"{output}/")
        if infos[path].get("type") == "file" and _is_picture(name) and not in_output:
            yield Found(name, name, stat_of(infos[path]))


def _listed(names: Iterable[str], root: str) -> Iterator[Found]:
    """The inputs of a list; each is asked for its size and version, many at the same time if they are far away."""
    names = iter(names)
    with ThreadPoolExecutor(_ASKING, thread_name_prefix="tress-stat") as pool:
        while some := list(islice(names, _AHEAD)):
            far = any(is_remote(address_below(root, name)) for name in some)
            yield from (pool.map if far else map)(_asker(root), some)


def _asker(root: str) -> Callable[[str], Found]:
    def ask(name: str) -> Found:
        address = address_below(root, local_path(name))
        return _in_store(address, root) if is_remote(address) else _below(root, address)

    return ask


def _in_store(address: str, root: str) -> Found:
    is_below = address.startswith(f"{root}/")
    relative = address.removeprefix(f"{root}/") if is_below else address.split("://", 1)[1]
    name = relative if is_below else address
    try:
        fs, path = filesystem(address)
        return Found(name, relative, stat_of(fs.info(path)))
    except InputError as error:
        return Found(name, relative, problem=error)
    except FileNotFoundError:
        return Found(name, relative, problem=InputError("path_missing", f"{address} does not exist"))
    except Exception as error:  # each object store has exceptions of its own
        return Found(name, relative, problem=InputError("store_failed", f"{address} cannot be reached: {error}"))


def _is_picture(name: str) -> bool:
    parts = PurePosixPath(name).parts
    path = PurePosixPath(name)
    is_hidden = any(part.startswith(".") and part not in {".", ".."} for part in parts)
    return not is_hidden and path.suffix.lower() in PICTURE_SUFFIXES and BESIDE.source_stem(path.stem) is None


def _fixed_part(pattern: str) -> str:
    """The folder before the first wildcard."""
    parts = pattern.replace(os.sep, "/").split("/")
    fixed = []
    for part in parts[:-1]:
        if _MAGIC & set(part):
            break
        fixed.append(part)
    return "/".join(fixed) or ("/" if pattern.startswith("/") else ".")


def _check_picture(source: str) -> None:
    if PurePosixPath(source).suffix.lower() not in PICTURE_SUFFIXES:
        raise InputError(
            "source_unknown",
            f"{source} is neither a folder nor a picture nor a list",
            hint=f"lists and manifests end in {', '.join(SUFFIXES)}",
        )
