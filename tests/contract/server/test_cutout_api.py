"""The own interface: the ways to bring a picture, options, answers and refusals."""

import base64
import json

import cv2
import numpy as np
import pytest

# Options that mean nothing alone.
COMPANIONS = {"margin": {"crop": True}, "quality": {"format": "webp"}}


def decoded(response):
    assert response.status_code == 200, response.text
    return cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_UNCHANGED)


def error_of(response, status):
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    assert set(response.json()["error"]) == {"code", "message", "hint", "request_id"}
    return response.json()["error"]["code"]


def test_a_picture_comes_back_transparent_however_it_was_sent(client, png):
    ways = [
        client.post("/v1/cutout", files={"image": ("a.png", png)}),
        client.post("/v1/cutout", content=png, headers={"content-type": "image/png"}),
        client.post("/v1/cutout", content=png, headers={"content-type": "application/octet-stream"}),
        client.post("/v1/cutout", json={"image_b64": base64.b64encode(png).decode()}),
        client.post("/v1/cutout", json={"image_b64": "data:image/png;base64," + base64.b64encode(png).decode()}),
        client.post("/v1/cutout", data={"image_b64": base64.b64encode(png).decode()}),
    ]
    for response in ways:
        pixels = decoded(response)
        assert pixels.shape == (40, 60, 4)
        assert pixels[0, 0].tolist() == [0, 0, 0, 0]
        assert pixels[20, 30].tolist() == [30, 40, 220, 255]
        assert response.headers["x-width"] == "60"
        assert response.headers["x-found"] == "true"
        assert response.headers["content-type"] == "image/png"
    assert len({response.content for response in ways}) == 1


def test_every_declared_option_is_understood_in_form_query_and_json(client, png):
    from tress.outputs import describe

    image = base64.b64encode(png).decode()
    for name, schema in describe()["properties"].items():
        for value in [schema.get("default"), *schema.get("examples", [])]:
            if value is None:
                continue
            values = {name: value, **COMPANIONS.get(name, {})}
            texts = {key: json.dumps(item) if isinstance(item, bool) else str(item) for key, item in values.items()}
            answers = [
                client.post("/v1/cutout", files={"image": png}, data=texts),
                client.post("/v1/cutout", files={"image": png}, params=texts),
                client.post("/v1/cutout", json={"image_b64": image, **values}),
            ]
            assert [answer.status_code for answer in answers] == [200] * 3, (name, value, answers[0].text)
            assert len({answer.content for answer in answers}) == 1, name


def test_options_change_the_picture(client, png):
    white = decoded(client.post("/v1/cutout", files={"image": png}, data={"background": "white", "format": "jpg"}))
    assert white.shape == (40, 60, 3)
    assert white[0, 0].min() > 250
    cropped = decoded(client.post("/v1/cutout", files={"image": png}, data={"crop": "true", "margin": "2px"}))
    assert cropped.shape[0] < 30
    mask = decoded(client.post("/v1/cutout", files={"image": png}, data={"mask": "1"}))
    assert mask.ndim == 2
    inverted = decoded(client.post("/v1/cutout", files={"image": png}, data={"mask": "1", "invert": "1"}))
    assert np.abs(255 - mask.astype(int) - inverted).max() <= 1
    wider = decoded(client.post("/v1/cutout", files={"image": png}, data={"mask": "1", "grow": "3px"}))
    assert (wider >= mask).all()
    assert wider.sum() > mask.sum()


def test_the_layout_header_says_where_the_photo_lies(client, png):
    response = client.post("/v1/cutout", files={"image": png}, data={"crop": "true"})
    scale, left, top = map(float, response.headers["x-layout"].split())
    pixels = decoded(response)
    whole = decoded(client.post("/v1/cutout", files={"image": png}))
    assert scale == 1
    height, width = pixels.shape[:2]
    np.testing.assert_array_equal(pixels, whole[int(-top) : int(-top) + height, int(-left) : int(-left) + width])


def test_a_background_picture_may_be_uploaded(client, png):
    from tress.io.encode import encode

    green = encode(np.full((8, 8, 3), (0, 200, 0), np.uint8), "png")
    pixels = decoded(client.post("/v1/cutout", files={"image": png, "background": green}))
    assert pixels[0, 0].tolist() == [0, 200, 0]


def test_a_background_never_names_a_file_of_the_server(client, png):
    response = client.post("/v1/cutout", files={"image": png}, data={"background": __file__})
    assert error_of(response, 400) == "option_value"


def test_marks_are_uploaded_with_the_picture(client, png):
    from tress.io.encode import encode

    whole = decoded(client.post("/v1/cutout", files={"image": png}))[..., 3]
    marks = np.zeros((20, 30, 3), np.uint8)
    marks[:, :15] = 255
    marks = encode(marks, "png")
    cleared = decoded(client.post("/v1/cutout", files={"image": png, "clear": marks}))[..., 3]
    kept = decoded(client.post("/v1/cutout", files={"image": png, "keep": marks}))[..., 3]
    assert cleared[:, :29].max() == 0
    assert kept[:, :29].min() == 255
    for marked in (cleared, kept):
        np.testing.assert_array_equal(marked[:, 31:], whole[:, 31:])


