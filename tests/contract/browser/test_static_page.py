"""`tress page OUT`: a folder of files that works from any web server, and then without one."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tress
from tress.browser.package import is_built
from tress.cli.main import main

LEMUR = (Path(__file__).parents[3] / "examples" / "lemur.jpg").read_bytes()
needs_files = pytest.mark.skipif(not is_built(), reason="needs the files that `make web` builds")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if not is_built():
        pytest.skip("needs the files that `make web` builds")
    target = tmp_path_factory.mktemp("page") / "out"
    assert main(["page", str(target)]) == 0
    return target


@pytest.fixture(scope="module")
def files(folder):
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def visit(open_page):
    """Opens the page and waits until it has loaded what it needs."""

    def open_(url):
        page = open_page(url)
        page.until(lambda: page.find("#limits").text.startswith("Ready"))
        return page

    return open_


def test_it_works_with_the_network_cut_off(visit, host, files, chromium):
    served = host(files)
    page = visit(served.url)
    assert not chromium.execute_script("return crossOriginIsolated"), "this host sends no headers: one thread"
    assert set(served.asked) <= set(files) | {"favicon.ico"}
    served.close()
    page = visit(served.url)
    page.console()
    assert chromium.execute_script("return crossOriginIsolated"), "the service worker sends them"
    page.drop("lemur.jpg", LEMUR)
    page.settled()
    name, content = page.download()
    cutout = np.asarray(Image.open(io.BytesIO(content)))
    expected = (tress.Remover().matte(LEMUR).alpha * 255 + 0.5).astype(np.uint8)
    assert name == "lemur.cutout.png"
    assert cutout.shape == (440, 680, 4)
    assert np.abs(cutout[..., 3].astype(int) - expected).mean() < 0.5
    page.find('.tools [data-do="brush"]').click()
    page.find('[data-kind="clear"]').click()
    page.paint(-0.05, 0, 0.1, 0)
    page.settled()
    cleared = np.asarray(Image.open(io.BytesIO(page.download()[1])))
    assert cutout[220, 340, 3] == 255
    assert cleared[220, 330:350, 3].max() == 0
    # A request to anybody else, of the page or of its workers, would be reported here, whether it leaves or not.
    assert page.console() == []


def test_nobody_else_may_be_asked(visit, host, files, chromium):
    page = visit(host(files).url)
    answer = chromium.execute_async_script(
        "const done = arguments[0]; fetch('http://127.0.0.2:9/').then(() => done('sent'), () => done('refused'));"
    )
    assert answer == "refused"
    assert any("Content Security Policy" in line for line in page.console())


def test_there_is_no_word_of_a_server(visit, host, files):
    page = visit(host(files).url)
    shown = page.find("body").text
    assert "The work is done on this device" in shown
    assert "server" not in shown
    assert not page.find(".place").is_displayed()
    assert page.find('#format option[value="avif"]').get_attribute("disabled")


def test_the_page_names_no_other_place(files):
    """Addresses inside what others wrote are of their documentation and are never asked."""
    own = [name for name in files if name.startswith("page/") or name in ("index.html", "service-worker.js")]
    for name in own:
        assert re.findall(r"https?://(?!www\.w3\.org/)", files[name].read_text("utf-8")) == [], name


@needs_files
def test_nothing_is_overwritten(folder, tmp_path, capsys):
    assert main(["page", str(folder)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["page", str(folder), "--overwrite"]) == 0
    own = tmp_path / "file"
    own.write_text("mine")
    assert main(["page", str(own)]) == 2
    assert own.read_text() == "mine"


def test_an_install_without_the_files_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("tress.browser.package._BUILT", tmp_path / "nothing")
    assert main(["page", str(tmp_path / "out")]) == 2
    assert "make web" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
