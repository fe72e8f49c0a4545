"""The package `tress-web` and the page without a server, in a real Chromium, against the Python package."""

import http.server
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from tress.browser.package import is_built, package_files

ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
RUN = """
const done = arguments[arguments.length - 1];
const body = arguments[0];
const run = new (Object.getPrototypeOf(async () => {}).constructor)("given", body);
run(arguments[1]).then(
  (answer) => done({answer}),
  (error) => done({error: {name: error.name, code: error.code, message: error.message, hint: error.hint}}),
);
"""


class Refused(Exception):
    """A promise of the page was rejected."""

    def __init__(self, error):
        super().__init__(f"{error['name']} {error['code']}: {error['message']}")
        self.name, self.code, self.hint = error["name"], error["code"], error["hint"]


@pytest.fixture(scope="package")
def chromium(start_chromium, tmp_path_factory):
    if not is_built():
        pytest.skip("needs the files that `make web` builds")
    with start_chromium(tmp_path_factory.mktemp("browser")) as driver:
        yield driver


@pytest.fixture(scope="package")
def isolation():
    """The headers that let a page use threads."""
    return ISOLATION


@pytest.fixture(scope="package")
def host():
    """Serves files from memory on loopback: ``host(files)`` gives an address, what was asked for, and ``close``."""
    servers = []

    def start(files, headers=None):
        handler = partial(_Handler, SimpleNamespace(files=files, headers=headers or {}, asked=[], posted=[]))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        facts = handler.args[0]

        def close():
            if thread.is_alive():
                server.shutdown()
                thread.join(20)
                server.server_close()

        servers.append(close)
        facts.url, facts.close = f"http://127.0.0.1:{server.server_port}/", close
        return facts

    yield start
    for close in servers:
        close()


TYPES = {"js": "text/javascript", "mjs": "text/javascript", "json": "application/json", "wasm": "application/wasm"}
TYPES |= {"html": "text/html", "css": "text/css", "svg": "image/svg+xml", "png": "image/png"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, facts, *arguments):
        self.facts = facts
        super().__init__(*arguments)

    def do_GET(self):
        name = self.path.split("?")[0].removeprefix("/") or "index.html"
        self.facts.asked.append(name)
        found = self.facts.files.get(name)
        content = found if found is None or isinstance(found, bytes) else found.read_bytes()
        self._answer(404 if content is None else 200, content or b"", name)

    def do_POST(self):
        self.facts.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200, b"", "")

    def _answer(self, status, content, name):
        self.send_response(status)
        self.send_header("Content-Type", TYPES.get(name.rpartition(".")[2], "application/octet-stream"))
        self.send_header("Content-Length", str(len(content)))
        for header, value in self.facts.headers.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="package")
def package(chromium, host):
    """An otherwise empty page with the package beside it."""
    files = {f"browser/{name}": file for name, file in package_files().items()}
    files["index.html"] = b"<!doctype html><title>tress-web</title>"
    served = host(files, ISOLATION)
    chromium.get(served.url)
    return Package(chromium, served)


class Package:
    def __init__(self, driver, served):
        self.driver, self.served = driver, served

    def run(self, script, **given):
        """Runs an asynchronous function with `given` in the page; its answer, or Refused."""
        load = "globalThis.tress ??= await import('/browser/src/index.js');"
        answer = self.driver.execute_async_script(RUN, load + script, given)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["answer"]

    def run_with_remover(self, script, **given):
        return self.run(f"globalThis.remover ??= await tress.Remover.load(); {script}", **given)

    def matte(self, image, **options):
        """Alpha, facts and cut-out of a picture (bytes); options as of `Remover.matte`, files as bytes."""
        names = {"image": image, **{name: value for name, value in options.items() if isinstance(value, bytes)}}
        self.served.files.update({f"given/{name}": content for name, content in names.items()})
        plain = {name: value for name, value in options.items() if name not in names}
        facts = self.run_with_remover(
            """
            const file = async (name) => (await fetch(`/given/${name}`, {cache: "no-store"})).blob();
            const options = {...given.plain};
            for (const name of given.files) options[name] = await file(name);
            const {image, ...rest} = options;
            globalThis.matte = await remover.matte(image, rest);
            await fetch("/", {method: "POST", body: new Blob([matte.alpha])});
            const {width, height, found, confidence, seconds, warnings} = matte;
            return {width, height, found, confidence, seconds, warnings};
            """,
            files=list(names),
            plain=plain,
        )
        alpha = np.frombuffer(self.served.posted.pop(), np.float32)
        return SimpleNamespace(**{**facts, "alpha": alpha.reshape(facts["height"], facts["width"])})

    def render(self, **options):
        """The file that the last matte becomes."""
        made = self.run(
            """
            const {blob, width, height, layout} = await matte.render(given.options);
            await fetch("/", {method: "POST", body: blob});
            return {type: blob.type, width, height, layout};
            """,
            options=options,
        )
        return SimpleNamespace(**made, content=self.served.posted.pop())
