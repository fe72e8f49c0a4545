"""Words of files and libraries, in response headers and in the log."""

import dataclasses
import json
import logging
import subprocess
import sys

import pytest
import requests


def test_warnings_cannot_write_headers(make_client, cutter, png):
    plain = cutter.matte

    def matte(*arguments, **options):
        warnings = ("a\r\nSet-Cookie: x\x1b[2J \u00e4" + "w" * 2000,)
        return dataclasses.replace(plain(*arguments, **options), warnings=warnings)

    cutter.matte, cutter.model = matte, "m\u00f6del\n"
    answer = make_client().post("/v1/cutout", files={"image": png})
    assert answer.status_code == 200
    assert answer.headers["x-warnings"].startswith("a??Set-Cookie: x?[2J ?www")
    assert len(answer.headers["x-warnings"]) <= 1000
    assert answer.headers["x-model"] == "m?del?"
    assert "set-cookie" not in answer.headers


def test_an_answer_that_could_not_be_written_is_no_success_in_the_log(serve, monkeypatch, png, caplog):
    from tress.server.contracts import cutout

    monkeypatch.setattr(cutout, "_headers", lambda _: {"X-Bad": "a\nb"})
    server = serve()
    with caplog.at_level(logging.INFO, "tress.server"), pytest.raises(requests.ConnectionError):
        requests.post(f"{server.url}/v1/cutout", files={"image": png}, timeout=60)
    entries = [record.fields for record in caplog.records if record.message == "request"]
    assert [(entry["status"], entry["error"]) for entry in entries] == [(500, "internal_error")]


LOGGING = """
import asyncio, logging, threading, warnings
from tress.server.reporting.trace import configure_logging
configure_logging("info")
warnings.warn("careful")
logging.getLogger("asyncio").error("from a library \\x1b[2J \\udc80")
logging.getLogger("multiprocessing").warning("two %s", "lines\\nhere")
logging.getLogger("python_multipart.multipart").warning("crumbs")
logging.getLogger("tress.server").info("ours")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError("uncaught")
"""


def test_every_line_of_the_log_is_json():
    done = subprocess.run([sys.executable, "-c", LOGGING], stderr=subprocess.PIPE, check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in lines] == [
        *("py.warnings", "asyncio", "multiprocessing", "tress.server", "tress.server", "tress.server"),
    ]
    assert "ZeroDivisionError" in lines[-2]["traceback"]
    assert "uncaught" in lines[-1]["traceback"]
