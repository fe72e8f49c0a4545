"""The page in a real Chromium: what a person does from dropping a photo to the file on the disk."""

import base64
import io
import mimetypes
import os
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import requests

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
AXE = Path(os.environ.get("TRESS_AXE", Path(__file__).parents[3] / ".cache/node_modules/axe-core/axe.min.js"))
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs the packages chromium and chromium-driver"),
    # selenium leaves it to the garbage collector to close some of its sockets.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
DROP = """
const data = new DataTransfer();
for (const [name, content, type] of arguments[0]) {
  data.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name, {type}));
}
document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
"""
SET = """
const control = document.querySelector(arguments[0]);
control.value = arguments[1];
control.dispatchEvent(new Event("input", {bubbles: true}));
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    for flag in [*flags.split(), "disable-component-update", "disable-sync", f"user-data-dir={folder}/profile"]:
        options.add_argument(f"--{flag}")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(120)
    driver.downloads = folder / "downloads"
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium, serve):
    """Opens the page of a fresh server."""

    def open_(width=1280, height=800, colours="light", **settings):
        server = serve(**settings)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": colours}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        shutil.rmtree(chromium.downloads, ignore_errors=True)
        chromium.get(f"{server.url}/")
        return Page(chromium, server)

    return open_


class Page:
    def __init__(self, driver, server):
        self.driver, self.server = driver, server

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def find_all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def count(self, selector):
        return len(self.find_all(selector))

    def until(self, condition):
        for _ in range(1200):
            if answer := condition():
                return answer
            time.sleep(0.05)
        raise AssertionError("it did not happen within a minute")

    def drop(self, name, content):
        self.drop_all({name: content})

    def drop_all(self, files):
        described = [
            (name, base64.b64encode(content).decode(), mimetypes.guess_type(name)[0]) for name, content in files.items()
        ]
        self.driver.execute_script(DROP, described)

    def settled(self):
        """Waits until the picture on the stage is the server's answer to the options chosen."""
        time.sleep(0.4)
        self.until(lambda: self.count(".thumb") and not self.count(".thumb.working, .thumb.queued"))
        self.until(lambda: not self.find(".busy").is_displayed())

    def choose(self, selector):
        self.driver.execute_script("document.querySelector(arguments[0]).click()", selector)

    def fill_in(self, selector, value):
        self.driver.execute_script(SET, selector, value)

    def download(self, button="download"):
        self.choose(f'[data-do="{button}"]')
        return self.downloaded()

    def downloaded(self):
        folder = self.driver.downloads

        def arrived():
            files = list(folder.iterdir()) if folder.exists() else []
            return files[0] if files and files[0].suffix != ".crdownload" else None

        file = self.until(arrived)
        content = file.name, file.read_bytes()
        file.unlink()
        return content

    def from_api(self, image, **options):
        return requests.post(f"{self.server.url}/v1/cutout", files={"image": image}, data=options, timeout=10).content

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


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


def test_the_slider_and_the_view_by_keyboard(page, png):
    from selenium.webdriver.common.keys import Keys

    page = page()
    page.drop("ball.png", png)
    page.settled()
    handle = page.find(".handle")
    page.until(lambda: handle.get_attribute("aria-valuenow") == "50")
    handle.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert handle.get_attribute("aria-valuenow") == "54"
    handle.send_keys(Keys.HOME)
    assert page.find(".before").value_of_css_property("clip-path") == "inset(0px 100% 0px 0px)"
    zoom = page.find(".zoom")
    page.find("#stage").send_keys("1")
    assert zoom.text == "100%"
    page.find("#stage").send_keys("+")
    assert zoom.text == "125%"
    page.find("#stage").send_keys("0")
    assert zoom.text == "200%"


def test_the_slider_follows_the_pointer(page, png):
    page = page()
    page.drop("ball.png", png)
    page.settled()
    handle = page.find(".handle")
    page.until(lambda: handle.get_attribute("aria-valuenow") == "50")
    webdriver.ActionChains(page.driver).drag_and_drop_by_offset(handle, 30, 0).perform()
    assert abs(int(handle.get_attribute("aria-valuenow")) - 75) <= 1


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


def test_an_option_in_error_ends_the_waiting(page, png):
    page = page()
    page.drop("ball.png", png)
    page.settled()
    page.fill_in("#size", "abc")
    page.until(page.find(".note").is_displayed)
    page.settled()
    assert page.find(".facts").text == ""
    page.fill_in("#size", "30")
    page.until(lambda: page.find(".facts").text.startswith("30 × 20 px"))
    assert not page.find(".note").is_displayed()


def test_files_without_a_picture_are_refused_visibly(page, png):
    page = page()
    page.until(lambda: page.find("#limits").text)
    page.drop("notes.pdf", b"%PDF")
    assert "no picture" in page.find(".drop-note").text
    page.drop("ball.png", png)
    page.settled()
    assert not page.find(".note").is_displayed()
    page.drop("notes.pdf", b"%PDF")
    assert "no picture" in page.find(".note").text
    page.choose(".remove")
    assert not page.find(".drop-note").is_displayed()


def test_a_background_picture_that_is_not_chosen_yet(page, png, tmp_path):
    page = page()
    page.drop("ball.png", png)
    page.settled()
    page.choose('input[name="background"][value="white"]')
    page.fill_in("#format", "jpeg")
    page.settled()
    page.choose('input[name="background"][value="picture"]')
    page.settled()
    assert "Choose a picture" in page.find('[data-for="no-picture"]').text
    assert page.find("#format").get_property("value") == "png"
    assert not page.find(".note").is_displayed()
    (tmp_path / "behind.png").write_bytes(png)
    page.find("#choose").send_keys(str(tmp_path / "behind.png"))
    page.settled()
    assert not page.find('[data-for="no-picture"]').is_displayed()
    name, content = page.download()
    assert (name, content[:3]) == ("ball.cutout.jpg", b"\xff\xd8\xff")


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


