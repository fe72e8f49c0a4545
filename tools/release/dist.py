"""Builds what is released into ``dist/``, and proves it: ``make dist``.

Wheel and source distribution are built twice and must be the same to the byte, and the wheel must be small.  Then it is
installed into a fresh environment from files alone, with every address of the network unreachable, and cuts out a photo
there.  What that environment holds becomes the bill of materials (CycloneDX).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
LARGEST_WHEEL_BYTES = 15_000_000
# Nothing listens on port 9: whatever asks the network fails at once.
NOWHERE = "http://127.0.0.1:9"
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)


def main() -> None:
    """Builds, checks, installs and runs; leaves wheel, source distribution, sums and bill of materials in dist/."""
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "again"
        for target in (DIST, again):
            # The wheel not by way of the source distribution: it holds what `make web` built, which git does not.
            run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir", target, ROOT)
        same(DIST, again)
        files = sorted(DIST.iterdir())
        run(sys.executable, "-m", "twine", "check", "--strict", *files)
        wheel = next(path for path in files if path.suffix == ".whl")
        small(wheel)
        fresh = install(wheel, Path(folder))
        cut_out(fresh, wheel, Path(folder))
        bill(fresh, wheel)
    sums = "".join(f"{digest(path)}  {path.name}\n" for path in sorted(DIST.iterdir()))
    (DIST / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(sums, end="")


def same(first: Path, second: Path) -> None:
    """Ends the command unless both folders hold the same files, to the byte."""
    one, two = ({path.name: digest(path) for path in folder.iterdir()} for folder in (first, second))
    if one != two:
        raise SystemExit(f"two builds differ:\n{one}\n{two}")


def small(wheel: Path) -> None:
    """Ends the command if the wheel is larger than a release may be."""
    size = wheel.stat().st_size
    if size > LARGEST_WHEEL_BYTES:
        raise SystemExit(f"{wheel.name} has {size:,} bytes; at most {LARGEST_WHEEL_BYTES:,} are allowed")


def install(wheel: Path, folder: Path) -> Path:
    """A fresh environment with the wheel and the extra cpu, installed without the network; returns its Python."""
    wheels = folder / "wheels"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    run(*pip, "download", "--only-binary", ":all:", "-d", wheels, f"{wheel}[cpu]")
    venv.create(folder / "fresh", with_pip=True)
    python = folder / "fresh" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    offline = ("-m", "pip", "--isolated", "--disable-pip-version-check", "-q", "install", "--no-index")
    run(python, *offline, "--find-links", wheels, f"{wheel}[cpu]", env=OFFLINE)
    return python


def cut_out(python: Path, wheel: Path, folder: Path) -> None:
    """Runs what was installed, outside the repository."""
    command = python.with_name("tress")
    said = run(command, "--version", cwd=folder, env=OFFLINE).strip()
    wanted = re.match(r"tress-([^-]+)-", wheel.name)
    if not wanted or said != f"tress {wanted[1]}":
        raise SystemExit(f"{wheel.name} says that it is {said!r}")
    shutil.copy(ROOT / "examples" / "lemur.jpg", folder / "photo.jpg")
    run(command, "photo.jpg", "--json", cwd=folder, env=OFFLINE)
    if not (folder / "photo.cutout.png").is_file():
        raise SystemExit("no cut-out was written")
    run(command, "photo.cutout.png", "--mask", "-o", "mask.png", cwd=folder, env=OFFLINE)


def bill(python: Path, wheel: Path) -> None:
    """Writes the CycloneDX bill of materials of the fresh environment."""
    name = wheel.name.partition("-py3")[0]
    target = DIST / f"{name}.cdx.json"
    cyclonedx = Path(sys.executable).with_name("cyclonedx-py")
    options = ("--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "--output-format", "JSON")
    run(cyclonedx, "environment", python, *options, "--output-file", target)
    document = json.loads(target.read_text(encoding="utf-8"))
    # pyproject.toml does not know the version, which stands in the sources alone.
    document["metadata"]["component"]["version"] = name.partition("-")[2]
    document["metadata"]["component"]["hashes"] = [{"alg": "SHA-256", "content": digest(wheel)}]
    target.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Runs a command, and ends this one if it fails; returns what it said."""
    words = [str(word) for word in command]
    settings = {"cwd": cwd, "env": os.environ | (env or {}), "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(words, text=True, check=False, **settings)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\nended with {done.returncode}:\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
