"""Writing files whole or not at all, and reading streams with a limit."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from tress.errors import InputError

TEMPORARY_SUFFIX = ".part"
# More names than these only hide the one that matters.
_NAMES_SHOWN = 3
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)
# File systems without hard links: FAT, some network and container mounts.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV, errno.EMLINK, errno.EACCES)


def read_limited(stream: BinaryIO, *, max_bytes: int = 1 << 30) -> bytes:
    """Reads a stream, such as standard input, to its end.

    Raises:
        InputError: ``input_too_long`` as soon as it gives more than ``max_bytes``; ``file_empty`` if it gives nothing.
    """
    parts, total = [], 0
    while part := stream.read(1 << 20):
        total += len(part)
        if total > max_bytes:
            raise InputError(
                "input_too_long", f"the input is longer than {max_bytes} bytes", hint="give tress one picture"
            )
        parts.append(part)
    if not parts:
        raise InputError("file_empty", "the input is empty", hint="pipe a picture into tress")
    return b"".join(parts)


def write_atomic(
    path: str | os.PathLike[str], data: bytes, *, overwrite: bool, temporary_prefix: str = ".tress-"
) -> None:
    """Writes a file so that at every moment it is either absent, the old one or complete.

    The bytes go to a temporary file in the same folder, onto the disk, and are then renamed.  Without ``overwrite``
    a file that another program creates in the meantime is kept too (on a file system without hard links the name is
    held by an empty file for a moment).  Missing folders are made.  The file gets the
    permissions that any new file of this user gets.  The temporary file never stays, not even after Ctrl-C; only a
    process that is killed leaves it.

    Args:
        path: of the file.
        data: its content.
        overwrite: replace a file that is there.
        temporary_prefix: of the temporary file's name, by which those of a killed process are found; it ends in
            ``.part``.

    Raises:
        InputError: ``target_exists``, ``target_is_directory``, ``path_no_permission``, ``disk_full``,
            ``path_invalid``, ``write_failed``.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise InputError("target_is_directory", f"{target} is a folder; a file cannot take its name")
        if not overwrite and os.path.lexists(target):
            raise target_exists([target])
        with _temporary(target, temporary_prefix) as name:
            with open(name, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if overwrite:
                os.replace(name, target)
            else:
                _place_without_clobbering(name, target)
    except OSError as error:
        raise write_error(error, target) from error
    except ValueError as error:
        raise InputError("path_invalid", f"{str(path)!r} cannot be a file name: {error}") from error


@contextlib.contextmanager
def _temporary(target: Path, prefix: str) -> Iterator[str]:
    # mkstemp makes the file private; a new file of the user's has what the umask leaves, which open() applies.
    name = tempfile.mktemp(prefix=prefix, suffix=TEMPORARY_SUFFIX, dir=target.parent)  # noqa: S306
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _place_without_clobbering(name: str, target: Path) -> None:
    """Gives a finished file its name only if that name is free, in one step that cannot race."""
    try:
        os.link(name, target)
    except FileExistsError:
        raise target_exists([target]) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Without hard links: reserve the name with an empty file, which is then replaced by the finished one.
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            raise target_exists([target]) from None
        try:
            os.replace(name, target)
        except BaseException:
            os.unlink(target)
            raise


def write_error(error: OSError, target: Path) -> InputError:
    """The error for what the system answered to writing a file."""
    if error.errno in _DISK_FULL:
        return InputError("disk_full", f"no space is left to write {target}", hint="free some space and run it again")
    if error.errno in NO_PERMISSION:
        return InputError(
            "path_no_permission", f"no permission to write {target}", hint="choose another place with --output"
        )
    return InputError("write_failed", f"cannot write {target}: {error.strerror or error}")


def target_exists(targets: Sequence[Path]) -> InputError:
    """The error that names files which are there already."""
    shown = ", ".join(str(target) for target in targets[:_NAMES_SHOWN])
    if len(targets) > _NAMES_SHOWN:
        shown += f" and {len(targets) - _NAMES_SHOWN} more"
    verb = "exists" if len(targets) == 1 else "exist"
    hint = "give --overwrite to replace, --skip-existing to leave them as they are, or another output"
    return InputError("target_exists", f"{shown} already {verb}", hint=hint)
