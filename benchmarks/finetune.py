"""Fine-tunes on the tutorial's 50 pictures and writes time and scores: ``python -m benchmarks.finetune``.

Wants a machine with nothing else to do.  One run with released weights, two threads.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE / "results/finetune.json"
COUNT = 50


def main() -> None:
    """Runs the tutorial's commands and writes ``results/finetune.json``."""
    threads = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    with tempfile.TemporaryDirectory() as folder:
        photos, model = Path(folder) / "my-products", Path(folder) / "mine.onnx"
        drawing = [sys.executable, str(HERE.parent / "tools/tutorial_pictures.py"), str(photos), "--count", str(COUNT)]
        subprocess.run(drawing, check=True)
        started = time.monotonic()
        words = ["-m", "tress_train", "finetune", "--data", str(photos), "--out", str(model)]
        done = subprocess.run(
            [sys.executable, *words], env={**os.environ, **threads}, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - started
        rows = [json.loads(line) for line in (model.with_suffix(".run") / "log.jsonl").read_text().splitlines()]
    steps = max(row["total"] for row in rows if row["event"] == "train")
    per_step = [row["seconds_per_step"] for row in rows if row["event"] == "train"]
    result = {
        "pictures": COUNT,
        "seconds": round(seconds, 1),
        "steps": steps,
        "seconds_per_step": sorted(per_step)[len(per_step) // 2],
        "exported": done.returncode == 0,
        "said": [line for line in done.stdout.splitlines() if "->" in line],
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
    }
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
