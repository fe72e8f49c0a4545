"""A real Chromium, for the page and for what the browser does by itself."""

import base64
import mimetypes
import shutil
import time
from contextlib import contextmanager

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
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


def pytest_collection_modifyitems(items):
    """Selenium leaves it to the garbage collector to close some of its sockets."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="session")
def start_chromium():
    return _chromium


@contextmanager
def _chromium(folder):
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs the packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    for flag in [*flags.split(), "disable-component-update", "disable-sync", f"user-data-dir={folder}/profile"]:
        options.add_argument(f"--{flag}")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    # Busy machines take their time: for scripts, and for the driver that waits for them.
    driver.set_script_timeout(600)
    driver.command_executor.client_config.timeout = 660
    driver.downloads = folder / "downloads"
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def open_page(chromium):
    """Opens an address in a window of a given size."""

    def open_(url, server=None, width=1280, height=800, colours="light"):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": colours}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        shutil.rmtree(chromium.downloads, ignore_errors=True)
        chromium.get(url)
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
            # While Chromium writes it, a file has a hidden name, then one that ends in .crdownload.
            files = [file for file in folder.glob("*") if not file.name.startswith(".")]
            return files[0] if files and files[0].suffix != ".crdownload" else None

        file = self.until(arrived)
        content = file.name, file.read_bytes()
        file.unlink()
        return content

    def from_api(self, image, **options):
        import requests

        return requests.post(f"{self.server.url}/v1/cutout", files={"image": image}, data=options, timeout=10).content

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def focused(self):
        return self.driver.switch_to.active_element

    def hand(self):
        from selenium.webdriver import ActionChains

        return ActionChains(self.driver)

    def paint(self, from_x, from_y, by_x, by_y):
        """A stroke of the brush; places are shares of the stage's picture from its middle."""
        width, height = self.driver.execute_script(
            "const box = document.querySelector('.canvas').getBoundingClientRect(); return [box.width, box.height]"
        )
        hand = self.hand()
        hand.move_to_element_with_offset(self.find("#stage"), round(from_x * width), round(from_y * height))
        hand.click_and_hold().move_by_offset(round(by_x * width), round(by_y * height)).release().perform()
