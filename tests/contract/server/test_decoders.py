"""Pictures are decoded in processes that can be killed: limits on time and memory, replacement, and how they end."""

import contextlib
import dataclasses
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from tress.errors import BusyError, InputError
from tress.io.decode import Picture, decode
from tress.server.work import decoders as decoders_module
from tress.server.work.decoders import Decoders

EXAMPLE = (Path(__file__).parents[3] / "examples/lemur.jpg").read_bytes()
needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited where /proc tells it")


@pytest.fixture
def own():
    decoders = Decoders(1)
    decoders.start()
    yield decoders
    decoders.close()


def soon():
    return time.monotonic() + 300


def read(decoders, source, **limits):
    return decoders.decode(source, **{"size_px": 10**6, "max_megapixels": 50.0, "ends": soon(), **limits})


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def until(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def same(one, other):
    assert np.array_equal(one.pixels, other.pixels)
    assert (one.alpha is None) == (other.alpha is None)
    assert one.alpha is None or np.array_equal(one.alpha, other.alpha)
    assert one.alpha is None or one.alpha.dtype == np.float32
    rest = {field.name for field in dataclasses.fields(Picture)} - {"pixels", "alpha"}
    assert {name: getattr(one, name) for name in rest} == {name: getattr(other, name) for name in rest}


def test_what_comes_back_is_what_decode_gives(decoders):
    soft = Image.fromarray(np.arange(4000, dtype=np.uint8).reshape(25, 40, 4), "RGBA")
    frames = saved(soft, "GIF", save_all=True, append_images=[soft.rotate(90)])
    for source in (EXAMPLE, saved(soft, "PNG", dpi=(72, 36)), saved(soft, "WEBP", lossless=True), frames):
        same(read(decoders, source), decode(source))
    assert decoders.read_size(EXAMPLE, ends=soon()) == Image.open(io.BytesIO(EXAMPLE)).size


@pytest.mark.parametrize("source", [b"no picture", EXAMPLE[:3000]])
def test_errors_are_those_of_decode(decoders, source):
    with pytest.raises(InputError) as expected:
        decode(source)
    with pytest.raises(InputError) as caught:
        read(decoders, source)
    assert caught.value.args == expected.value.args
    assert (caught.value.code, caught.value.hint) == (expected.value.code, expected.value.hint)


@needs_proc
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "AVIF"])
def test_memory_is_limited_by_what_a_picture_announced(own, kind):
    large = saved(Image.new("RGB", (7000, 6000), "red"), kind)
    with pytest.raises(InputError) as caught:
        read(own, large, size_px=64 * 64)
    assert caught.value.code in ("out_of_memory", "picture_corrupt", "picture_too_costly")
    same(read(own, EXAMPLE), decode(EXAMPLE))
    assert read(own, large, size_px=42_000_000).pixels.shape == (6000, 7000, 3)


def test_a_picture_that_takes_too_long_costs_its_decoder_and_nothing_else(own, monkeypatch, caplog):
    large = saved(Image.effect_noise((5000, 5000), 100), "PNG", compress_level=1)
    monkeypatch.setattr(decoders_module, "_DECODE_S", 0.01)
    monkeypatch.setattr(decoders_module, "_S_PER_MEGAPIXEL", 0.0)
    with pytest.raises(InputError) as caught:
        read(own, large)
    assert caught.value.code == "picture_too_costly"
    assert [record.message for record in caplog.records] == ["a decoder was ended"]
    monkeypatch.undo()
    same(read(own, EXAMPLE), decode(EXAMPLE))
    assert not own.stuck


@needs_proc
def test_the_time_of_processors_is_limited_however_busy_they_are(own, monkeypatch):
    large = saved(Image.effect_noise((5000, 5000), 100), "PNG", compress_level=1)
    monkeypatch.setattr(decoders_module, "_DECODE_CPU_S", 0.0)
    monkeypatch.setattr(decoders_module, "_CPU_S_PER_MEGAPIXEL", 0.0)
    monkeypatch.setattr(decoders_module, "_DECODE_S", 600.0)

    def read_several():
        # The system counts whole seconds, so that a part of one is left to the first of them.
        for _ in range(100):
            read(own, large, size_px=25_000_000)

    with pytest.raises(InputError) as caught:
        read_several()
    assert caught.value.code == "picture_too_costly"
    monkeypatch.undo()
    same(read(own, EXAMPLE), decode(EXAMPLE))


