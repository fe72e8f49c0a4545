"""Strokes of the brush say what belongs to the subject and what does not."""

import base64
import io
import zipfile

import numpy as np
from PIL import Image


def alpha_of(content):
    return np.asarray(Image.open(io.BytesIO(content)))[..., 3]


def draw_slowly(page):
    """Marks become pictures long after the hand let go."""
    page.driver.execute_script(
        "const toBlob = HTMLCanvasElement.prototype.toBlob;"
        "HTMLCanvasElement.prototype.toBlob = function (...args) { setTimeout(() => toBlob.apply(this, args), 500) }"
    )


def start(page, png):
    page = page()
    page.console()
    page.drop("ball.png", png)
    page.settled()
    page.find('.tools [data-do="brush"]').click()
    return page


def test_strokes_reach_the_file_and_can_be_taken_back(page, png):
    page = start(page, png)
    before = alpha_of(page.from_api(png))
    assert page.find(".brushes").is_displayed()
    assert not page.find('[data-do="undo"]').is_enabled()
    page.paint(-0.4, -0.4, 0.8, 0)
    page.settled()
    kept = alpha_of(page.download()[1])
    height, width = kept.shape
    assert before[round(0.1 * height)].max() == 0
    assert kept[round(0.1 * height), round(0.15 * width) : round(0.85 * width)].min() == 255
    page.find('[data-kind="clear"]').click()
    page.paint(-0.1, 0, 0.2, 0)
    page.settled()
    cleared = alpha_of(page.download()[1])
    assert before[height // 2, width // 2] == 255
    assert cleared[height // 2, round(0.42 * width) : round(0.58 * width)].max() == 0
    assert cleared[round(0.1 * height)].tolist() == kept[round(0.1 * height)].tolist()
    page.find('[data-do="undo"]').click()
    page.settled()
    assert alpha_of(page.download()[1]).tolist() == kept.tolist()
    page.hand().key_down("\ue009").send_keys("z").key_up("\ue009").perform()
    page.settled()
    assert page.download()[1] == page.from_api(png)
    assert not page.find('[data-do="undo"]').is_enabled()
    assert page.console() == []


def test_the_later_stroke_counts(page, png):
    page = start(page, png)
    page.find('[data-kind="clear"]').click()
    page.paint(-0.1, 0, 0.2, 0)
    page.find('[data-kind="keep"]').click()
    page.paint(-0.1, 0, 0.2, 0)
    page.settled()
    alpha = alpha_of(page.download()[1])
    assert alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 255


def test_while_a_stroke_is_worked_in_the_result_before_it_stays(page, cutter, png):
    page = start(page, png)
    shown = page.find(".after").get_attribute("src")
    cutter.go.clear()
    try:
        page.paint(-0.4, -0.4, 0.8, 0)
        assert page.find(".marks").is_displayed()
        page.until(page.find(".busy").is_displayed)
        assert page.find(".after").is_displayed()
        assert page.find(".after").get_attribute("src") == shown
    finally:
        cutter.go.set()
    page.settled()
    assert not page.find(".marks").is_displayed()
    assert page.find(".after").get_attribute("src") != shown


def test_strokes_before_the_first_result(page, cutter, png):
    page = page()
    cutter.go.clear()
    try:
        page.drop("ball.png", png)
        brush = page.find('.tools [data-do="brush"]')
        page.until(lambda: brush.is_displayed() and page.find(".canvas").is_displayed() and brush.is_enabled())
        brush.click()
        page.paint(-0.4, -0.4, 0.8, 0)
        assert page.find(".marks").is_displayed()
    finally:
        cutter.go.set()
    page.settled()
    assert not page.find(".marks").is_displayed()
    alpha = alpha_of(page.download()[1])
    assert alpha[round(0.1 * alpha.shape[0]), alpha.shape[1] // 2] == 255


def test_a_file_asked_for_at_once_has_the_last_stroke(page, png):
    page = start(page, png)
    draw_slowly(page)
    page.paint(-0.4, -0.4, 0.8, 0)
    alpha = alpha_of(page.download()[1])
    assert alpha[round(0.1 * alpha.shape[0]), alpha.shape[1] // 2] == 255


def test_what_is_copied_at_once_has_the_last_stroke(page, png):
    page = start(page, png)
    draw_slowly(page)
    # Chromium without a window has no clipboard of its own.
    page.driver.execute_script(
        "navigator.clipboard.write = async ([item]) => {"
        " const bytes = new Uint8Array(await (await item.getType('image/png')).arrayBuffer());"
        " window.copied = btoa(String.fromCharCode(...bytes)); }"
    )
    page.paint(-0.4, -0.4, 0.8, 0)
    page.choose('[data-do="copy"]')
    copied = page.until(lambda: page.driver.execute_script("return window.copied"))
    alpha = alpha_of(base64.b64decode(copied))
    assert alpha[round(0.1 * alpha.shape[0]), alpha.shape[1] // 2] == 255


def test_strokes_belong_to_one_picture(page, png):
    page = page()
    page.drop_all({"one.png": png, "two.png": png})
    page.until(lambda: page.count(".thumb.done") == 2)
    page.find('.tools [data-do="brush"]').click()
    page.paint(-0.4, -0.4, 0.8, 0)
    page.settled()
    page.choose("li:last-child .thumb")
    page.settled()
    assert not page.find(".brushes").is_displayed()
    with zipfile.ZipFile(io.BytesIO(page.download("download-all")[1])) as archive:
        assert archive.read("one.cutout.png") != page.from_api(png)
        assert archive.read("two.cutout.png") == page.from_api(png)


def test_the_brush_has_a_size_and_can_be_put_away(page, png):
    from selenium.webdriver.common.keys import Keys

    page = start(page, png)
    size = int(page.find("#brush-size").get_property("value"))
    page.hand().send_keys("]").perform()
    assert int(page.find("#brush-size").get_property("value")) > size
    page.hand().send_keys("[[").perform()
    assert int(page.find("#brush-size").get_property("value")) < size
    page.find('[data-kind="clear"]').send_keys(Keys.ENTER)
    page.hand().send_keys(Keys.ESCAPE).perform()
    assert not page.find(".brushes").is_displayed()
    assert page.focused().accessible_name == "Correct with a brush"
    page.paint(-0.3, 0, 0.1, 0)
    page.settled()
    assert page.download()[1] == page.from_api(png)


def test_in_a_cropped_result_strokes_lie_on_the_photo(page, png):
    page = page()
    page.drop("ball.png", png)
    page.settled()
    page.choose("#crop")
    page.settled()
    page.find('.tools [data-do="brush"]').click()
    page.find('[data-kind="clear"]').click()
    page.paint(-0.1, 0, 0.2, 0)
    page.settled()
    page.choose("#crop")
    page.settled()
    alpha = alpha_of(page.download()[1])
    assert alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 0
