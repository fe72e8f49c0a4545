"""Speed and size of tress-web beside @imgly/background-removal, in the same browser, in the same run, in turns.

    make bench-browser                                # the whole thing; needs npm, chromium and chromium-driver
    python -m benchmarks.speed.browser --rounds 1 --out /tmp/try.json

- Both run as their documentation says, loaded from files on this machine: tress-web as ``tress page`` writes it, the
  peer with its own default network (IS-Net, fp16 weights) from its own data package, in its newest version with one.
  It is installed into ``.cache/browser`` and not committed.
- *threads*: the page is cross-origin isolated, and both may start as many threads as they like.  Without: it is not.
- A time is that of a loaded page, from the file's blob to the PNG's.  Each tool runs unmeasured first; then they take
  turns.
- Bytes are those that the page asked for until the first picture was done, as they lie on the disk.

Results: ``benchmarks/results/browser.json``, described by ``browser.schema.json``.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import machine, schema
from benchmarks.figures.page import browser
from benchmarks.speed.run import PHOTOS, RESULTS, ROOT, make_picture

from tress.browser.page import page_files

PEER, PEER_DATA, BUNDLER = "@imgly/background-removal@1.4.5", "@imgly/background-removal-data@1.4.5", "esbuild@0.25"
OURS, THEIRS = "tress-web", PEER.rpartition("@")[0]
MEGAPIXELS = 1.0
PATIENCE_S = 600.0
ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
TYPES = {"js": "text/javascript", "mjs": "text/javascript", "json": "application/json", "wasm": "application/wasm"}
CALL = """
const [body, given] = arguments;
globalThis.outcome = null;
const run = new (Object.getPrototypeOf(async () => {}).constructor)("given", body);
run(given).then((answer) => (outcome = {answer}), (error) => (outcome = {error: String(error.stack ?? error)}));
"""
LOAD = {
    OURS: "globalThis.remover = await (await import('/ours/browser/src/index.js')).Remover.load();",
    THEIRS: "globalThis.peer = await import('/theirs/bundle.js');",
}
# The blob is there before the clock starts.
MAKE = {
    OURS: "png = await (await remover.matte(blob)).cutout();",
    THEIRS: "png = await peer.removeBackground(blob, {publicPath: `${location.origin}/theirs/data/`});",
}
TIME = """
const blob = await (await fetch(given)).blob();
const started = performance.now();
let png;
%s
if (png.type !== "image/png") throw new Error(`got ${png.type}`);
return (performance.now() - started) / 1000;
"""


def fetch_peer(folder: Path) -> dict[str, Path]:
    """Installs the peer with npm and bundles it; its files by their addresses."""
    bundle = folder / "bundle.js"
    if not bundle.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*npm, PEER, PEER_DATA, BUNDLER], check=True)
        esbuild = [str(folder / "node_modules/.bin/esbuild"), "--bundle", "--format=esm", "--platform=browser"]
        entry = folder / "node_modules" / THEIRS / "dist" / "index.mjs"
        subprocess.run([*esbuild, f"--outfile={bundle}", "--log-level=error", str(entry)], check=True, cwd=folder)
    data = folder / "node_modules" / PEER_DATA.rpartition("@")[0] / "dist"
    return {"theirs/bundle.js": bundle, **{f"theirs/data/{file.name}": file for file in data.iterdir()}}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves files from memory or disk, and counts their bytes."""

    protocol_version = "HTTP/1.1"

    def __init__(
        self, files: dict[str, bytes | Path], headers: dict[str, str], sent: dict[str, int], *rest: Any
    ) -> None:
        self.files, self.extra, self.sent = files, headers, sent
        super().__init__(*rest)

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        found = self.files.get(name, None if name else b"<!doctype html><title>benchmark</title>")
        content = found.read_bytes() if isinstance(found, Path) else found or b""
        self.sent[name] = len(content)
        self.send_response(404 if found is None else 200)
        kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream" if name else "text/html")
        for header, value in {"Content-Type": kind, "Content-Length": str(len(content)), **self.extra}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(files: dict[str, bytes | Path], headers: dict[str, str], sent: dict[str, int]) -> Iterator[str]:
    """The address of a server on loopback; ``sent`` takes the bytes of what was asked for."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, files, headers, sent))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def measure(files: dict[str, bytes | Path], photos: list[str], threads: bool, rounds: int) -> dict[str, Any]:
    """Times and bytes of both tools, in a fresh browser."""
    sent: dict[str, int] = {}
    with served(files, ISOLATION if threads else {}, sent) as address, browser() as driver:

        def call(body: str, given: Any = None) -> Any:
            driver.execute_script(CALL, body, given)
            end = time.monotonic() + PATIENCE_S
            while not (outcome := driver.execute_script("return outcome")):
                if time.monotonic() > end:
                    raise SystemExit("the browser does not answer")
                time.sleep(0.2)
            if "error" in outcome:
                raise SystemExit(outcome["error"])
            return outcome["answer"]

        driver.get(address)
        if call("return crossOriginIsolated") != threads:
            raise SystemExit("the browser does not isolate pages as it was told")
        loaded = {}
        for tool in (OURS, THEIRS):
            sent.clear()
            call(LOAD[tool])
            for photo in photos:
                call(TIME % MAKE[tool], photo)
            loaded[tool] = sum(size for name, size in sent.items() if name not in photos)
        times: dict[str, dict[str, list[float]]] = {tool: {photo: [] for photo in photos} for tool in (OURS, THEIRS)}
        for number in range(rounds):
            for photo in photos:
                for tool in (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS):
                    times[tool][photo].append(call(TIME % MAKE[tool], photo))
                    print(f"{tool}, {photo}, threads {threads}: {times[tool][photo][-1]:.2f} s", flush=True)
    return {tool: {"bytes": loaded[tool], "seconds": times[tool]} for tool in (OURS, THEIRS)}


def summarise(found: dict[str, Any], photo: str, threads: bool) -> dict[str, Any]:
    """One case: both tools on one picture."""

    def spread(values: list[float]) -> dict[str, float]:
        rounded = {"median": statistics.median(values), "low": min(values), "high": max(values)}
        return {name: round(value, 3) for name, value in rounded.items()}

    seconds = {tool: spread(found[tool]["seconds"][photo]) for tool in (OURS, THEIRS)}
    ratio = seconds[THEIRS]["median"] / seconds[OURS]["median"]
    return {"picture": photo, "threads": threads, "seconds": seconds, "times_faster": round(ratio, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", type=Path, default=ROOT / ".cache" / "browser")
    parser.add_argument("--out", type=Path, default=RESULTS / "browser.json")
    options = parser.parse_args()
    about = machine.describe()
    cases: list[dict[str, Any]] = []
    loaded: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as scratch:
        pictures = [make_picture(content, MEGAPIXELS, Path(scratch)) for content in PHOTOS]
        files: dict[str, bytes | Path] = {f"ours/{name}": data for name, data in page_files().items()}
        files |= fetch_peer(options.peer) | {path.name: path for path in pictures}
        for threads in (True, False):
            photos = [path.name for path in pictures]
            found = measure(files, photos, threads, options.rounds)
            cases += [summarise(found, photo, threads) for photo in photos]
            loaded = {tool: found[tool]["bytes"] for tool in (OURS, THEIRS)}
    with browser() as driver:
        version = driver.capabilities["browserVersion"]
    package = json.loads((ROOT / "web" / "package.json").read_text())
    result = {
        "schema": 1,
        "machine": about,
        "versions": {"chromium": version, OURS: package["version"], THEIRS: PEER.rpartition("@")[2]},
        "rounds": options.rounds,
        "megapixels": MEGAPIXELS,
        "bytes": loaded,
        "share_of_bytes": round(loaded[OURS] / loaded[THEIRS], 3),
        "cases": cases,
    }
    schema.write(result, options.out, RESULTS / "browser.schema.json")


if __name__ == "__main__":
    main()
