"""Git repositories that lie on this machine, as clones or bare, whole or of single commits."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from tress.errors import InputError

# A folder of clones has them as NAME, or as OWNER/NAME.
_DEPTH = 2


class Clone:
    """The files of one commit of a git repository; a context manager, as it keeps git running to read many of them."""

    def __init__(self, folder: Path, commit: str) -> None:
        self.folder, self.commit = folder, commit
        self._reader: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Clone:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._reader is not None:
            self._reader.communicate()

    def blobs(self) -> dict[str, str]:
        """The hash that git has for the content of every file, by path."""
        lines = _git(self.folder, "ls-tree", "-r", "-z", "--full-tree", self.commit).stdout.decode().split("\0")
        described = (line.split("\t", 1) for line in lines if line)
        return {path: facts.split()[2] for facts, path in described}

    def read(self, blob: str) -> bytes:
        """The content of a file.

        Raises:
            InputError: the clone does not hold it.
        """
        if self._reader is None:
            command = ["git", "-C", str(self.folder), "cat-file", "--batch"]
            self._reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        assert self._reader.stdin is not None
        assert self._reader.stdout is not None
        self._reader.stdin.write(f"{blob}\n".encode())
        self._reader.stdin.flush()
        facts = self._reader.stdout.readline().split()
        if len(facts) != 3:
            raise InputError("blob_missing", f"{self.folder} does not hold the file {blob}", hint="clone it as a whole")
        content = self._reader.stdout.read(int(facts[2]))
        self._reader.stdout.read(1)
        return content


def find_clone(repository: str, commit: str, folders: Sequence[Path]) -> Clone:
    """The first clone that has a commit.

    Args:
        repository: OWNER/NAME, for the message.
        commit: 40 hexadecimal digits.
        folders: clones, or folders that hold some.

    Raises:
        InputError: none of them has it, or there is no git.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError("folder_missing", f"{folder} is no folder")
        for candidate in _repositories(folder, _DEPTH):
            if _git(candidate, "cat-file", "-e", f"{commit}^{{commit}}", check=False).returncode == 0:
                return Clone(candidate, commit)
    raise InputError(
        "clone_missing",
        f"no git repository there has the commit {commit[:12]} of {repository}",
        hint=f"git clone https://github.com/{repository}, and name the clone, or a folder that holds it, with --from",
    )


def _repositories(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / ".git").exists() or ((folder / "objects").is_dir() and (folder / "HEAD").is_file()):
        yield folder
    elif depth:
        for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
            yield from _repositories(inner, depth - 1)


def _git(folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    try:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, capture_output=True, check=check)  # noqa: S603
    except FileNotFoundError:
        raise InputError("git_missing", "the program git is not installed") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise InputError("git_failed", f"git cannot read {folder}: {said}") from error
