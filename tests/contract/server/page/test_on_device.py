"""The switch "on this device": the same page, and the server does nothing."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tress
from tress.browser.package import is_built
from tress.outputs import parse
from tress.produce import finish

EXAMPLES = Path(__file__).parents[4] / "examples"
LEMUR = (EXAMPLES / "lemur.jpg").read_bytes()
needs_files = pytest.mark.skipif(not is_built(), reason="needs the files that `make web` builds")


@pytest.fixture
def device_page(page):
    page = page()
    page.until(lambda: page.find("#limits").text)
    assert not page.find("#on-device").is_selected()
    page.choose("#on-device")
    page.until(lambda: page.find("#limits").text.startswith("Ready"))
    page.console()
    return page


@pytest.fixture(scope="module")
def expected():
    return tress.Remover()


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


@needs_files
def test_the_device_does_what_the_server_would(device_page, cutter, expected):
    page = device_page
    page.drop("lemur.jpg", LEMUR)
    page.settled()
    found = expected.matte(LEMUR)
    assert np.abs(pixels(page.download()[1]) - found.cutout()).mean() < 0.5
    # Without a hand on the page Chromium allows one download.
    page.find(".tools .zoom").click()
    page.choose('input[name="background"][value="white"]')
    page.fill_in("#format", "jpeg")
    page.settled()
    name, content = page.download()
    assert name == "lemur.cutout.jpg"
    assert np.abs(pixels(content) - found.over((255, 255, 255))).mean() < 3
    page.choose("#crop")
    page.settled()
    made = [int(side) for side in re.findall(r"\d+", page.find(".facts").text)[:2]]
    cropped = Image.open(io.BytesIO(finish(found, parse({"crop": "true", "margin": "5%"})).data))
    # The page asks for this margin.  The faintest of the fur is not the same to the last bit.
    assert made == pytest.approx(list(cropped.size), abs=1)
    assert page.console() == []
    assert cutter.finished == 0


@needs_files
def test_region_and_brush(device_page, cutter, expected):
    page = device_page
    page.drop("lemur.jpg", LEMUR)
    page.settled()
    page.fill_in("#region", "0 0 50% 100%")
    page.settled()
    left = pixels(page.download()[1])[..., 3]
    assert not left[:, 340:].any()
    assert np.abs(left / 255 - expected.matte(LEMUR, region="0 0 50% 100%").alpha).mean() < 0.002
    page.find('.tools [data-do="brush"]').click()
    page.find('[data-kind="clear"]').click()
    page.paint(-0.15, 0.1, 0.1, 0)
    page.settled()
    assert pixels(page.download()[1])[264, 260:290, 3].max() == 0
    page.find('[data-do="undo"]').click()
    page.settled()
    assert np.array_equal(pixels(page.download()[1])[..., 3], left)
    assert cutter.finished == 0


@needs_files
def test_several_pictures_and_one_that_is_none(device_page, cutter):
    page = device_page
    page.drop_all({"lemur.jpg": LEMUR, "broken.png": b"no picture", "car.jpg": (EXAMPLES / "car.jpg").read_bytes()})
    page.until(lambda: page.count(".thumb.done") == 2 and page.count(".thumb.failed") == 1)
    with zipfile.ZipFile(io.BytesIO(page.download("download-all")[1])) as archive:
        assert archive.namelist() == ["lemur.cutout.png", "car.cutout.png"]
    page.choose(".thumb.failed")
    page.until(page.find(".problem").is_displayed)
    assert "This browser cannot read the picture." in page.find(".problem").text
    assert cutter.finished == 0


@needs_files
def test_the_choice_is_remembered_and_can_be_taken_back(device_page, cutter, png):
    page = device_page
    page.driver.refresh()
    page.until(lambda: page.find("#limits").text.startswith("Ready"))
    assert page.find("#on-device").is_selected()
    assert "no picture leaves it" in page.find(".lead").text
    assert page.find('#format option[value="tiff"]').get_attribute("disabled")
    page.choose("#on-device")
    page.until(lambda: page.find("#limits").text.endswith("MB a picture"))
    assert not page.find('#format option[value="tiff"]').get_attribute("disabled")
    page.drop("ball.png", png)
    page.settled()
    assert page.download() == ("ball.cutout.png", page.from_api(png))
    assert cutter.finished


@needs_files
def test_a_proxy_may_put_it_into_a_folder(page):
    page = page(prefix="/cutout")
    page.until(lambda: page.find("#limits").text)
    page.choose("#on-device")
    page.until(lambda: page.find("#limits").text.startswith("Ready"))


def test_a_server_without_the_files_does_not_offer_it(page, monkeypatch):
    monkeypatch.setattr("tress.server.contracts.system.is_built", lambda: False)
    page = page()
    page.until(lambda: page.find("#limits").text)
    assert not page.find(".place").is_displayed()


@needs_files
def test_what_has_not_changed_is_not_sent_again(client):
    first = client.get("/browser/src/index.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = client.get("/browser/src/index.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/browser/src/../../package.py").status_code == 404
    assert client.get("/browser/runtime/ort-wasm-simd-threaded.wasm").headers["content-type"] == "application/wasm"
