"""Programs written for remove.bg, as published, against this service on loopback."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import requests

remove_bg_api = pytest.importorskip("remove_bg_api")
removebg = pytest.importorskip("removebg.removebg")
PACKAGES = Path(__file__).parents[3] / ".cache/node_modules"
# The clients leave it to the garbage collector to close their files.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def pixels_of(content):
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture
def server(serve):
    from tress.server.admission.keys import KeyRing, digest_of

    return serve(keys=KeyRing((("a", digest_of("right")),)), rate_per_minute=60)


@pytest.fixture
def photo(tmp_path, png):
    file = tmp_path / "ball.png"
    file.write_bytes(png)
    return str(file)


def test_remove_bg_api(server, photo, png, monkeypatch, tmp_path):
    monkeypatch.setattr(remove_bg_api, "API_URL", f"{server.url}/v1.0")
    client = remove_bg_api.RemoveBg("right")
    before = client.account.balance()
    assert before > 0
    assert pixels_of(client.remove_bg_bytes(png)).shape == (40, 60, 4)
    assert pixels_of(client.remove_bg_base64(base64.b64encode(png).decode())).shape == (40, 60, 4)
    out = str(tmp_path / "out.png")
    assert client.remove_bg_file(photo, out_path=out, size="full", raw=False) == out
    options = {"size": "full", "bg_color": "81d4fa", "format": "jpg", "crop": "true"}
    assert pixels_of(client.remove_bg_bytes(png, data=options)).shape[2] == 3
    assert client.account.balance() == before
    assert client.account.free_api_calls() > 0


def test_remove_bg_api_is_told_what_is_wrong(server, monkeypatch):
    monkeypatch.setattr(remove_bg_api, "API_URL", f"{server.url}/v1.0")
    with pytest.raises(remove_bg_api.Errors.ApiErrorCode403):
        remove_bg_api.RemoveBg("wrong")
    client = remove_bg_api.RemoveBg("right")
    with pytest.raises(remove_bg_api.Errors.ApiErrorCode400):
        client.remove_bg_bytes(b"no picture")
    with pytest.raises(remove_bg_api.Errors.ApiErrorCode400):
        client.remove_bg_url("http://127.0.0.1/private.png")
    service = server.app.state.service
    while service._limiter.take(service.config.keys.identify("right"), "").allowed:
        pass
    with pytest.raises(remove_bg_api.Errors.ApiErrorCode429):
        client.account.refresh_balance()


def test_removebg(server, photo, png, monkeypatch, tmp_path):
    monkeypatch.setattr(removebg, "API_ENDPOINT", f"{server.url}/v1.0/removebg")
    client = removebg.RemoveBg("right", str(tmp_path / "errors.log"))
    client.remove_background_from_img_file(photo)
    with open(photo + "_no_bg.png", "rb") as file:
        assert pixels_of(file.read()).shape == (40, 60, 4)
    out = str(tmp_path / "out.png")
    text = base64.b64encode(png).decode()
    client.remove_background_from_base64_img(text, size="4k", new_file_name=out, bg_color="green")
    with open(out, "rb") as file:
        assert np.abs(pixels_of(file.read())[0, 0].astype(int) - [0, 128, 0]).max() <= 2
    with pytest.raises(requests.HTTPError, match="400"):
        client.remove_background_from_img_url("http://10.0.0.1/a.png")
    with pytest.raises(requests.HTTPError, match="403"):
        removebg.RemoveBg("wrong", "").remove_background_from_img_file(photo)


@pytest.mark.skipif(
    not (shutil.which("node") and (PACKAGES / "remove.bg").is_dir()),
    reason="needs node and: npm install --no-save --prefix .cache remove.bg@1.3.0",
)
def test_npm_remove_bg(server, photo, tmp_path):
    out = tmp_path / "out.png"
    script = Path(__file__).with_name("remove_bg_client.js")
    command = ["node", str(script), server.url, str(PACKAGES), "right", photo, str(out)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found = json.loads(told)
    whole, cropped = found["answers"]
    assert pixels_of(out.read_bytes()).shape == (40, 60, 4)
    assert (whole["resultWidth"], whole["resultHeight"], whole["creditsCharged"]) == ("60", "40", "0")
    assert whole["detectedType"] == "person"
    assert int(whole["rateLimit"]) == 60
    assert int(whole["rateLimitRemaining"]) < 60
    pixels = pixels_of(base64.b64decode(cropped["base64img"]))
    assert pixels.shape[0] < 40
    assert (cropped["resultWidth"], cropped["resultHeight"]) == (str(pixels.shape[1]), str(pixels.shape[0]))
    assert found["errors"][0]["code"]