def test_what_is_wrong_is_said(page, png, empty_png):
    page = page()
    page.drop("broken.png", b"no picture")
    problem = page.find(".problem")
    page.until(problem.is_displayed)
    assert "not a picture" in problem.text
    assert not page.find('[data-do="download"]').is_enabled()
    page.drop("wall.png", empty_png)
    page.until(lambda: "No subject" in page.find(".note").text)
    assert not problem.is_displayed()


def test_a_key_is_asked_for_and_used(page, png):
    from tress.server.keys import KeyRing, digest_of

    page = page(keys=KeyRing((("a", digest_of("right")),)))
    page.until(page.find("dialog.key").is_displayed)
    assert not page.find("#key-note").is_displayed()
    page.find("#key").send_keys("wrong")
    page.find("dialog.key button").click()
    page.until(page.find("#key-note").is_displayed)
    assert "not known" in page.find("#key-note").text
    page.find("#key").send_keys("right")
    page.find("dialog.key button").click()
    page.drop("ball.png", png)
    page.settled()
    assert page.count(".thumb.done") == 1


def test_a_key_that_was_not_confirmed_is_not_used(page):
    from selenium.webdriver.common.keys import Keys

    from tress.server.keys import KeyRing, digest_of

    page = page(keys=KeyRing((("a", digest_of("right")),)))
    page.until(page.find("dialog.key").is_displayed)
    page.find("#key").send_keys("right", Keys.ESCAPE)
    page.until(lambda: "no API key" in page.find("#limits").text)


def focused(page):
    return page.driver.switch_to.active_element


def test_the_focus_is_never_lost(page, png):
    from selenium.webdriver.common.keys import Keys

    page = page()
    page.until(lambda: page.find("#limits").text)
    page.find('.drop [data-do="pick"]').send_keys(Keys.SHIFT)
    page.drop_all({"one.png": png, "two.png": png})
    assert focused(page).get_attribute("id") == "stage"
    page.settled()
    first, second = page.find_all(".remove")
    assert [first.accessible_name, second.accessible_name] == ["Remove one.png", "Remove two.png"]
    first.send_keys(Keys.ENTER)
    assert focused(page).accessible_name == "two.png"
    second.send_keys(Keys.ENTER)
    assert focused(page).text == "Choose photos"


def test_what_happens_is_said(page, png):
    page = page()
    page.until(lambda: page.find("#limits").text)
    page.driver.execute_script(
        "const said = document.querySelector('#said'); window.heard = [];"
        "new MutationObserver(() => said.textContent && heard.push(said.textContent)).observe(said, {childList: true})"
    )
    page.drop("ball.png", png)
    page.settled()
    page.choose("#crop")
    page.settled()
    heard = page.driver.execute_script("return heard")
    assert heard.count("ball.png is done.") == 2
    page.choose(".remove")
    page.until(lambda: "ball.png is removed." in page.driver.execute_script("return heard"))


def test_arrow_keys_pass_over_the_background_picture(page, png):
    from selenium.webdriver.common.keys import Keys

    page = page()
    page.drop("ball.png", png)
    page.settled()
    script = "window.asked = 0; document.querySelector('#choose').onclick = (e) => { asked += 1; e.preventDefault(); }"
    page.driver.execute_script(script)
    colour, picture, _ = page.find_all('input[name="background"]')[3:]
    page.choose('input[name="background"][value="colour"]')
    colour.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.find('input[name="background"][value="blur"]').is_selected()
    assert page.driver.execute_script("return asked") == 0
    webdriver.ActionChains(page.driver).click(picture).perform()
    assert page.driver.execute_script("return asked") == 1


def test_the_view_has_no_buttons_for_nothing(page, png):
    page = page()
    page.drop("broken.png", b"no picture")
    page.until(page.find(".problem").is_displayed)
    assert not any(button.is_enabled() for button in page.find_all(".tools button"))
    page.drop("ball.png", png)
    page.settled()
    assert all(button.is_enabled() for button in page.find_all(".tools button"))


def test_nothing_sticks_out_on_a_phone(page, png):
    page = page(390, 844)
    for pictures in range(3):
        if pictures:
            page.drop("ball.png", png)
            page.settled()
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 390
        assert all(button.rect["x"] + button.rect["width"] <= 390 for button in page.find_all(".save button"))
    assert page.find('[data-do="download"]').is_displayed()


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: npm install --no-save --prefix .cache axe-core@4")
@pytest.mark.parametrize(("colours", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_accessibility(page, png, colours, width):
    page = page(width, 800, colours)

    def violations():
        page.driver.execute_script(AXE.read_text("utf-8"))
        script = "const done = arguments[0]; axe.run().then((found) => done(found.violations))"
        found = page.driver.execute_async_script(script)
        return [(entry["id"], [node["html"][:120] for node in entry["nodes"]]) for entry in found]

    page.until(lambda: page.find("#limits").text)
    assert violations() == []
    page.drop("ball.png", png)
    page.settled()
    page.choose("details.more summary")
    page.choose("#crop")
    page.settled()
    assert violations() == []
    page.drop("broken.png", b"no picture")
    page.until(page.find(".problem").is_displayed)
    assert violations() == []
    page.driver.get(f"{page.server.url}/docs")
    page.until(lambda: page.count("details"))
    page.driver.execute_script("for (const details of document.querySelectorAll('details')) details.open = true")
    assert violations() == []
