"""What `tress batch` costs beside the bare pipeline.

    make bench-batch
    python -m benchmarks.speed.batch --pictures 4 --rounds 1 --files 1000 --no-ray --out try.json   # quick

1. speed: 4 MP photos a second of the pipeline alone (decode to file, two at once, in this process), of one worker that
   has all cores, and of two that share them; in turn, several rounds, medians.  Loading the networks is left out;
2. memory: the highest resident set of a worker;
3. plan: seconds and memory for a folder of many files, the first time and with a full ledger;
4. ledger: milliseconds a row, on this disk;
5. ray: the same photos on a cluster on this machine, its start told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import machine
from PIL import Image

import tress
from tress import batch
from tress.api import Remover
from tress.batch.ledger import Journal
from tress.batch.local_engine import LocalEngine
from tress.batch.planfile import read_items, read_plan
from tress.batch.rows import Row
from tress.batch.store import LocalStore
from tress.batch.worker import AT_ONCE, now
from tress.io.files import write_atomic
from tress.outputs import OutputOptions
from tress.produce import produce

ROOT = Path(__file__).parents[2]
MEGAPIXELS = 4.0
_PLAN = """
import json, os, sys, time
from benchmarks.speed.batch import peak_bytes
from tress import batch
report = batch.plan(sys.argv[1], sys.argv[2])
told = {"seconds": report.seconds, "cpu_seconds": time.process_time(), "to_do": report.to_do}
print(json.dumps({**told, "peak_bytes": peak_bytes([os.getpid()])}))
"""


def photos(folder: Path, count: int) -> list[Path]:
    """The example photos at 4 megapixels, again and again."""
    folder.mkdir(parents=True)
    examples = sorted((ROOT / "examples").glob("*.jpg"))
    made = []
    for number in range(count):
        with Image.open(examples[number % len(examples)]) as image:
            scale = (MEGAPIXELS * 1e6 / (image.width * image.height)) ** 0.5
            large = image.convert("RGB").resize((round(image.width * scale), round(image.height * scale)))
        made.append(folder / f"{number:04d}.jpg")
        large.save(made[-1], quality=90)
    return made


def bare(remover: Remover, paths: list[Path], out: Path) -> float:
    """Pictures a second of the pipeline alone."""
    options = OutputOptions()

    def work(path: Path) -> None:
        write_atomic(out / f"{path.stem}.png", produce(remover, path, options).data, overwrite=True)

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, paths))
    return len(paths) / (time.perf_counter() - started)


def batched(source: Path, out: Path, engine: Any, workers: int | None = None) -> float:
    """Pictures a second of a batch into an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    batch.plan(str(source), str(out))
    summary = batch.run(str(out), how=batch.How(workers=workers), engine=engine)
    if summary.failed or summary.left:
        raise SystemExit(f"the batch did not finish: {summary}")
    return summary.made / summary.seconds


def peak_bytes(processes: list[int]) -> int:
    """The highest resident set of any of these processes so far; 0 where the system does not tell."""
    peaks = [0]
    for process in processes:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                peaks.append(int(line.split()[1]) * 1024)
    return max(peaks)


def speed(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Bare pipeline, one worker and two, in turn."""
    paths = photos(folder / "photos", count)
    remover, cores = Remover(), len(os.sched_getaffinity(0))
    rates: dict[str, list[float]] = {"bare": [], "one_worker": [], "two_workers": []}
    memory = {}
    bare(remover, paths[:2], folder / "bare")
    for _ in range(rounds):
        rates["bare"].append(bare(remover, paths, folder / "bare"))
        for name, workers in (("one_worker", 1), ("two_workers", 2)):
            with closing(LocalEngine()) as engine:
                rates[name].append(batched(folder / "photos", folder / name, engine, workers))
                memory[name] = peak_bytes(engine.processes())
    rows = list(batch.read_rows(str(folder / "one_worker")))
    steps = sorted({step for row in rows for step in row.seconds})
    medians = {name: statistics.median(values) for name, values in rates.items()}
    return {
        "pictures": count,
        "megapixels": MEGAPIXELS,
        "cores": cores,
        "pictures_per_second": medians,
        "pictures_per_second_and_core": {name: value / cores for name, value in medians.items()},
        "of_bare": {name: medians[name] / medians["bare"] for name in ("one_worker", "two_workers")},
        "rounds": rates,
        "seconds_per_step": {
            step: statistics.median(row.seconds[step] for row in rows if step in row.seconds) for step in steps
        },
        "peak_bytes_per_worker": memory,
    }


def planning(folder: Path, count: int) -> dict[str, Any]:
    """Plans a folder of many files, and once more when all of them have a row."""
    source, out = folder / "many", folder / "planned"
    first = source
    for number in range(count):
        path = source / f"{number // 1000:04d}" / f"{number:07d}.jpg"
        if number % 1000 == 0:
            # A file has room for some ten thousand names, not for all.
            path.parent.mkdir(parents=True)
            first = Path(shutil.copy(ROOT / "examples/car.jpg", path))
        else:
            os.link(first, path)
    return {"files": count, "first": planned(source, out), "with_a_full_ledger": full(source, out)}


def planned(source: Path, out: Path) -> dict[str, Any]:
    """Plans in a process of its own, whose memory is known."""
    done = subprocess.run(
        [sys.executable, "-c", _PLAN, str(source), str(out)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return json.loads(done.stdout)


def full(source: Path, out: Path) -> dict[str, Any]:
    """Fills the ledger as a run does, and plans again."""
    store = LocalStore(out)
    header = read_plan(store)
    rows = 0
    started = time.perf_counter()
    for shard in range(header.shards):
        journal = Journal(store, shard, "bench")
        items = list(read_items(store, header, shard))
        for start in range(0, len(items), 16):
            journal.begin(item.output for item in items[start : start + 16])
            for item in items[start : start + 16]:
                facts = {"input_bytes": item.size_bytes, "input_version": item.version, "finished": now()}
                journal.add(Row(input=item.input, output=item.output, status="ok", seconds={"locate": 0.1}, **facts))
                rows += 1
        journal.close()
    seconds = time.perf_counter() - started
    return {**planned(source, out), "ledger_ms_per_row": seconds * 1000 / rows}


def on_ray(folder: Path) -> dict[str, Any]:
    """The same photos on a cluster on this machine."""
    import ray

    from tress.batch.ray_engine import RayEngine

    started = time.perf_counter()
    ray.init(include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False, logging_level="warning")
    start_seconds = time.perf_counter() - started
    try:
        cores = int(ray.cluster_resources()["CPU"])
        rate = batched(folder / "photos", folder / "ray", RayEngine(num_cpus=cores))
    finally:
        ray.shutdown()
    return {"start_seconds": start_seconds, "pictures_per_second": rate}


def main() -> None:
    """Measures and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--ray", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--note", default="", help="what a reader of the result must know")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/batch.json")
    options = parser.parse_args()
    result: dict[str, Any] = {"schema": 1, "tress": tress.__version__, "machine": machine.describe()}
    result["note"] = options.note
    with tempfile.TemporaryDirectory(prefix="tress-bench-") as name:
        folder = Path(name)
        result["speed"] = speed(folder, options.pictures, options.rounds)
        result["plan"] = planning(folder, options.files)
        result["ray"] = on_ray(folder) if options.ray else None
    options.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
