"""What the page says of inputs that it cannot use, and how it asks for a key."""


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
    from tress.server.admission.keys import KeyRing, digest_of

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

    from tress.server.admission.keys import KeyRing, digest_of

    page = page(keys=KeyRing((("a", digest_of("right")),)))
    page.until(page.find("dialog.key").is_displayed)
    page.find("#key").send_keys("right", Keys.ESCAPE)
    page.until(lambda: "no API key" in page.find("#limits").text)
