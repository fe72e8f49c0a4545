"""Takes the picture of the web page in the README: make figures.  Needs the packages chromium and chromium-driver."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import WebDriverException

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "examples" / "people.jpg"
WIDTH_PX, HEIGHT_PX = 1280, 800
# Over the lap between the arms, in shares of the photo: where it starts and how it goes on.
STROKE = ((0.47, 0.95), (0.02, -0.06), (0.03, 0.0), (-0.01, 0.04), (-0.02, 0.03))
PATIENCE_S = 60.0


@contextmanager
def server() -> Iterator[str]:
    """The address of a server of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [Path(sys.executable).with_name("tress"), "serve", "--port", str(port)], stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """A Chromium without a window."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        raise SystemExit("needs the packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("headless", "no-sandbox", "disable-gpu", f"window-size={WIDTH_PX},{HEIGHT_PX}"):
        options.add_argument(f"--{flag}")
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    metrics = {"width": WIDTH_PX, "height": HEIGHT_PX, "deviceScaleFactor": 1, "mobile": False}
    found.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        yield found
    finally:
        found.quit()


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("the page does not do what it should")
        time.sleep(0.2)


def main() -> None:
    with server() as address, browser() as page:

        def opened() -> bool:
            try:
                page.get(address)
            except WebDriverException:
                return False
            return bool(page.find_element("css selector", "#limits").text)

        wait_for(opened)
        page.find_element("css selector", "#file").send_keys(str(PHOTO))
        wait_for(lambda: page.find_elements("css selector", ".thumb.done"))
        page.find_element("css selector", '.tools [data-do="brush"]').click()
        time.sleep(1)
        width, height = page.execute_script(
            "const box = document.querySelector('.canvas').getBoundingClientRect(); return [box.width, box.height]"
        )
        steps = [(round(x * width), round(y * height)) for x, y in STROKE]
        hand = webdriver.ActionChains(page)
        stage = page.find_element("css selector", "#stage")
        left, top = steps[0]
        hand.move_to_element_with_offset(stage, round(left - width / 2), round(top - height / 2)).click_and_hold()
        for step in steps[1:]:
            hand.move_by_offset(*step)
        hand.perform()
        picture = Image.open(io.BytesIO(page.get_screenshot_as_png())).convert("RGB")
    target = ROOT / "docs" / "pictures" / "page.webp"
    picture.save(target, quality=85, method=6)
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
