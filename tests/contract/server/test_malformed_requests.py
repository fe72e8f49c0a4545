"""Whatever is sent, the answer is a 4xx in the interface's own shape, and the service goes on."""

import asyncio
import base64
import contextlib
import gzip
import json
import tracemalloc
from random import Random
from urllib.parse import unquote_to_bytes, urlencode

import pytest
from starlette.requests import Request

from tress.errors import InputError
from tress.server.reading import percent
from tress.server.reading.body import read_body
from tress.server.reading.encoded import read_base64
from tress.server.reading.flat import read_form, read_object
from tress.server.reading.percent import percent_decoded

GOOD = "<the good picture>"
BOUNDARY = "multipart/form-data; boundary=X"


def part(name, content=b"x", extra=b""):
    return b'--X\r\nContent-Disposition: form-data; name="' + name + b'"' + extra + b"\r\n\r\n" + content + b"\r\n"


BODIES = {
    "nothing": ("image/png", b""),
    "no type": (None, b"x"),
    "text": ("text/plain", b"hello"),
    "html": ("text/html", b"<p>"),
    "wild type": ("a/b/c; ; ;=", b"x"),
    "non-ascii type": (b"image/\xff", b"x"),
    "zeros": ("image/png", bytes(1000)),
    "png signature alone": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpeg start alone": ("image/jpeg", b"\xff\xd8\xff\xe0"),
    "svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "pdf": ("application/octet-stream", b"%PDF-1.7\n"),
    "zip": ("application/octet-stream", b"PK\x03\x04" + bytes(30)),
    "gif without pixels": ("image/gif", b"GIF89a" + bytes(7)),
    "bmp with huge size": ("image/bmp", b"BM" + bytes(12) + b"\x28\0\0\0" + b"\xff\xff\xff\x7f" * 2 + bytes(28)),
    "tiff with loop": ("image/tiff", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"),
    "webp riff only": ("image/webp", b"RIFF\x10\0\0\0WEBPVP8 "),
    "avif box only": ("image/avif", b"\0\0\0\x18ftypavif" + bytes(12)),
    "heic box only": ("image/heic", b"\0\0\0\x18ftypheic" + bytes(12)),
    "no boundary": ("multipart/form-data", part(b"image")),
    "empty boundary": ("multipart/form-data; boundary=", part(b"image")),
    "long boundary": ("multipart/form-data; boundary=" + "b" * 300, b""),
    "other boundary": ("multipart/form-data; boundary=Y", part(b"image") + b"--X--\r\n"),
    "unfinished multipart": (BOUNDARY, part(b"image", b"x", b'; filename="a.png"')),
    "part without name": (BOUNDARY, b"--X\r\nContent-Disposition: form-data\r\n\r\nx\r\n--X--\r\n"),
    "part without header": (BOUNDARY, b"--X\r\n\r\nx\r\n--X--\r\n"),
    "part with wild header": (BOUNDARY, b"--X\r\n\x00\x01: y\r\n\r\nx\r\n--X--\r\n"),
    "image as text": (BOUNDARY, part(b"image") + part(b"image_file") + b"--X--\r\n"),
    "many fields": (BOUNDARY, b"".join(part(b"f%d" % n) for n in range(200)) + b"--X--\r\n"),
    "many files": (BOUNDARY, b"".join(part(b"f%d" % n, b"x", b'; filename="a"') for n in range(20)) + b"--X--\r\n"),
    "unknown file field": (BOUNDARY, part(b"picture", b"x", b'; filename="a"') + b"--X--\r\n"),
    "wild charset": (BOUNDARY + "; charset=no-such", part(b"size", b"\xff\xfe") + b"--X--\r\n"),
    "binary name": (BOUNDARY, part(b"\xff\xfe", b"x") + b"--X--\r\n"),
    "json of nothing": ("application/json", b""),
    "json broken": ("application/json", b'{"image_url": '),
    "json in latin-1": ("application/json", b'{"image_url": "\xe9"}'),
    "json list": ("application/json", b"[1, 2]"),
    "json number": ("application/json", b"7"),
    "json null": ("application/json", b"null"),
    "json deep": ("application/json", b"[" * 100_000),
    "json not a number": ("application/json", b'{"quality": NaN}'),
    "json big number": ("application/json", b'{"quality": 1e999}'),
    "json huge integer": ("application/json", b'{"quality": ' + b"9" * 5000 + b"}"),
    "json nested value": ("application/json", b'{"image_url": {"a": 1}}'),
    "json nested unfinished": ("application/json", b'{"a": [' + b"[1]," * 100_000),
    "json many fields": ("application/json", json.dumps({f"f{n}": 1 for n in range(200)}).encode()),
    "json without comma": ("application/json", b'{"size": 1 "crop": true}'),
    "json without name": ("application/json", b"{1: 2}"),
    "json comma at the end": ("application/json", b'{"size": "preview",}'),
    "json and more": ("application/json", b"{} {}"),
    "json with a wrong word": ("application/json", b'{"crop": yes}'),
    "json nothing set": ("application/json", b"{}"),
    "json nulls": ("application/json", b'{"image_url": null, "image_b64": null, "image_file_b64": null}'),
    "json lone surrogate": ("application/json", b'{"image_url": "\\ud800", "bg_color": "\\ud800"}'),
    "base64 broken": ("application/json", b'{"image_b64": "!!!", "image_file_b64": "!!!"}'),
    "base64 of text": ("application/json", b'{"image_b64": "aGVsbG8=", "image_file_b64": "aGVsbG8="}'),
    "base64 in non-ascii": ("application/json", '{"image_b64": "ääää", "image_file_b64": "ääää"}'.encode()),
    "url without host": ("application/json", b'{"image_url": "http://"}'),
    "url of a file": ("application/json", b'{"image_url": "file:///etc/passwd"}'),
    "url of this machine": ("application/json", b'{"image_url": "http://localhost:22/"}'),
    "url with bad port": ("application/json", b'{"image_url": "http://example.com:99999/"}'),
    "url with line break": ("application/json", b'{"image_url": "http://example.com/\\r\\nX: y"}'),
    "url with bad ipv6": ("application/json", b'{"image_url": "http://[::1"}'),
    "url with null": ("application/json", b'{"image_url": "http://a\\u0000b/"}'),
    "form broken": ("application/x-www-form-urlencoded", b"%zz=%"),
    "form not utf-8": ("application/x-www-form-urlencoded", b"image_url=%ff%fe"),
    "form raw bytes": ("application/x-www-form-urlencoded", bytes(range(256))),
    "form too many": ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(500))),
    "form nothing": ("application/x-www-form-urlencoded", b""),
}
OPTIONS = {
    "unknown option": {"colour": "red"},
    "bad boolean": {"crop": "perhaps"},
    "negative": {"feather": "-1"},
    "infinite": {"feather": "inf"},
    "not a number": {"feather": "nan"},
    "quality of 0": {"quality": "0"},
    "giant canvas": {"size": "65535x65535"},
    "size of 0": {"size": "0x0"},
    "jpeg that is transparent": {"format": "jpeg"},
    "unknown format": {"format": "exe"},
    "margin without crop": {"margin": "5%"},
    "long text": {"background": "a" * 10_000},
    "null byte": {"background": "red\0"},
    "option in any script": {"background": "цвет"},
    "mask on white": {"mask": "true", "background": "white"},
}


