"""``evaluate`` and ``tress eval`` on a tiny data set."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tress.cli.main import main
from tress.errors import InputError
from tress.evaluation.predictors import Prediction
from tress.evaluation.run import Options, evaluate

SIZE = (48, 64)


def true_alpha(shift: int) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    distance = np.hypot(y - 24, x - 26 - shift)
    return (np.clip(14 - distance, 0, 1) * 255).astype(np.uint8)


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three soft, three hard, one unknown128 and two empty pictures."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    rows = []
    for i, (name, edge) in enumerate([("soft", "exact")] * 3 + [("hard", "hard")] * 3 + [("pets", "unknown128")]):
        alpha = true_alpha(i)
        image = rng.integers(0, 80, (*SIZE, 3)).astype(np.uint8)
        image[alpha > 127] += 150
        save(root / name / f"{i}.png", image)
        save(root / name / f"{i}.alpha.png", alpha)
        rows.append({"image": f"{name}/{i}.png", "alpha": f"{name}/{i}.alpha.png", "set": name, "edge": edge})
    for i in range(2):
        save(root / "empty" / f"{i}.png", rng.integers(0, 255, (*SIZE, 3)).astype(np.uint8))
        rows.append({"image": f"empty/{i}.png", "set": "empty", "edge": "empty"})
    kinds = {"soft": "people", "hard": "objects", "pets": "animals", "empty": "empty"}
    full = [{**row, "kind": kinds[row["set"]], "ignore_px": 2 if row["edge"] == "hard" else 0} for row in rows]
    (root / "manifest.jsonl").write_text("\n".join(map(json.dumps, full)))
    return root


def predictions(data: Path, folder: Path, shift: int) -> Path:
    """Alphas that are ``shift`` pixels off."""
    for line in (data / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        name = Path(row["image"])
        alpha = np.roll(true_alpha(int(name.stem)), shift, axis=1) if "alpha" in row else np.zeros(SIZE, np.uint8)
        save(folder / name, alpha)
    return folder


class Counting:
    """A predictor that counts its calls and always finds the middle."""

    name = "counting"
    size_bytes = 1000
    cleans_colours = True

    def __init__(self) -> None:
        self.calls = 0

    def key(self, name: str) -> str:
        return "counting 1"

    def predict(self, name: str, image: np.ndarray) -> Prediction:
        self.calls += 1
        alpha = true_alpha(3).astype(np.float32) / 255
        return Prediction(alpha, presence=0.8, confidence=0.7, found=True, seconds=0.01)


def test_a_perfect_folder_beats_a_shifted_one(data, tmp_path):
    good, bad = predictions(data, tmp_path / "good", 0), predictions(data, tmp_path / "bad", 4)
    outcome = evaluate(data, [str(bad), str(good)], tmp_path / "out", Options(threads=1))
    assert outcome.problems == []
    scores = outcome.report["scores"]["good"]
    assert scores["mean of sets"]["iou"]["value"] == 1
    assert scores["set:soft"]["sad"]["value"] == 0
    assert scores["all"]["presence_auroc"]["value"] == 1
    assert outcome.report["scores"]["bad"]["all"]["iou"]["value"] < 0.9
    assert outcome.report["scores"]["bad"]["slice:people"]["sad_unknown"]["value"] > 0
    verdicts = {d["metric"]: d["verdict"] for d in outcome.report["differences"] if d["group"] == "all"}
    assert verdicts["iou"] == verdicts["sad"] == verdicts["boundary_iou"] == "better"


def test_soft_metrics_never_see_hard_or_unknown_edges(data, tmp_path):
    folder = predictions(data, tmp_path / "bad", 3)
    report = evaluate(data, [str(folder)], tmp_path / "out", Options(threads=1)).report
    soft = {name for name, metric in report["metrics"].items() if metric["labels"] == "soft"}
    assert soft >= {"sad", "mse", "mad", "grad", "conn", "colour_error"}
    for group in ("set:hard", "set:pets", "slice:objects"):
        assert not soft & set(report["scores"]["bad"][group]), group
    assert report["scores"]["bad"]["all"]["sad"]["n"] == 3
    assert report["scores"]["bad"]["all"]["iou"]["n"] == 7
    assert report["scores"]["bad"]["all"]["mae"]["n"] == 9


def test_errors_within_the_ignored_band_cost_nothing(data, tmp_path):
    folder = predictions(data, tmp_path / "near", 0)
    for i in (3, 4, 5):
        alpha = true_alpha(i)
        y, x = np.mgrid[: SIZE[0], : SIZE[1]]
        alpha[np.abs(np.hypot(y - 24, x - 26 - i) - 13.5) < 1] = 128
        save(folder / "hard" / f"{i}.png", alpha)
    report = evaluate(data, [str(folder)], tmp_path / "out", Options(threads=1)).report
    assert report["scores"]["near"]["set:hard"]["mae"]["value"] == 0
    assert report["scores"]["near"]["set:hard"]["iou"]["value"] == 1


def test_what_was_done_is_not_done_again(data, tmp_path):
    first = Counting()
    before = evaluate(data, [first], tmp_path / "out", Options(threads=1)).report
    assert first.calls == 9
    # A torn cache file is made anew; everything else is kept.
    victim = sorted((tmp_path / "out" / "cache" / "predictions").glob("*.png"))[0]
    victim.write_bytes(victim.read_bytes()[:40])
    again = Counting()
    assert evaluate(data, [again], tmp_path / "out", Options(threads=1)).report == before
    assert again.calls == 1


def test_two_processes_give_what_one_gives(data, tmp_path):
    folder = str(predictions(data, tmp_path / "bad", 3))
    reports = [evaluate(data, [folder], tmp_path / f"out{n}", Options(threads=n)).report for n in (1, 2)]
    assert reports[0] == reports[1]


def test_broken_pictures_are_named_and_counted(data, tmp_path):
    folder = predictions(data, tmp_path / "mine", 0)
    (data / "soft" / "0.png").write_bytes(b"no picture")
    (data / "soft" / "1.png").unlink()
    save(data / "hard" / "3.alpha.png", np.zeros((10, 10), np.uint8))
    (folder / "hard" / "4.png").unlink()
    save(folder / "hard" / "5.png", np.zeros((10, 12), np.uint8))
    outcome = evaluate(data, [str(folder)], tmp_path / "out", Options(threads=1))
    named = {(problem.picture, problem.model): problem.code for problem in outcome.failures}
    assert set(named) == {
        ("soft/0.png", ""),
        ("soft/1.png", ""),
        ("hard/3.png", ""),
        ("hard/4.png", "mine"),
        ("hard/5.png", "mine"),
    }
    assert named["hard/4.png", "mine"] == "prediction_missing"
    assert named["hard/5.png", "mine"] == "size_mismatch"
    assert outcome.report["data"]["pictures"] == 9
    assert outcome.report["models"][0]["scored"] == 4
    page = (tmp_path / "out" / "report.html").read_text()
    assert "5 failed" in page
    assert all(name in page for name, _ in named)


def test_cut_outs_and_backgrounds_are_left_out_by_name(data, tmp_path):
    save(data / "bg.png", np.zeros((*SIZE, 3), np.uint8))
    row = {"image": "bg.png", "set": "bg", "kind": "plain", "edge": "background", "ignore_px": 0}
    with (data / "manifest.jsonl").open("a") as file:
        file.write("\n" + json.dumps(row))
    outcome = evaluate(data, [Counting()], tmp_path / "out", Options(threads=1))
    assert outcome.failures == []
    assert [(problem.picture, problem.code) for problem in outcome.problems] == [("bg.png", "edge_not_scored")]


def test_the_page_needs_nothing_from_elsewhere(data, tmp_path):
    evaluate(data, [Counting(), str(predictions(data, tmp_path / "x", 2))], tmp_path / "out", Options(threads=1))
    page = (tmp_path / "out" / "report.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "http" not in page
    assert "<script" not in page
    assert page.count("<img") >= 6
    assert "prefers-color-scheme:dark" in page


def test_plain_folders(data, tmp_path):
    plain = tmp_path / "plain"
    for i in range(3):
        save(plain / "image" / f"{i}.png", np.asarray(Image.open(data / "soft" / f"{i}.png")))
        save(plain / "alpha" / f"{i}.png", true_alpha(i))
        save(tmp_path / "mine" / f"{i}.png", true_alpha(i))
    (plain / "alpha" / "2.png").unlink()
    outcome = evaluate(plain, [str(tmp_path / "mine")], tmp_path / "out", Options(threads=1))
    assert outcome.report["scores"]["mine"]["all"]["sad"]["value"] == 0
    assert [problem.code for problem in outcome.failures] == ["alpha_missing"]


def test_a_folder_of_somebody_else_is_not_touched(data, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "diary.txt").write_text("mine")
    with pytest.raises(InputError) as caught:
        evaluate(data, [Counting()], tmp_path / "out")
    assert caught.value.code == "out_not_empty"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["diary.txt"]


def test_command_and_exit_codes(data, tmp_path, capsys):
    folder = str(predictions(data, tmp_path / "mine", 1))
    common = ["eval", str(data), "--threads", "1", "--metric", "iou", "--metric", "sad", "--out", str(tmp_path / "out")]
    assert main([*common, "--model", folder]) == 0
    assert "| mine |" in capsys.readouterr().out
    assert main([*common, "--model", folder, "--model", "no-such-model"]) == 1
    assert "no-such-model" in capsys.readouterr().err
    assert main([*common, "--model", "no-such-model"]) == 3
    assert main([*common, "--model", folder, "--metric", "nonsense"]) == 2
    assert main(["eval", str(tmp_path / "nowhere"), "--model", folder]) == 2
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["schema"] == 1


def test_every_field_of_the_report_is_documented(data, tmp_path):
    report = evaluate(data, [Counting()], tmp_path / "out", Options(threads=1)).report
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in report)
    assert all(f"`{key}`" in page for key in report["pictures"]["counting"][0])


def test_every_metric_is_documented():
    from tress.metrics.registry import all_metrics

    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in all_metrics())


def test_an_onnx_file_is_run(data, tmp_path):
    network = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"
    outcome = evaluate(data, [str(network)], tmp_path / "out", Options(threads=1, refine=False))
    assert outcome.failures == []
    (model,) = outcome.report["models"]
    assert model["name"] == "tiny_locator (not refined)"
    assert model["scored"] == 9
    assert model["seconds"]["median"] > 0
    assert model["size_bytes"] == network.stat().st_size