def test_marks_that_do_not_fit_are_refused(client, png):
    from tress.io.encode import encode

    response = client.post("/v1/cutout", files={"image": png, "keep": png, "clear": b"no picture"})
    assert error_of(response, 400) == "not_a_picture"
    response = client.post("/v1/cutout", files={"image": png}, data={"keep": __file__})
    assert error_of(response, 400) == "option_value"
    square = encode(np.zeros((9, 9, 3), np.uint8), "png")
    assert error_of(client.post("/v1/cutout", files={"image": png, "clear": square}), 400) == "marks_shape"


def test_json_is_answered_when_it_is_asked_for(client, png):
    answer = client.post("/v1/cutout", files={"image": png}, headers={"accept": "application/json"}).json()
    assert base64.b64decode(answer["image_b64"])[:4] == b"\x89PNG"
    assert (answer["width"], answer["height"], answer["found"], answer["model"]) == (60, 40, True, "fake")


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("text/plain, Application/JSON;q=0.5", True),
        ("application/json, image/*;q=0, */*;q=0.0", True),
        ("application/json, text/plain, */*", False),
        ("image/png, application/json", False),
        ("application/json, image/*;q=0.1", False),
        ("application/json;q=0", False),
        ("application/jsonlines", False),
        ("*/*", False),
    ],
)
def test_json_is_answered_only_where_a_picture_will_not_do(client, png, accept, is_json):
    for path, field in (("/v1/cutout", "image"), ("/v1.0/removebg", "image_file")):
        response = client.post(path, files={field: png}, headers={"accept": accept})
        assert response.headers["content-type"] == ("application/json" if is_json else "image/png")


def test_a_picture_without_subject_is_said_to_be_one(client, empty_png):
    response = client.post("/v1/cutout", files={"image": empty_png})
    assert response.headers["x-found"] == "false"
    assert decoded(response)[..., 3].max() == 0


def test_the_answer_says_what_time_went_where(client, png):
    timing = client.post("/v1/cutout", files={"image": png}).headers["server-timing"]
    stages = {part.split(";")[0] for part in timing.split(", ")}
    assert stages >= {"receive", "wait", "decode", "matte", "compose", "encode"}


def test_the_request_id_comes_back(client, png):
    response = client.post("/v1/cutout", files={"image": png}, headers={"x-request-id": "job-7"})
    assert response.headers["x-request-id"] == "job-7"
    wild = client.get("/healthz", headers={"x-request-id": "a b"})
    assert wild.headers["x-request-id"] != "a b"


def test_models_and_schema_describe_the_service(make_client):
    client = make_client(max_megapixels=3)
    assert all({"name", "licence", "loaded"} <= set(model) for model in client.get("/v1/models").json()["models"])
    schema = client.get("/v1/schema").json()
    assert schema["limits"]["max_megapixels"] == 3
    assert "background" in schema["options"]["properties"]


def test_health_readiness_and_metrics(client, png):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ok"
    client.post("/v1/cutout", files={"image": png})
    text = client.get("/metrics").text
    assert 'tress_requests_total{method="POST",route="/v1/cutout",status="200"} 1.0' in text
    assert 'tress_stage_seconds_count{stage="decode"} 1.0' in text
    assert "tress_queue_depth 0.0" in text


@pytest.mark.parametrize("path", ["/", "/docs", "/page/style.css", "/healthz", "/readyz"])
def test_probes_may_ask_for_the_head_alone(client, path):
    response = client.head(path)
    assert (response.status_code, response.content) == (200, b"")


def test_the_pages_headers_forbid_requests_to_elsewhere(client):
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.status_code == 200
        assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text.replace("https://example.com", "")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/v1/cutout", "POST"),
        ("/v1/models", "GET"),
        ("/v1.0/account", "GET"),
        ("/api/remove", "GET, POST"),
        ("/page/style.css", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
def test_other_methods_are_answered_with_those_that_there_are(client, path, methods):
    refused = client.delete(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)
    assert "method_not_allowed" in refused.text


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page/__init__.py", "/page/"])
def test_only_the_pages_own_files_are_served(client, path):
    assert client.get(path).status_code in (404, 405)


def test_an_unexpected_error_says_nothing_of_the_inside(make_client, cutter, png, caplog):
    def broken(_):
        raise RuntimeError("secret detail")

    cutter.matte = broken
    response = make_client().post("/v1/cutout", files={"image": png})
    assert error_of(response, 500) == "internal_error"
    assert "secret" not in response.text
    assert "secret detail" in caplog.text
