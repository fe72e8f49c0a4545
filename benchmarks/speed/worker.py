"""A process that stays alive and cuts out one picture a request, so that start-up does not count.

Reads lines of JSON ``{"picture": PATH}`` from stdin and answers each on stdout.  The time runs from the file's bytes to
the bytes of the finished PNG.  Runs in the environment of the tool that it measures.

    python worker.py tress --model default --threads 2
    python worker.py rembg --model u2netp --threads 2 [--matting]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cut = Callable[[bytes], tuple[bytes, dict[str, float]]]


def tress(model: str, threads: int | None) -> Cut:
    from tress.api import Remover
    from tress.outputs import OutputOptions
    from tress.produce import produce

    remover = Remover(model, threads=threads)

    def cut(data: bytes) -> tuple[bytes, dict[str, float]]:
        product = produce(remover, data, OutputOptions())
        return product.data, product.seconds

    return cut


def rembg(model: str, threads: int | None, matting: bool) -> Cut:
    os.environ["MODEL_CHECKSUM_DISABLED"] = "1"
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
    from rembg import new_session, remove

    session = new_session(model)

    def cut(data: bytes) -> tuple[bytes, dict[str, float]]:
        return remove(data, session=session, alpha_matting=matting, force_return_bytes=True), {}

    return cut


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=("tress", "rembg"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--matting", action="store_true")
    options = parser.parse_args()
    # Libraries that print must not disturb the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    if options.tool == "tress":
        cut = tress(options.model, options.threads)
    else:
        cut = rembg(options.model, options.threads, options.matting)
    answer({"ready": True, "peak_bytes": peak_bytes()})
    for line in sys.stdin:
        data = Path(json.loads(line)["picture"]).read_bytes()
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            result, stages = cut(data)
        except Exception as error:  # one answer a request, whatever happens
            answer({"error": f"{type(error).__name__}: {error}"[:300]})
            continue
        answer(
            {
                "seconds": time.perf_counter() - wall,
                "cpu_seconds": time.process_time() - cpu,
                "peak_bytes": peak_bytes(),
                "result_bytes": len(result),
                "stages": stages,
            }
        )


if __name__ == "__main__":
    main()
