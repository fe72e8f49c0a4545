"""Speed and memory of tress beside rembg, on the same machine, in the same run, one after the other in turns.

    make bench-speed                                  # the whole thing
    python -m benchmarks.speed.run --sizes 1 --rounds 1 --out /tmp/try.json

- *cold*: a whole process from the command line, with everything that starting costs.
- *warm*: a worker that is loaded already, from the file's bytes to the bytes of the PNG; per stage for tress.
- Pictures: two photos of the repository, scaled: ``short edge`` (a product) and ``long hair`` (a furry animal).
- Every tool is kept on as many cores as it may have threads.  Each runs unmeasured first (file cache, compiled code; a
  loaded worker twice, since the second run of rembg is slower still than those after it); then all take turns, in an
  order that rotates every round.

Results: ``benchmarks/results/speed.json``, described by ``speed.schema.json``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
from benchmarks import machine, schema
from benchmarks.speed.tools import Tool, Warm, run_cold

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PHOTOS = {"short edge": "product.jpg", "long hair": "lemur.jpg"}
SIZES_MP = (0.25, 1.0, 4.0, 12.0, 50.0)
# rembg's matting solves one large linear system: beyond this it takes minutes a picture and gigabytes.
MATTING_LIMIT_MP = 4.0
LIMIT_S = 600.0
OURS = "tress"
UNMEASURED = {"cold": 1, "warm": 2}


def make_picture(content: str, megapixels: float, folder: Path) -> Path:
    """One of the photos at a size, as JPEG."""
    image = cv2.imread(str(ROOT / "examples" / PHOTOS[content]))
    scale = (megapixels * 1e6 / (image.shape[0] * image.shape[1])) ** 0.5
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(image, (round(image.shape[1] * scale), round(image.shape[0] * scale)), interpolation=method)
    path = folder / f"{content.replace(' ', '-')}-{megapixels:g}mp.jpg"
    cv2.imwrite(str(path), scaled, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return path


def make_tools(options: argparse.Namespace) -> list[Tool]:
    """Ours first."""
    made = [Tool(OURS, options.tress, "tress", options.model, False, options.peers)]
    for network in ("u2netp", "isnet-general-use"):
        for matting in (False, True):
            name = f"rembg {network}{' -a' if matting else ''}"
            made.append(Tool(name, options.rembg, "rembg", network, matting, options.peers))
    return [tool for tool in made if not options.tools or tool.name in options.tools]


def make_cases(options: argparse.Namespace) -> list[dict[str, Any]]:
    """What is measured: every size and content with all cores; one megapixel with one core too."""
    cores = len(os.sched_getaffinity(0))
    cases = [
        {"mode": mode, "content": content, "megapixels": size, "threads": cores}
        for mode in options.modes
        for size in (options.cold_sizes or options.sizes if mode == "cold" else options.sizes)
        for content in PHOTOS
    ]
    if cores > 1:
        cases += [{"mode": mode, "content": "long hair", "megapixels": 1.0, "threads": 1} for mode in options.modes]
    return cases


def run_case(
    case: dict[str, Any], tools: list[Tool], picture: Path, folder: Path, *, rounds: int, matting_limit_mp: float
) -> list[dict[str, Any]]:
    """All tools on one case, in turns; a result a tool."""
    threads = case["threads"]
    runs: dict[str, list[dict[str, Any]]] = {tool.name: [] for tool in tools}
    skipped = {tool.name for tool in tools if tool.matting and case["megapixels"] > matting_limit_mp}
    active = [tool for tool in tools if tool.name not in skipped]
    workers = {tool.name: Warm(tool, threads) for tool in active} if case["mode"] == "warm" else {}

    def once(tool: Tool) -> dict[str, Any]:
        if workers:
            return workers[tool.name].run(picture, LIMIT_S)
        return run_cold(tool, picture, folder / "result.png", threads, LIMIT_S)

    try:
        unmeasured = UNMEASURED[case["mode"]]
        for number in range(-unmeasured, rounds):
            turn = number % max(1, len(active))
            for tool in active[turn:] + active[:turn]:
                if any("error" in run for run in runs[tool.name]):
                    continue
                found = once(tool)
                if number >= 0 or "error" in found:
                    runs[tool.name].append(found)
                print(f"  {tool.name}: {found.get('seconds', found.get('error'))}", file=sys.stderr)
    finally:
        for worker in workers.values():
            worker.close()
    too_large = f"not tried beyond {matting_limit_mp:g} MP"
    return [
        {"tool": tool.name, "error": too_large} if tool.name in skipped else summarise(tool.name, runs[tool.name])
        for tool in tools
    ]


def summarise(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians and spread of a tool's runs."""
    errors = [run["error"] for run in runs if "error" in run]
    if errors or not runs:
        return {"tool": name, "error": (errors or ["no run"])[0]}
    spread = {key: _spread([run[key] for run in runs]) for key in ("seconds", "cpu_seconds", "peak_bytes")}
    result = {"tool": name, "runs": len(runs), "result_bytes": runs[-1]["result_bytes"], **spread}
    if stages := [run["stages"] for run in runs if run.get("stages")]:
        result["stages_seconds"] = {key: round(statistics.median(s[key] for s in stages), 5) for key in stages[0]}
    return result