def test_a_decoder_that_was_killed_is_replaced(own):
    pid = own._idle.queue[-1]._process.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not own._idle.queue[-1].alive)
    same(read(own, EXAMPLE), decode(EXAMPLE))


def test_nobody_waits_longer_than_the_deadline_for_a_decoder(own):
    taken = own._take(soon())
    with pytest.raises(BusyError):
        read(own, EXAMPLE, ends=time.monotonic() + 0.05)
    own._give_back(taken)
    read(own, EXAMPLE)


def test_what_libraries_print_goes_nowhere(decoders, capfd):
    fax = bytearray(saved(Image.effect_noise((900, 900), 90).convert("1"), "TIFF", compression="group4"))
    fax[2000:9000] = bytes(range(250)) * 28
    for _ in range(3):
        with contextlib.suppress(InputError):
            read(decoders, bytes(fax))
    assert capfd.readouterr() == ("", "")


def test_a_decoder_knows_no_secret(own, monkeypatch):
    environment = Path(f"/proc/{own._idle.queue[-1]._process.pid}/environ")
    if not environment.exists():
        pytest.skip("reads the environment under /proc")
    assert b"PYTEST_CURRENT_TEST" in Path("/proc/self/environ").read_bytes() or "PYTEST_CURRENT_TEST" in os.environ
    assert b"PYTEST_CURRENT_TEST" not in environment.read_bytes()


ORPHANING = """
import os, signal, time
from tress.server.work.decoders import Decoders
decoders = Decoders(1)
decoders.start()
print(decoders._idle.queue[-1]._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@needs_proc
def test_decoders_end_with_the_service(tmp_path):
    done = subprocess.run([sys.executable, "-c", ORPHANING], stdout=subprocess.PIPE, text=True, check=False)
    pid = int(done.stdout)
    until(lambda: not is_running(pid))


def is_running(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_for_the_service_leave_decoders_alone(own, number):
    os.kill(own._idle.queue[-1]._process.pid, number)
    same(read(own, EXAMPLE), decode(EXAMPLE))


def test_lies_of_a_decoder_are_refused(own, monkeypatch):
    def answer(*_):
        return {"size": [4000, 4000], "alpha": False, "exif": False, "xmp": False}, [np.zeros(30, np.uint8)]

    monkeypatch.setattr(decoders_module._Decoder, "ask", answer)
    with pytest.raises(InputError) as caught:
        read(own, EXAMPLE)
    assert caught.value.code == "picture_too_costly"


def test_readyz_says_that_no_decoder_can_be_started(serve, monkeypatch):
    def fail(*_, **__):
        raise OSError("no more processes")

    server = serve()
    service = server.app.state.service
    monkeypatch.setattr(service, "_decoders", Decoders(1))
    monkeypatch.setattr(decoders_module.subprocess, "Popen", fail)
    answer = requests.get(f"{server.url}/readyz", timeout=60)
    assert (answer.status_code, answer.json()["status"]) == (503, "stuck")
    refused = requests.post(f"{server.url}/v1/cutout", files={"image": EXAMPLE}, timeout=60)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "decoder_busy")
    monkeypatch.undo()
    monkeypatch.setattr(service, "_decoders", Decoders(1))
    assert requests.get(f"{server.url}/readyz", timeout=60).json()["status"] == "ok"
    service._decoders.close()


def test_readyz_says_that_every_thread_is_stuck(serve, cutter, png):
    server = serve(threads=1, queue_size=5, deadline_s=0.5)
    cutter.go.clear()
    answer = requests.post(f"{server.url}/v1/cutout", files={"image": png}, timeout=60)
    assert answer.json()["error"]["code"] == "deadline_exceeded"
    stuck = requests.get(f"{server.url}/readyz", timeout=60)
    assert (stuck.status_code, stuck.json()["status"]) == (503, "stuck")
    cutter.go.set()
    until(lambda: requests.get(f"{server.url}/readyz", timeout=60).json()["status"] == "ok")


def test_many_threads_share_the_decoders(decoders):
    failures = []

    def work():
        try:
            for _ in range(5):
                same(read(decoders, EXAMPLE), expected)
        except Exception as error:
            failures.append(error)

    expected = decode(EXAMPLE)
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
