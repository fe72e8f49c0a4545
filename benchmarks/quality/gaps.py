"""The share of gaps that are opened: between arms and body, legs, in handles and rings; beside rembg.

    python -m benchmarks.quality.gaps --data DATA --data MORE

``gaps.json`` names pictures of fashion-people and luma-people whose true alpha has gaps by the metric ``gaps``.  Every
gap was looked at, enlarged; pictures were left out where the alpha is wrong or it is no gap: a clear heel, a drinking
glass, a fold of trousers, the handles of a white bag, white that was left over when the subject was keyed.

The pictures are gathered from the folders in a folder of links, and scored by the quality benchmark.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality import run

from tress.errors import InputError
from tress.evaluation.data import read_data

LIST = Path(__file__).parent / "gaps.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, action="append", required=True, help="folder with manifest.jsonl; repeatable"
    )
    parser.add_argument("--work", type=Path, default=Path(".cache/bench-gaps"))
    parser.add_argument("--out", type=Path, default=run.RESULTS / "gaps.json")
    options, others = parser.parse_known_args()
    data = gather(read_list(), options.data, options.work / "data")
    given = ["--data", data, "--work", options.work, "--out", options.out, "--plain", "--metric", "gaps"]
    sys.argv[1:] = [*map(str, given), *others]
    run.main()


def read_list() -> list[str]:
    """Names of the pictures with gaps: data set and file."""
    names: list[str] = json.loads(LIST.read_text(encoding="utf-8"))["gaps"]
    return names


def gather(names: Sequence[str], folders: Sequence[Path], target: Path) -> Path:
    """A data folder of the pictures ``names``, as links to those in ``folders``.

    Raises:
        InputError: a picture is in none of them.
    """
    found = {}
    for folder in folders:
        data = read_data(folder.resolve())
        found.update(zip(data.names, data.records, strict=True))
    if missing := [name for name in names if name not in found]:
        raise InputError(
            "pictures_missing",
            f"{len(missing)} of the pictures with gaps are in none of the folders, {missing[0]} for one",
            hint="name the folders of both val and val-more with --data",
        )
    rows = []
    for name in names:
        record = found[name]
        assert record.alpha is not None
        alpha = f"{Path(name).parent.as_posix()}/{record.alpha.name}"
        for file, link in ((record.image, target / name), (record.alpha, target / alpha)):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(file)
        about = {"set": record.set, "kind": record.kind, "edge": record.edge, "ignore_px": record.ignore_px}
        rows.append(json.dumps({"image": name, "alpha": alpha, **about}))
    (target / "manifest.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    main()
