"""Cuts out every picture of a data set with rembg, as its users get it.  Runs in rembg's own environment.

    python benchmarks/quality/predict_rembg.py DATA OUT NAMES --network u2netp --peers .cache/peers [--matting]

``NAMES`` is a JSON file, a list of picture names.  Writes one file a picture and ``predictor.json``, the format of
``tress eval``'s folders: a mask, or with ``--matting`` (rembg's ``-a``: pymatting's closed form and foreground
estimation, with rembg's settings) an RGBA cut-out.
A run that was stopped goes on where it was.  rembg falls back on the plain mask, without a word, where matting fails.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from PIL import Image, ImageOps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", type=Path)
    parser.add_argument("--network", choices=("u2netp", "isnet-general-use"), required=True)
    parser.add_argument("--peers", type=Path, required=True, help="folder that fetch_peers filled")
    parser.add_argument("--matting", action="store_true")
    options = parser.parse_args()

    # Both are read when rembg is imported or makes a session.
    os.environ["U2NET_HOME"] = str(options.peers.resolve())
    os.environ["MODEL_CHECKSUM_DISABLED"] = "1"
    from rembg import new_session, remove

    options.out.mkdir(parents=True, exist_ok=True)
    about_file = options.out / "predictor.json"
    about = json.loads(about_file.read_text()) if about_file.is_file() else {"seconds": {}}
    about["name"] = f"rembg {options.network}{' + matting' if options.matting else ''}"
    about["size_bytes"] = (options.peers / f"{options.network}.onnx").stat().st_size
    session = new_session(options.network)
    for name in json.loads(options.names.read_text()):
        target = (options.out / name).with_suffix(".png")
        if target.is_file() and name in about["seconds"]:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(options.data / name) as file:
            image = ImageOps.exif_transpose(file).convert("RGB")
        started = time.perf_counter()
        answer = remove(image, session=session, only_mask=not options.matting, alpha_matting=options.matting)
        about["seconds"][name] = round(time.perf_counter() - started, 4)
        answer.save(target, compress_level=1)
        about_file.write_text(json.dumps(about))
        print(f"{about['name']}: {name} {about['seconds'][name]:.2f} s", flush=True)


if __name__ == "__main__":
    main()