def assert_refused(path, response):
    assert 400 <= response.status_code < 500, response.text
    answer = response.json()
    if path.startswith("/v1.0"):
        assert answer["errors"][0]["code"]
        assert answer["errors"][0]["title"]
    elif path.startswith("/api"):
        assert answer["detail"][0]["msg"]
    else:
        assert answer["error"]["code"]
        assert answer["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/cutout", "/v1.0/removebg", "/api/remove"])
@pytest.mark.parametrize("case", BODIES)
def test_bodies(client, path, case):
    kind, content = BODIES[case]
    assert_refused(path, client.post(path, content=content, headers={"content-type": kind} if kind else {}))
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/v1/cutout", "/v1.0/removebg", "/api/remove"])
def test_compressed_bodies_are_called_that(client, png, path):
    headers = {"content-type": "image/png", "content-encoding": "gzip"}
    response = client.post(path, content=gzip.compress(png), headers=headers)
    assert_refused(path, response)
    assert "Content-Encoding gzip" in response.text
    assert (
        client.post("/v1/cutout", content=png, headers={**headers, "content-encoding": "identity"}).status_code == 200
    )


def test_a_picture_that_is_called_a_form_gets_a_hint(client, png):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    error = client.post("/v1/cutout", content=png, headers=headers).json()["error"]
    assert error["code"] == "form"
    assert "image/jpeg" in error["hint"]


