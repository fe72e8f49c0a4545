"""A rectangle on the photo says where the subject is looked for."""

import io
import zipfile


def drag(page, by_x, by_y):
    """From the middle of the picture, which is the middle of the stage."""
    page.hand().move_to_element(page.find("#stage")).click_and_hold().move_by_offset(by_x, by_y).release().perform()


def outline(page):
    return page.driver.execute_script(
        "const at = (selector) => document.querySelector(selector).getBoundingClientRect();"
        "const [photo, region] = [at('.canvas'), at('.region')];"
        "return [(region.left - photo.left) / photo.width, (region.top - photo.top) / photo.height,"
        " (region.right - photo.left) / photo.width, (region.bottom - photo.top) / photo.height]"
    )


def test_a_rectangle_and_back_to_everywhere(page, png):
    page = page()
    page.console()
    page.drop("ball.png", png)
    page.settled()
    button = page.find('[data-do="mark"]')
    button.click()
    assert page.find(".hint").is_displayed()
    drag(page, 400, 400)
    assert not page.find(".hint").is_displayed()
    page.settled()
    page.until(lambda: page.find(".handle").get_attribute("aria-valuenow") == "50")
    region = page.find("#region").get_property("value")
    left, top, right, bottom = (float(part.removesuffix("%")) for part in region.split())
    assert (right, bottom) == (100, 100)
    assert abs(left - 50) < 2
    assert abs(top - 50) < 2
    assert all(
        abs(100 * drawn - said) < 2 for drawn, said in zip(outline(page), (left, top, right, bottom), strict=True)
    )
    assert button.get_attribute("aria-pressed") == "true"
    name, content = page.download()
    assert content == page.from_api(png, region=region) != page.from_api(png)
    button.click()
    page.settled()
    assert not page.find(".region").is_displayed()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.download() == (name, page.from_api(png))
    assert page.console() == []


def test_the_rectangle_is_of_the_photo_also_when_the_result_is_cropped(page, png):
    page = page()
    page.drop("ball.png", png)
    page.settled()
    page.choose("#crop")
    page.settled()
    page.find('[data-do="mark"]').click()
    drag(page, 400, 400)
    page.settled()
    left, top, *_ = (float(part.removesuffix("%")) for part in page.find("#region").get_property("value").split())
    # The subject is in the middle of photo and result alike, to within a pixel, which is 2.5 % of the height.
    assert abs(left - 50) < 3
    assert abs(top - 50) < 3


def test_a_slip_and_escape_choose_nothing(page, png):
    from selenium.webdriver.common.keys import Keys

    page = page()
    page.drop("ball.png", png)
    page.settled()
    button = page.find('[data-do="mark"]')
    button.click()
    drag(page, 3, 200)
    assert page.find(".hint").is_displayed()
    page.find("#stage").send_keys(Keys.ESCAPE)
    assert not page.find(".hint").is_displayed()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.find("#region").get_property("value") == ""


def test_a_region_that_is_typed_belongs_to_one_picture(page, png):
    page = page()
    page.drop_all({"one.png": png, "two.png": png})
    page.until(lambda: page.count(".thumb.done") == 2)
    page.fill_in("#region", "0 0 50% 100%")
    page.settled()
    page.choose("li:last-child .thumb")
    page.settled()
    assert page.find("#region").get_property("value") == ""
    assert not page.find(".region").is_displayed()
    with zipfile.ZipFile(io.BytesIO(page.download("download-all")[1])) as archive:
        assert archive.read("one.cutout.png") == page.from_api(png, region="0 0 50% 100%")
        assert archive.read("two.cutout.png") == page.from_api(png)
    page.choose("li:first-child .thumb")
    page.settled()
    assert page.find("#region").get_property("value") == "0 0 50% 100%"
    assert [round(share, 2) for share in outline(page)] == [0, 0, 0.5, 1]


def test_a_region_beside_the_picture_is_refused_in_words(page, png):
    page = page()
    page.drop("ball.png", png)
    page.settled()
    page.fill_in("#region", "0 0 70 40")
    page.until(page.find(".note").is_displayed)
    assert "reaches beyond the picture of 60x40 pixels" in page.find(".note").text
    assert not page.find(".region").is_displayed()
    page.fill_in("#region", "")
    page.settled()
    assert not page.find(".note").is_displayed()
