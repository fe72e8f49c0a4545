"""Fetching the model files of others, once, into a folder of the user's.

Every file is compared with its published checksum before every use.  pooch downloads into a temporary file beside the
final one and moves it there only if the checksum is right, so a file under its final name is always whole, also when
several processes fetch it at once.  Once fetched, no network is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tress.errors import ModelError

CACHE_VARIABLE = "TRESS_CACHE"
OFFLINE_VARIABLE = "TRESS_OFFLINE"
_TIMEOUT_S = (10, 60)  # to connect, and between two pieces of data
_CHUNK_BYTES = 1 << 18


def cache_dir() -> Path:
    """The folder of fetched models: ``$TRESS_CACHE``, or the platform's usual place for caches."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("tress"))


def ensure(name: str, url: str, sha256: str, path: Path, *, progress: bool = False) -> None:
    """Makes sure that ``path`` holds the file with this checksum.

    Raises:
        ModelError: ``download_failed``, ``checksum_mismatch`` (the file was not what was promised and is not kept),
            ``cache_unusable`` (the folder cannot be written).
    """
    try:
        if path.is_file() and _sha256(path) == sha256:
            return
    except OSError as error:
        raise _unusable(path, error) from error
    if os.environ.get(OFFLINE_VARIABLE, "").lower() not in ("", "0", "false", "no"):
        why = "is damaged on this machine" if path.exists() else "is not on this machine"
        raise _failed(name, url, path, f"it {why} and {OFFLINE_VARIABLE} forbids downloads")
    _download(name, url, sha256, path, progress)


def _download(name: str, url: str, sha256: str, path: Path, progress: bool) -> None:
    import pooch
    import requests

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _quiet(pooch.get_logger()), _bar(name, progress) as bar:
            loader = pooch.HTTPDownloader(progressbar=bar, chunk_size=_CHUNK_BYTES, timeout=_TIMEOUT_S)
            pooch.retrieve(url, f"sha256:{sha256}", fname=path.name, path=path.parent, downloader=loader)
        # Temporary files are private; a cache may be shared.
        path.chmod(0o644)
    except requests.RequestException as error:
        raise _failed(name, url, path, _reason(error)) from error
    except ValueError as error:
        raise ModelError(
            "checksum_mismatch",
            f"the file at {url} is not the model {name} that tress knows; it was not kept",
            hint="try again; if it stays so, the file was replaced by another and must not be trusted",
        ) from error
    except OSError as error:
        raise _unusable(path, error) from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _failed(name: str, url: str, path: Path, why: str) -> ModelError:
    return ModelError(
        "download_failed",
        f"the model {name} could not be fetched: {why}",
        hint=f"get {url} on any machine and save it as {path}, or set {CACHE_VARIABLE} to a folder that has it",
    )


def _unusable(path: Path, error: OSError) -> ModelError:
    return ModelError(
        "cache_unusable",
        f"the model folder {path.parent} cannot be used: {error.strerror or error}",
        hint=f"set {CACHE_VARIABLE} to a folder with enough space that you may write to",
    )


def _reason(error: Any) -> str:
    """The cause of a failed request in a few words; the exception's own text is a page of nested classes."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate could not be verified"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke in the middle of the file"
    if isinstance(error, requests.ConnectionError):
        return "the server could not be reached (no network?)"
    return str(error)


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """pooch announces each download on stderr; the progress bar says enough."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _bar(name: str, shown: bool) -> Iterator[Any]:
    if not shown:
        yield False
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _PoochBar(bars, name)


class _PoochBar:
    """Lets pooch drive a rich progress bar."""

    def __init__(self, bars: Any, name: str) -> None:
        self._bars = bars
        self._task = bars.add_task(f"fetching {name}", total=None)
        self.total = 0

    def update(self, amount: int) -> None:
        self._bars.update(self._task, total=self.total or None, advance=amount)

    def reset(self) -> None:
        self._bars.reset(self._task)

    def close(self) -> None:
        self._bars.refresh()
