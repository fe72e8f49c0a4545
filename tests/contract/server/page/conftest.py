"""The page of a running server."""

import pytest


@pytest.fixture(scope="package")
def chromium(start_chromium, tmp_path_factory):
    with start_chromium(tmp_path_factory.mktemp("browser")) as driver:
        yield driver


@pytest.fixture
def page(open_page, serve):
    """Opens the page of a fresh server."""

    def open_(width=1280, height=800, colours="light", **settings):
        server = serve(**settings)
        return open_page(f"{server.url}/", server, width, height, colours)

    return open_
