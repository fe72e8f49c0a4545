"""How large pictures may be, and how much room they take: known from headers, before anything is decoded."""

import numpy as np
import pytest

from tress.io.decode import read_size
from tress.io.encode import encode


def code_of(response, status):
    assert response.status_code == status, response.text
    return response.json()["error"]["code"]


def test_large_pictures_are_refused_before_they_are_decoded(make_client, decoders, monkeypatch, png):
    monkeypatch.setattr(decoders, "decode", None)
    assert (
        code_of(make_client(max_megapixels=0.001).post("/v1/cutout", files={"image": png}), 413) == "picture_too_large"
    )


def flat_png(width, height):
    return encode(np.zeros((height, width, 3), np.uint8), "png")


def test_large_backgrounds_and_results_are_refused_before_the_work(make_client, decoders, monkeypatch, png):
    monkeypatch.setattr(decoders, "decode", None)
    client = make_client(max_megapixels=0.01)
    large = flat_png(200, 60)
    answer = client.post("/v1/cutout", files={"image": png, "background": large})
    assert code_of(answer, 413) == "picture_too_large"
    assert answer.json()["error"]["message"].startswith("background: the picture is 200x60 pixels")
    for name in ("keep", "clear"):
        answer = client.post("/v1/cutout", files={"image": png, name: large})
        assert code_of(answer, 413) == "picture_too_large"
        assert answer.json()["error"]["message"].startswith(f"{name}: the picture is 200x60 pixels")
    answer = client.post("/v1.0/removebg", files={"image_file": png, "bg_image_file": large})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "resolution_too_high")
    answer = client.post("/v1/cutout", files={"image": png}, data={"size": "200x60"})
    assert code_of(answer, 400) == "canvas_too_large"
    assert "the limit is 0.01 megapixels" in answer.json()["error"]["message"]


def test_margins_do_not_lead_past_the_limit(make_client, cutter, png):
    cutter.max_megapixels = 0.01
    options = {"crop": "true", "margin": "50px"}
    answer = make_client(max_megapixels=0.01).post("/v1/cutout", files={"image": png}, data=options)
    assert code_of(answer, 400) == "canvas_too_large"


@pytest.mark.parametrize(
    ("values", "canvas_px"),
    [
        ({}, 2400),
        ({"size": "300x100"}, 30_000),
        ({"size": "30"}, 900),
        ({"size": "0.001mp"}, 1000),
        ({"crop": True, "margin": "10px"}, 80 * 60),
        ({"crop": True, "margin": "50%"}, 120 * 80),
        ({"crop": True, "margin": "5000px"}, 1_000_000),
    ],
)
def test_photo_result_and_background_take_room_together(png, values, canvas_px):
    from tress.outputs import parse
    from tress.server.work.job import Order, pack_file
    from tress.server.work.measure import measure

    demand = measure(Order(png, parse({**values, "background": flat_png(20, 10)}), pack_file), 1.0, read_size)
    assert (demand.photo_px, demand.canvas_px, demand.background_px) == (2400, canvas_px, 200)
    assert demand.megapixels == (2400 + canvas_px + 200) / 1e6


def test_marks_take_room_as_they_come_and_as_they_fit(png):
    from tress.outputs import parse
    from tress.server.work.job import Order, pack_file
    from tress.server.work.measure import measure

    options = parse({"keep": flat_png(30, 20), "clear": flat_png(60, 40)})
    demand = measure(Order(png, options, pack_file), 1.0, read_size)
    assert demand.marks_px == 600 + 2400 + 2400 + 2400
    assert demand.megapixels == (2400 + 2400 + demand.marks_px) / 1e6
