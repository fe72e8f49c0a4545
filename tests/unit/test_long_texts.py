"""What is read from text, and from inside pictures, takes time in proportion to its length.

Each case is so long that anything quadratic would run for hours: the test ends, or it does not.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tress.errors import InputError
from tress.outputs import OPTIONS, parse

_OPTIONS = """
from tress.outputs import OPTIONS
n = 200_000
starts = ["", "rgb(", "hsl(", "blur:", "#", "1x", "1,", "+", "-.", ".", "10% ", "rgb(1,1,"]
bodies = ["1" * n, "1." * n, "." * n, " " * n, "," * n, "1 " * n, "1e" * n, "a" * n, "1,1/" * n, "5% " * n, "(" * n]
for option in OPTIONS.values():
    for start in starts:
        for body in bodies:
            for end in ("", "x", ")"):
                try:
                    option.kind.read(start + body + end)
                except ValueError:
                    pass
print("done")
"""

_XMP = """
from tress.io.exif import upright_xmp
n = 500_000
for text in (b"<xmp:Thumbnails>", b"<xap:Thumbnails ", b"<xmp:Thumbnails></xap:Thumbnails>",
             b"tiff:Orientation", b"tiff:Orientation='1", b"<tiff:Orientation>",
             b"<tiff:Orientation>1", b"xmpGImg:image=",
             b'xmpGImg:image="',
             b"xmpGImg:image='\\"", b"tiff:Orientation" + b" " * 50 + b"=", b"<xmp:Thumbnails>1</xmp:Thumbnails>"):
    upright_xmp(text * n)
for text in (b"tiff:Orientation=%s1", b"<tiff:Orientation>%s", b"xmpGImg:image%s", b"<xmp:Thumbnails%s"):
    upright_xmp(text % (b" " * 5_000_000))
print("done")
"""


@pytest.mark.parametrize("program", [pytest.param(_OPTIONS, id="options"), pytest.param(_XMP, id="XMP")])
def test_time_grows_no_faster_than_the_text(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=900, check=False)
    assert done.stdout.split() == ["done"], done.stderr[-2000:]


@pytest.mark.parametrize("name", list(OPTIONS))
def test_a_text_that_no_option_needs_is_not_even_read(name: str) -> None:
    with pytest.raises(InputError, match="at most 4096 characters") as caught:
        parse({name: "7" * 5000})
    assert len(str(caught.value)) < 300


def test_a_long_unknown_name_is_shown_in_part() -> None:
    with pytest.raises(InputError) as caught:
        parse({"background" * 100_000: "1"})
    assert caught.value.code == "option_unknown"
    assert len(str(caught.value)) < 700
