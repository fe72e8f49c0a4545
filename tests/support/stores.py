"""Object stores on loopback, with their real clients."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

fsspec = pytest.importorskip("fsspec")

BUCKET = "photos"
_KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@contextlib.contextmanager
def s3() -> Iterator[str]:
    """An empty bucket of moto's server; the worker processes find it by their environment."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        with _environment({**_KEYS, "FSSPEC_S3": json.dumps({"endpoint_url": endpoint})}):
            # moto keeps buckets for as long as the process lives.
            bucket = f"{BUCKET}-{secrets.token_hex(4)}"
            fsspec.filesystem("s3").mkdir(bucket)
            yield f"s3://{bucket}"
    finally:
        server.stop()


@contextlib.contextmanager
def gcs(folder: Path) -> Iterator[str]:
    """An empty bucket of gcp-storage-emulator."""
    pytest.importorskip("gcp_storage_emulator")
    # Before the import of gcsfs: without it every call asks a server that is not there, for a minute.
    with _environment({"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}):
        pytest.importorskip("gcsfs")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--port", str(port), "--in-memory"]
        with open(folder / "emulator.log", "wb") as log:
            server = subprocess.Popen([*command, "--default-bucket", BUCKET], stdout=log, stderr=log)
        endpoint = f"http://127.0.0.1:{port}"
        options = json.dumps({"token": "anon", "endpoint_url": endpoint, "project": "test"})
        try:
            _wait_for(port, server)
            with _environment({"STORAGE_EMULATOR_HOST": endpoint, "FSSPEC_GCS": options, "FSSPEC_GS": options}):
                yield f"gs://{BUCKET}"
        finally:
            server.kill()
            server.wait()


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """For this process and those it starts; file systems that were made before know other servers."""
    with mock.patch.dict(os.environ, values):
        fsspec.config.set_conf_env(fsspec.config.conf)
        _forget()
        try:
            yield
        finally:
            for name in ("s3", "gcs", "gs"):
                fsspec.config.conf.pop(name, None)
            _forget()


def _forget() -> None:
    for name, package in (("s3", "s3fs"), ("gs", "gcsfs")):
        if package in sys.modules:
            fsspec.get_filesystem_class(name).clear_instance_cache()


def _wait_for(port: int, server: subprocess.Popen) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert server.poll() is None, "the emulator does not start"
        time.sleep(0.1)
    raise AssertionError("the emulator does not answer")
