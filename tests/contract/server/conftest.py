import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

HAS_SERVER = all(importlib.util.find_spec(name) for name in ("fastapi", "uvicorn", "prometheus_client", "httpx2"))
collect_ignore_glob = [] if HAS_SERVER else ["page", "test_*.py"]


class FakeCutter:
    """Whatever differs from the colour of the top left corner is the subject.  Can be held still by a test."""

    model, device, max_megapixels = "fake", "cpu", 50.0

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.started = threading.Semaphore(0)
        self.finished = 0

    def matte(self, picture: Any, *, region: Any = None, keep: Any = None, clear: Any = None) -> Any:
        from tress.matte import Matte
        from tress.outputs.marks import fit_marks

        self.started.release()
        assert self.go.wait(20)
        self.finished += 1
        pixels = picture.pixels.astype(np.float32)
        alpha = np.clip((np.abs(pixels - pixels[0, 0]).max(2) - 20) / 80, 0, 1)
        height, width = alpha.shape
        if region is not None:
            inside = region.box(width, height).inside
            alpha, whole = np.zeros_like(alpha), alpha
            alpha[inside] = whole[inside]
        if keep is not None:
            alpha = np.maximum(alpha, fit_marks(keep.weights, "keep", width, height))
        if clear is not None:
            alpha = alpha * (1 - fit_marks(clear.weights, "clear", width, height))
        found = bool((alpha > 0.5).any())
        return Matte(picture.pixels, alpha, found, 0.9, self.model, self.device, {"locate": 0.0})


def photo(width: int = 60, height: int = 40) -> np.ndarray:
    """A red ellipse on blue, half as wide and high as the picture."""
    pixels = np.full((height, width, 3), (30, 60, 200), np.uint8)
    cv2.ellipse(pixels, (width // 2, height // 2), (width // 4, height // 4), 0, 0, 360, (220, 40, 30), -1)
    return pixels


@pytest.fixture(scope="session")
def png() -> bytes:
    from tress.io.encode import encode

    return encode(photo(), "png")


@pytest.fixture(scope="session")
def empty_png() -> bytes:
    from tress.io.encode import encode

    return encode(np.full((20, 30, 3), 90, np.uint8), "png")


@pytest.fixture
def cutter() -> FakeCutter:
    return FakeCutter()


@pytest.fixture(scope="session")
def decoders() -> Iterator[Any]:
    """The processes that decode, for all applications: starting them takes longer than most tests."""
    from tress.server.work.decoders import Decoders

    decoders = Decoders(2)
    yield decoders
    decoders.close()


@pytest.fixture
def make_client(cutter: FakeCutter, decoders: Any) -> Iterator[Callable[..., Any]]:
    """Starts the application with the given settings and gives a client for it."""
    from starlette.testclient import TestClient

    from tress.server.app import create_app
    from tress.server.config import ServerConfig

    with ExitStack() as stack:

        def make(**settings: Any) -> Any:
            app = create_app(ServerConfig(**settings), load=lambda: cutter, decoders=decoders)
            return stack.enter_context(TestClient(app, base_url="http://localhost", client=("203.0.113.7", 5000)))

        yield make
        cutter.go.set()


@pytest.fixture
def client(make_client: Callable[..., Any]) -> Any:
    return make_client()


def below(prefix: str, app: Any) -> Any:
    """The application behind a proxy that strips a prefix from the path and passes nothing else on."""

    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            path = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else "/nothing-is-here"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return proxy


@pytest.fixture
def serve(cutter: FakeCutter, decoders: Any) -> Iterator[Callable[..., Any]]:
    """Starts a real server on loopback and gives its address, its application and its uvicorn server."""
    import socket
    import time

    import uvicorn

    from tress.server.app import create_app
    from tress.server.config import ServerConfig
    from tress.server.host.run import server_settings

    running: list[tuple[Any, threading.Thread]] = []

    def start(prefix: str = "", **settings: Any) -> Any:
        config = ServerConfig(**settings)
        app = create_app(config, load=lambda: cutter, decoders=decoders)
        how = server_settings(config, below(prefix, app) if prefix else app)
        how.timeout_graceful_shutdown = 10
        server = uvicorn.Server(how)
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((server, thread))
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        return SimpleNamespace(url=f"http://127.0.0.1:{port}{prefix}", port=port, app=app, server=server, thread=thread)

    yield start
    cutter.go.set()
    for server, thread in running:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
