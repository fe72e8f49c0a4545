"""The charts are well-formed and put things where they belong."""

from xml.etree import ElementTree

import numpy as np
import pytest

from tress.evaluation.report import svg
from tress.evaluation.report.gallery import choose, worst_window
from tress.evaluation.slices import thin_share


def circles(chart: str) -> list[tuple[float, float]]:
    found = ElementTree.fromstring(chart).iter("circle")
    return [(float(c.get("cx")), float(c.get("cy"))) for c in found]


def test_a_better_point_is_higher_and_a_slower_one_further_right():
    series = {"fast": [svg.Point(0.1, 0.8, low=0.7, high=0.9)], "slow <1>": [svg.Point(5, 0.95)]}
    fast, slow = circles(svg.scatter(series, x_title="s", y_title="IoU", log_x=True))
    assert slow[0] > fast[0]
    assert slow[1] < fast[1]


@pytest.mark.parametrize("value", [0.0, 1.0, 12345.0, 1e-6])
def test_one_point_alone_can_be_drawn(value):
    assert len(circles(svg.scatter({"a": [svg.Point(1, value)]}, x_title="x", y_title="y"))) == 1


def test_bars_grow_with_their_value():
    rows = {"hair & fur": {"a": svg.Bar(0.5, 0.4, 0.6), "b": svg.Bar(1.0, 0.9, 1.1)}, "empty": {"b": svg.Bar(0, 0, 0)}}
    chart = ElementTree.fromstring(svg.bars(rows, ["a", "b"], x_title="IoU"))
    widths = [float(rect.get("width")) for rect in chart.iter("rect")]
    assert len(widths) == 3
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.02)


def test_nothing_to_draw_is_nothing():
    assert svg.scatter({"a": []}, x_title="x", y_title="y") == ""
    assert svg.bars({}, ["a"], x_title="x") == ""


def test_the_window_holds_the_error():
    true = np.zeros((200, 400), np.float32)
    pred = true.copy()
    pred[150:160, 300:310] = 1
    rows, columns = worst_window(pred, true, np.ones(true.shape, bool))
    assert rows.start <= 150
    assert rows.stop >= 160
    assert columns.start <= 300
    assert columns.stop >= 310
    assert rows.stop - rows.start == columns.stop - columns.start == 100


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_best_median_and_worst_pictures_are_chosen_once(count):
    rows = [{"picture": f"{i:02}", "scores": {"iou": 1 - i / 100}} for i in range(count)]
    report = {"pictures": {"m": rows}, "metrics": {"iou": {"better": "higher"}}}
    chosen = choose(report, "m", "iou")
    assert chosen[0].picture == "00"
    assert len({choice.picture for choice in chosen}) == len(chosen) <= 12
    if count > 2:
        assert chosen[-1].picture == f"{count - 1:02}"
        assert {choice.why for choice in chosen} == {"best", "median", "worst"}


def test_wires_are_thin_and_discs_are_not():
    y, x = np.mgrid[:200, :200]
    disc = ((y - 100) ** 2 + (x - 100) ** 2 < 60**2).astype(np.float32)
    wired = disc.copy()
    wired[99:101, :] = 1
    assert thin_share(disc) < 0.005
    assert thin_share(wired) > 0.01
    assert thin_share(np.zeros((50, 50), np.float32)) == 0
    # What goes on beyond the picture is not thin.
    assert thin_share(np.pad(np.ones((50, 4), np.float32), ((0, 0), (0, 46)))) < 0.01
