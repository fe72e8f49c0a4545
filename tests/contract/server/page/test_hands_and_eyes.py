"""The page by keyboard, by pointer, by screen reader and on a phone."""

import os
from pathlib import Path

import pytest

AXE = Path(os.environ.get("TRESS_AXE", Path(__file__).parents[4] / ".cache/node_modules/axe-core/axe.min.js"))


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
    page.hand().drag_and_drop_by_offset(handle, 30, 0).perform()
    assert abs(int(handle.get_attribute("aria-valuenow")) - 75) <= 1


def test_the_focus_is_never_lost(page, png):
    from selenium.webdriver.common.keys import Keys

    page = page()
    page.until(lambda: page.find("#limits").text)
    page.find('.drop [data-do="pick"]').send_keys(Keys.SHIFT)
    page.drop_all({"one.png": png, "two.png": png})
    assert page.focused().get_attribute("id") == "stage"
    page.settled()
    first, second = page.find_all(".remove")
    assert [first.accessible_name, second.accessible_name] == ["Remove one.png", "Remove two.png"]
    first.send_keys(Keys.ENTER)
    assert page.focused().accessible_name == "two.png"
    second.send_keys(Keys.ENTER)
    assert page.focused().text == "Choose photos"


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
    page.hand().click(picture).perform()
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
    page.choose('.tools [data-do="brush"]')
    assert violations() == []
    page.drop("broken.png", b"no picture")
    page.until(page.find(".problem").is_displayed)
    assert violations() == []
    page.driver.get(f"{page.server.url}/docs")
    page.until(lambda: page.count("details"))
    page.driver.execute_script("for (const details of document.querySelectorAll('details')) details.open = true")
    assert violations() == []