def test_several_files_in_one_field_are_refused(client, png):
    response = client.post("/v1/cutout", files=[("image", png), ("image", png)])
    assert response.json()["error"]["code"] == "file_twice"


@pytest.mark.parametrize("path", ["/v1/cutout/", "/v1.0/removebg/", "/nothing", "/v1.0/nothing", "/docs/"])
def test_addresses_that_are_not_there_are_refused_and_not_redirected(client, path):
    response = client.post(path, follow_redirects=False)
    assert response.status_code == 404
    assert_refused(path, response)
    assert "/openapi.json" in response.text


@pytest.mark.parametrize("where", ["data", "params", "json"])
@pytest.mark.parametrize("case", OPTIONS)
def test_options(client, png, where, case):
    if where == "json":
        response = client.post("/v1/cutout", json={"image_b64": base64.b64encode(png).decode(), **OPTIONS[case]})
    else:
        response = client.post("/v1/cutout", files={"image": png}, **{where: OPTIONS[case]})
    assert_refused("/v1/cutout", response)


@pytest.mark.parametrize("cut", range(8, 120, 14))
def test_torn_pictures(client, png, cut):
    for path, field in (("/v1/cutout", "image"), ("/v1.0/removebg", "image_file"), ("/api/remove", "file")):
        assert_refused(path, client.post(path, files={field: png[:cut]}))


@pytest.mark.parametrize("path", ["/v1/cutout", "/v1.0/removebg", "/api/remove"])
@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", "ten"])
def test_wrong_lengths(client, path, length):
    headers = {"content-type": "image/png", "content-length": length}
    assert_refused(path, client.post(path, content=b"x", headers=headers))


