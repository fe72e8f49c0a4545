"""Names of files that are too long, or would control the terminal; complaints of libraries; at the command line."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

TRESS = [sys.executable, "-m", "tress"]


def run(*arguments, **options):
    return subprocess.run([*TRESS, *arguments], capture_output=True, text=True, check=False, **options)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(path)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="names are limited otherwise there")
def test_a_name_that_is_too_long_is_called_so(photo):
    long = "b" * 300
    for arguments in (
        [f"{long}.jpg"],
        [photo, "-o", f"{long}.png"],
        [photo, "-o", f"{long}/x.png"],
        [photo, "-o", f"{long}/"],
    ):
        done = run(*map(str, arguments), cwd=photo.parent)
        assert done.returncode == 2, done.stderr
        assert "too long" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be there")
def test_a_name_cannot_control_the_terminal(photo):
    evil = photo.rename(photo.with_name("\x1b]0;gone\x07\x1b[2Jred\u202egnp.png"))
    missing = run("\x1b[31mnothing.png", cwd=photo.parent)
    done = run(evil.name, cwd=photo.parent)
    assert done.returncode in {0, 4}, done.stderr
    for text in (done.stderr, missing.stderr):
        assert text.strip()
        assert all(line.isprintable() for line in text.splitlines())
    assert "\\x1b[2Jred\\u202egnp.png" in done.stderr


def test_what_libtiff_says_of_a_fax_does_not_reach_stderr(tmp_path):
    fax = tmp_path / "fax.tif"
    Image.new("1", (1728, 2000), 1).save(fax, "TIFF", compression="group4")
    data = bytearray(fax.read_bytes())
    rng = np.random.default_rng(0)
    for at in rng.integers(8, len(data) // 2, len(data) // 4):
        data[at] ^= int(rng.integers(1, 256))
    data[8:200] = rng.bytes(192)
    fax.write_bytes(data)
    done = run(str(fax), "-q", "-o", str(tmp_path / "out.png"))
    assert done.returncode in {0, 2, 4}, done.stderr
    assert all(line.startswith(("error:", "hint:", "warning:")) for line in done.stderr.splitlines()), done.stderr[:500]
    assert len(done.stderr) < 2000
