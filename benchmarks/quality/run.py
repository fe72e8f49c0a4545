"""Quality of tress, with and without its refiner, beside rembg with U2NetP and IS-Net, each plain and with its matting.

    make bench-quality DATA=path/to/data            # the whole thing
    python -m benchmarks.quality.run --data DATA --peers .cache/peers --rembg .venv-rembg/bin/python

Matting takes rembg ten seconds a picture and more, and shows only where the true alpha is soft and known, so the
committed results are two: the plain networks on everything, and all of them on the sets with exact alpha, with our
locator alone and with a guided filter in the refiner's place.

Every predictor is scored by ``tress eval``; the report with pictures stays in the work folder, the figures without
them go to ``benchmarks/results/quality.json`` (``quality.schema.json`` describes it).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks import machine, schema

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results"
PEERS = (("u2netp", False), ("u2netp", True), ("isnet-general-use", False), ("isnet-general-use", True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--peers", type=Path, default=Path(".cache/peers"))
    parser.add_argument("--rembg", type=Path, default=Path(".venv-rembg/bin/python"), help="interpreter with rembg")
    parser.add_argument("--model", default="default", help="ours: a name or an ONNX file")
    parser.add_argument("--work", type=Path, default=Path(".cache/bench-quality"))
    parser.add_argument("--out", type=Path, default=RESULTS / "quality.json")
    parser.add_argument("--every", type=int, default=1, help="only every n-th picture, to try it out")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sets", nargs="+", default=[], help="only these data sets")
    parser.add_argument("--metric", nargs="+", default=[], help="only these metrics")
    parser.add_argument("--plain", action="store_true", help="leave out rembg's matting and ours without refiner")
    options = parser.parse_args()

    from benchmarks.quality import predict_unrefined

    from tress.evaluation.data import read_data
    from tress.evaluation.run import Options, choose, evaluate

    chosen = Options(
        every=options.every, threads=options.threads, sets=tuple(options.sets), metrics=tuple(options.metric)
    )
    names = options.work / "names.json"
    names.parent.mkdir(parents=True, exist_ok=True)
    chosen_names = choose(read_data(options.data), chosen).names
    names.write_text(json.dumps(chosen_names))

    folders = []
    if not options.plain:
        unrefined = {key: options.work / f"unrefined-{key}" for key in predict_unrefined.NAMES}
        predict_unrefined.predict(options.data, list(chosen_names), unrefined, options.model)
        folders += [str(folder) for folder in unrefined.values()]
    for network, matting in PEERS:
        if matting and options.plain:
            continue
        folder = options.work / f"{network}{'-matting' if matting else ''}"
        command = [options.rembg, HERE / "predict_rembg.py", options.data, folder, names]
        command += ["--network", network, "--peers", options.peers, *(["--matting"] if matting else [])]
        subprocess.run([str(part) for part in command], check=True)
        folders.append(str(folder))
    outcome = evaluate(
        options.data,
        [options.model, *folders],
        options.work / "report",
        chosen,
        lambda what, done, of: print(f"\r{what} {done}/{of}", end="\n" if done == of else "", file=sys.stderr),
    )
    keep = ("tress", "data", "metrics", "slices", "models", "scores", "differences", "calibration", "bootstrap")
    for model in outcome.report["models"]:
        # Answers are made whenever the machine has time for them; the speed benchmark measures time.
        del model["seconds"]
    result = {
        "schema": 1,
        "machine": machine.describe(),
        "versions": {
            "tress": machine.versions(sys.executable, ["tress", "numpy", "opencv-python-headless", "onnxruntime"]),
            "rembg": machine.versions(options.rembg, ["rembg", "PyMatting", "numpy", "onnxruntime"]),
        },
        **{key: outcome.report[key] for key in keep},
        "problems": [problem for problem in outcome.report["problems"] if not problem["expected"]],
    }
    schema.write(result, options.out, RESULTS / "quality.schema.json")
    print((options.work / "report" / "report.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