@pytest.mark.parametrize("path", ["/v1/cutout", "/v1.0/removebg", "/v1/models", "/v1.0/account", "/v1/nothing"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_wrong_methods(client, path, method):
    assert_refused(path, client.request(method, path))


def test_two_pictures_at_once(client, png):
    text = base64.b64encode(png).decode()
    assert_refused("/v1/cutout", client.post("/v1/cutout", files={"image": png}, data={"image_b64": text}))


def test_no_problem_repeats_what_was_sent_in_full(client, png):
    secret = "s" * 5000
    for name in ("background", secret):
        response = client.post("/v1/cutout", files={"image": png}, data={name: secret})
        assert len(json.dumps(response.json())) < 2000


GREEDY = {
    "brackets": ("application/json", b'{"a": [' + b"[[]]," * 150_000 + b"0]}"),
    "numbers": ("application/json", b'{"a": [' + b"1," * 400_000 + b"0]}"),
    "fields": ("application/json", b'{"a":1' + b"".join(b',"%d":1' % n for n in range(60_000)) + b"}"),
    "escapes": ("application/x-www-form-urlencoded", b"image_url=" + b"%41" * 300_000),
    "ampersands": ("application/x-www-form-urlencoded", b"&" * 800_000),
    "lines of base64": ("application/json", b'{"image_b64": "' + b"A\\n" * 300_000 + b'"}'),
    "emoji in base64": ("application/json", b'{"image_b64": "' + b"A" * 900_000 + "\U0001f600".encode() + b'"}'),
    "escaped emoji": ("application/json", b'{"image_b64": "' + b"A" * 900_000 + b'\\ud83d\\ude00"}'),
    "emoji in a form": ("application/x-www-form-urlencoded", b"image_b64=" + b"A" * 900_000 + b"%F0%9F%98%80"),
    "emoji in a part": (BOUNDARY, part(b"image_b64", b"A" * 900_000 + "\U0001f600".encode()) + b"--X--\r\n"),
    "quotes": ("application/json", b'{"image_b64": "' + b'\\"' * 400_000 + b'"}'),
    "backslashes": ("application/json", b'{"image_b64": "' + b"\\\\" * 400_000 + b'"}'),
    "percent signs in base64": ("application/json", b'{"image_b64": "' + b"%" * 900_000 + b'"}'),
    "escapes in base64": ("application/json", b'{"image_b64": "' + b"%4A%" * 200_000 + b'"}'),
    "escapes in an address": ("application/json", b'{"image_b64": "data:,' + b"%4A%" * 200_000 + b'"}'),
    "long option": (BOUNDARY, part(b"background", b"1" * 900_000) + b"--X--\r\n"),
}


@pytest.mark.parametrize("case", GREEDY)
def test_a_body_does_not_become_many_times_larger_in_memory(case):
    kind, content = GREEDY[case]

    async def receive():
        return {"type": "http.request", "body": content, "more_body": False}

    async def read():
        scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
        with contextlib.suppress(InputError):
            body = await read_body(Request(scope, receive), len(content))
            await read_base64(body.texts.get("image_b64", ""))

    tracemalloc.start()
    try:
        asyncio.run(read())
        assert tracemalloc.get_traced_memory()[1] < 6 * len(content)
    finally:
        tracemalloc.stop()


def test_flat_json_is_read_as_any_parser_reads_it():
    values = {"a": 'x"\\\n\u00e4\U0001f600', "b": -1.5e3, "c": True, "d": None, "e": 7, "": "", "f": {"g": [1, '"]}']}}
    for options in ({}, {"indent": 2}, {"ensure_ascii": False}, {"separators": (",", ":")}):
        assert read_object(json.dumps(values, **options).encode()) == values
    assert read_object(b'\xef\xbb\xbf {"a": 1, "a": 2}\n') == {"a": 2}
    assert read_object(rb'{"a_b64": "\u002b\/\\"}') == {"a_b64": "+/\\"}
    thirty = b"A" * 30
    escaped = b'{"a_b64": "' + (thirty + b"\\/\\u002B") * 20_000 + b'"}'
    assert read_object(escaped) == {"a_b64": (thirty.decode() + "/+") * 20_000}


@pytest.mark.parametrize("escape", [r"\n", r"\\", r"\/", r"\u0041"])
def test_a_text_of_escapes_is_refused_before_it_is_read(escape):
    with pytest.raises(ValueError, match="escapes"):
        read_object(f'{{"a_b64": "{escape * 50_000}"}}'.encode())


def test_percent_escapes_are_read_as_python_reads_them(monkeypatch):
    # Escapes that a piece ends in the middle of are among them.
    monkeypatch.setattr(percent, "_PIECE_BYTES", 7)
    random = Random(1)
    for _ in range(2000):
        text = bytes(random.choices(b"%%%%4aAfFgG0 +\xff", k=random.randrange(40)))
        assert percent_decoded(text) == unquote_to_bytes(text)


LONG = {"background": "1" * 4097, "size": "9" * 5000, "n" * 65: "x", "no-such-field": "x" * 100_000}


@pytest.mark.parametrize("path", ["/v1/cutout", "/v1.0/removebg", "/api/remove"])
@pytest.mark.parametrize("name", LONG)
def test_names_and_values_have_a_greatest_length(client, png, path, name):
    field = {name: LONG[name]}
    file = {"/v1/cutout": "image", "/v1.0/removebg": "image_file", "/api/remove": "file"}[path]
    answers = [client.post(path, files={file: png}, data=field), client.post(path, data=field)]
    answers.append(client.post(path, json=field))
    if len(LONG[name]) < 10_000:
        answers.append(client.post(path, files={file: png}, params=field))
    for answer in answers:
        assert_refused(path, answer)
        assert "field_too_long" in answer.text
        assert len(answer.text) < 600


def test_a_name_of_a_file_has_a_greatest_length(client, png):
    assert "field_too_long" in client.post("/v1/cutout", files={"i" * 65: png}).text


def test_pictures_in_text_fields_have_the_bodys_length(client, png):
    text = base64.b64encode(png + bytes(20_000)).decode()
    assert client.post("/v1/cutout", data={"image_b64": text}).status_code == 200
    assert client.post("/v1/cutout", json={"image_b64": text}).status_code == 200
    long_url = client.post("/v1/cutout", json={"image_url": "http://example.com/" + "a" * 9000})
    assert long_url.json()["error"]["code"] == "url_invalid"


def test_forms_are_read_as_any_parser_reads_them():
    fields = {"a b": "1+1=2 & more", "ä": "\U0001f600" * 4000, "plain_b64": "x" * 200_000, "none": ""}
    assert read_form(urlencode(fields).encode()) == fields
    assert read_form(b"a=%zz%&&b&c=%4") == {"a": "%zz%", "b": "", "c": "%4"}
    for size in range(65_530, 65_540):
        assert read_form(b"a_b64=" + b"x" * size + b"%41%42") == {"a_b64": "x" * size + "AB"}