def _spread(numbers: list[float]) -> dict[str, float]:
    ordered = [round(number, 5) for number in sorted(numbers)]
    return {"median": statistics.median(ordered), "low": ordered[0], "high": ordered[-1]}


def ratios(results: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """How many times more each other tool needs than ours, by medians."""
    ours = next((one for one in results if one["tool"] == OURS and "error" not in one), None)
    if ours is None:
        return {}
    return {
        other["tool"]: {
            key: round(other[key]["median"] / ours[key]["median"], 2)
            for key in ("seconds", "cpu_seconds", "peak_bytes")
            if ours[key]["median"]
        }
        for other in results
        if other is not ours and "error" not in other
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tress", type=Path, default=Path(sys.executable), help="interpreter with tress")
    parser.add_argument("--rembg", type=Path, default=Path(".venv-rembg/bin/python"), help="interpreter with rembg")
    parser.add_argument("--peers", type=Path, default=Path(".cache/peers"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--sizes", type=float, nargs="+", default=list(SIZES_MP), help="megapixels")
    parser.add_argument("--cold-sizes", type=float, nargs="+", help="megapixels of whole processes, if others")
    parser.add_argument("--matting-limit-mp", type=float, default=MATTING_LIMIT_MP, help="largest picture for -a")
    parser.add_argument("--modes", nargs="+", choices=("cold", "warm"), default=["cold", "warm"])
    parser.add_argument("--tools", nargs="+", help="only these, by name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "speed.json")
    options = parser.parse_args()

    tools = make_tools(options)
    cases = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for case in make_cases(options):
            print(", ".join(f"{key} {value}" for key, value in case.items()), file=sys.stderr)
            picture = make_picture(case["content"], case["megapixels"], folder)
            limit = options.matting_limit_mp
            results = run_case(case, tools, picture, folder, rounds=options.rounds, matting_limit_mp=limit)
            cases.append({**case, "results": results, "times_ours": ratios(results)})
    versions = {}
    for program, python, packages in (
        ("tress", options.tress, ["tress", "numpy", "opencv-python-headless", "onnxruntime", "pillow"]),
        ("rembg", options.rembg, ["rembg", "PyMatting", "numba", "numpy", "onnxruntime", "pillow"]),
    ):
        if any(tool.program == program for tool in tools):
            versions[program] = machine.versions(python, packages)
    result = {
        "schema": 1,
        "machine": machine.describe(),
        "versions": versions,
        "rounds": options.rounds,
        "cases": cases,
    }
    schema.write(result, options.out, RESULTS / "speed.schema.json")


if __name__ == "__main__":
    main()
