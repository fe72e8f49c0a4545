"""The page of ``tress serve`` as a folder of files, which any web server or CDN can serve and which needs no other."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

from tress.browser.package import load_bytes, package_files
from tress.errors import InputError
from tress.io.files import target_exists, write_atomic
from tress.outputs import describe

# What a browser can hold at once: a matte takes about ten bytes a pixel, and work on it as much again.
MAX_MEGAPIXELS = 50.0
INDEX = "index.html"
# Only a server has these.
_SERVER_ONLY = ("docs.html", "docs.js")
_MARK, _CHARSET = '<html lang="en" data-server>', '<meta charset="utf-8">'
# The page needs nothing of anybody else; this makes the browser see to it.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self' blob:; form-action 'none'; base-uri 'none'"
)
# Netlify, Cloudflare Pages and others read this file; elsewhere it does no harm.
_HEADERS = f"""\
/*
  Content-Security-Policy: {POLICY}
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
  X-Content-Type-Options: nosniff
"""


def on_device() -> dict[str, float]:
    """What a page has to know of the work on the device: how much there is to load, and the largest picture."""
    return {"bytes": load_bytes(), "max_megapixels": MAX_MEGAPIXELS}


def write_page(target: Path, *, overwrite: bool = False) -> dict[str, bytes]:
    """Writes the page into a folder, which is made if need be.

    Args:
        target: the folder.
        overwrite: replace files that are there already.

    Returns:
        The files that were written, by their path below ``target``.

    Raises:
        InputError: ``browser_missing`` (see ``package_files``), ``target_exists``, and those of ``write_atomic``.
    """
    if target.exists() and not target.is_dir():
        raise InputError("target_is_file", f"{target} is a file, not a folder", hint="name a folder")
    contents = page_files()
    there = [target / name for name in contents if (target / name).exists()]
    if there and not overwrite:
        raise target_exists(there)
    for name, data in contents.items():
        write_atomic(target / name, data, overwrite=overwrite)
    return contents


def page_files() -> dict[str, bytes]:
    """Every file of the page by its path.

    Raises:
        InputError: ``browser_missing``.
    """
    source = files("tress.server") / "page"
    page = {f"page/{item.name}": item.read_bytes() for item in source.iterdir() if item.name not in _SERVER_ONLY}
    index = page.pop(f"page/{INDEX}").decode()
    browser = {f"browser/{name}": file.read_bytes() for name, file in package_files().items()}
    schema = {"options": describe(), "limits": {"max_megapixels": MAX_MEGAPIXELS}, "device": on_device()}
    shown = {INDEX: _without_server(index).encode(), "schema.json": json.dumps(schema).encode(), **page, **browser}
    return {**shown, "service-worker.js": _service_worker(shown), "_headers": _HEADERS.encode()}


def _without_server(index: str) -> str:
    for needed in (_MARK, _CHARSET):
        if index.count(needed) != 1:
            raise ValueError(f"the page has no {needed}")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return index.replace(_MARK, '<html lang="en">').replace(_CHARSET, f"{_CHARSET}\n  {policy}")


def _service_worker(shown: dict[str, bytes]) -> bytes:
    """The service worker, which knows the files: another build is another script, and is taken for an update."""
    digest = hashlib.sha256()
    for name in sorted(shown):
        digest.update(f"{name}\0{len(shown[name])}\0".encode())
        digest.update(shown[name])
    # The networks and the WebAssembly come with progress, when the page asks for them.
    shell = [name for name in shown if not name.startswith(("browser/networks/", "browser/runtime/"))]
    version = digest.hexdigest()[:16]
    build = {"version": version, "shell": sorted(shell), "files": sorted(shown), "policy": POLICY}
    script = (files("tress.browser") / "service-worker.js").read_text("utf-8")
    return f"const BUILD = {json.dumps(build)};\n{script}".encode()
