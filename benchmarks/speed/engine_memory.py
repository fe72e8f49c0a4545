"""Does ONNX Runtime's memory stay bounded when one process runs pictures of ever-changing sizes?

    python benchmarks/speed/engine_memory.py export locator.onnx          # needs torch
    python benchmarks/speed/engine_memory.py measure locator.onnx --out benchmarks/results/engine_memory.json

``measure`` needs onnxruntime and numpy alone, so that it also runs in an environment with another version; results of
several versions are collected in one file.  Each setting runs in a process of its own.  Linux only (reads /proc).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

# What a session can be told about its memory.
SETTINGS = {
    "default": {},
    "no_pattern": {"pattern": False},
    "no_arena": {"pattern": False, "arena": False},
    "shrink": {"pattern": False, "shrink": True},
}


def export(path: Path, variant: str) -> None:
    """Writes a locator with random weights: memory does not depend on their values."""
    import torch

    from tress_train.models.locator import Locator

    torch.manual_seed(0)
    net = Locator(variant).eval()
    axes = {name: {0: "n", 2: "h", 3: "w"} for name in ("image", "alpha", "uncertainty")}
    torch.onnx.export(
        net,
        (torch.rand(1, 3, 256, 256),),
        str(path),
        input_names=["image"],
        output_names=["alpha", "uncertainty", "presence"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def rss_mb() -> float:
    """Resident memory of this process, in 10^6 bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_one(model: Path, setting: str, runs: int, sizes_px: tuple[int, int], threads: int) -> dict:
    """Runs ``runs`` random pictures of random sizes and records the memory along the way."""
    import onnxruntime as ort

    wanted = SETTINGS[setting]
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = wanted.get("pattern", True)
    options.enable_cpu_mem_arena = wanted.get("arena", True)
    options.log_severity_level = 3
    run_options = ort.RunOptions()
    if wanted.get("shrink"):
        run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    rng = np.random.default_rng(0)
    choices = np.arange(sizes_px[0], sizes_px[1] + 1, 32)
    loaded_mb, curve, start = rss_mb(), [], time.process_time()
    for run in range(1, runs + 1):
        # The largest size comes first, so that growth after it is not just a larger picture.
        height, width = (choices[-1], choices[-1]) if run == 1 else rng.choice(choices, 2)
        session.run(None, {name: rng.random((1, 3, height, width), dtype=np.float32)}, run_options)
        if run in (1, 10) or run % 50 == 0:
            curve.append([run, round(rss_mb(), 1)])
    late = [mb for run, mb in curve if run > runs // 2]
    runs_late = [run for run, _ in curve if run > runs // 2]
    return {
        "onnxruntime": ort.__version__,
        "setting": setting,
        "runs": runs,
        "threads": threads,
        "sizes_px": list(sizes_px),
        "loaded_mb": round(loaded_mb, 1),
        "peak_mb": max(mb for _, mb in curve),
        "last_mb": curve[-1][1],
        "growth_kb_per_run": round(float(np.polyfit(runs_late, late, 1)[0]) * 1000, 2),
        "cpu_ms_per_run": round((time.process_time() - start) / runs * 1000, 1),
        "rss_mb": curve,
    }


def measure(args: argparse.Namespace) -> None:
    """Runs every setting in its own process and adds the results to the file."""
    results = json.loads(args.out.read_text())["results"] if args.out.exists() else []
    for setting in args.settings:
        command = [sys.executable, __file__, "one", str(args.model), setting]
        command += ["--runs", str(args.runs), "--sizes", *map(str, args.sizes), "--threads", str(args.threads)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        result = json.loads(answer.stdout)
        print({key: value for key, value in result.items() if key != "rss_mb"}, flush=True)
        same = (result["onnxruntime"], setting)
        results = [old for old in results if (old["onnxruntime"], old["setting"]) != same] + [result]
        page = {"machine": platform.machine(), "python": platform.python_version(), "results": results}
        args.out.write_text(json.dumps(page, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    exporting = commands.add_parser("export")
    exporting.add_argument("model", type=Path)
    exporting.add_argument("--variant", default="lite0")
    for name in ("measure", "one"):
        sub = commands.add_parser(name)
        sub.add_argument("model", type=Path)
        if name == "measure":
            sub.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
            sub.add_argument("--out", type=Path, required=True)
        else:
            sub.add_argument("setting", choices=SETTINGS)
        sub.add_argument("--runs", type=int, default=1000)
        sub.add_argument("--sizes", type=int, nargs=2, default=(256, 512))
        sub.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if args.command == "export":
        export(args.model, args.variant)
    elif args.command == "measure":
        measure(args)
    else:
        print(json.dumps(run_one(args.model, args.setting, args.runs, tuple(args.sizes), args.threads)))


if __name__ == "__main__":
    main()
