"""What a person does in the page from dropping a photo to the file on the disk."""

import io
import time
import zipfile

import numpy as np


def test_from_a_dropped_photo_to_the_file(page, png):
    page = page()
    page.console()
    page.drop("ball.png", png)
    page.settled()
    assert page.find(".after").get_attribute("src").startswith("blob:")
    assert page.find(".thumb").get_attribute("aria-current") == "true"
    assert page.find(".facts").text.startswith("60 × 40 px")
    assert page.download() == ("ball.cutout.png", page.from_api(png))
    assert page.console() == []
    urls = page.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert all(url.startswith((page.server.url, "blob:", "data:")) for url in urls)


def test_options_reach_the_file(page, png):
    page = page()
    page.drop("ball.png", png)
    page.settled()
    page.choose("#crop")
    page.choose('input[name="shadow"][value="drop"]')
    page.fill_in("#format", "jpeg")
    page.settled()
    # JPEG cannot be transparent, so the page turned the background white, for everybody to see.
    assert page.find('input[name="background"][value="white"]').is_selected()
    expected = page.from_api(
        png, crop="true", margin="5%", shadow="drop", format="jpeg", quality="90", background="white"
    )
    assert page.download() == ("ball.cutout.jpg", expected)


def test_several_pictures_come_as_one_zip(page, png, empty_png):
    page = page()
    page.drop("ball.png", png)
    page.drop("ball.png", png)
    page.drop("wall.png", empty_png)
    page.until(lambda: page.count(".thumb.done") == 3)
    name, content = page.download("download-all")
    assert name == "tress.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["ball.cutout.png", "ball-2.cutout.png", "wall.cutout.png"]
        assert archive.read("ball.cutout.png") == page.from_api(png)
    page.choose(".remove")
    assert page.count(".thumb") == 2


def test_a_file_is_what_the_click_asked_for(page, cutter, png, empty_png):
    page = page()
    page.drop_all({"wall.png": empty_png, "ball.png": png})
    page.until(lambda: page.count(".thumb.done") == 2)
    page.choose("li:last-child .thumb")
    page.fill_in("#format", "tiff")
    page.settled()
    cutter.go.clear()
    page.choose('[data-do="download"]')
    page.choose("li:first-child .thumb")
    page.fill_in("#format", "webp")
    page.choose("#crop")
    time.sleep(0.5)
    cutter.go.set()
    assert page.downloaded() == ("ball.cutout.tif", page.from_api(png, format="tiff"))


def test_a_zip_is_what_the_click_asked_for(page, cutter, png, empty_png):
    page = page()
    page.drop_all({"wall.png": empty_png, "ball.png": png})
    page.until(lambda: page.count(".thumb.done") == 2)
    page.fill_in("#format", "tiff")
    page.settled()
    cutter.go.clear()
    page.choose('[data-do="download-all"]')
    page.choose("li:last-child .thumb")
    page.choose("li:first-child .thumb")
    page.fill_in("#format", "webp")
    time.sleep(0.5)
    cutter.go.set()
    with zipfile.ZipFile(io.BytesIO(page.downloaded()[1])) as archive:
        assert archive.namelist() == ["wall.cutout.tif", "ball.cutout.tif"]
        assert archive.read("ball.cutout.tif") == page.from_api(png, format="tiff")
    assert "failed" not in page.find(".note").text


def test_the_picture_that_is_looked_at_comes_first(page, cutter, png, monkeypatch):
    from tress.io.encode import encode

    seen, matte = [], cutter.matte
    monkeypatch.setattr(cutter, "matte", lambda picture: seen.append(picture.pixels.shape[1]) or matte(picture))
    page = page()
    cutter.go.clear()
    page.drop_all({f"{width}.png": encode(np.zeros((8, width, 3), np.uint8), "png") for width in range(11, 20)})
    page.until(lambda: seen)
    page.choose("li:last-child .thumb")
    cutter.go.set()
    page.until(lambda: page.count(".thumb.done") == 9)
    # Two are with the server before the click, and the next one may overtake.
    assert 19 in seen[2:4]


def test_behind_a_prefix(page, png):
    page = page(prefix="/bg")
    page.console()
    page.drop("ball.png", png)
    page.settled()
    assert page.download() == ("ball.cutout.png", page.from_api(png))
    page.find("nav a").click()
    page.until(lambda: page.count("details"))
    page.choose("details summary")
    assert f"{page.server.url}/v1/cutout" in page.find("main").get_property("textContent")
    assert page.console() == []
    assert page.find("nav a").get_property("href") == f"{page.server.url}/openapi.json"
    page.find(".brand").click()
    page.until(lambda: page.count(".drop"))
