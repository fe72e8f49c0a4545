"""What other programs send and mean the same by: base64, data: addresses, parts of forms, targets, pages elsewhere."""

import base64
import io
import socket
from urllib.parse import quote

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tress.errors import InputError


def error_of(response, status=400):
    assert response.status_code == status, response.text
    return response.json()["error"]


@pytest.fixture
def picture(png):
    """With bytes that need padding, and all letters that the two alphabets of base64 write differently."""
    data = png + bytes(3 * [0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF])
    data += bytes((1 - len(data)) % 3)
    text = base64.b64encode(data).decode()
    assert text.endswith("==")
    assert "+" in text
    assert "/" in text
    return data


def spellings(data):
    text = base64.b64encode(data).decode()
    lines = [text[i : i + 76] for i in range(0, len(text), 76)]
    return {
        "plain": text,
        "no padding": text.rstrip("="),
        "URL-safe": base64.urlsafe_b64encode(data).decode(),
        "URL-safe without padding": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "data:": "data:image/png;base64," + text,
        "DATA:": "DATA:image/png;base64," + text,
        "Data: with a charset": "Data:image/png;charset=utf-8;Base64," + text,
        "data: without a type": "data:;base64," + text,
        "data: URL-safe without padding": "data:image/png;base64,"
        + base64.urlsafe_b64encode(data).decode().rstrip("="),
        "data: percent-encoded": "data:image/png;base64," + quote(text, safe=""),
        "data: not base64": "data:image/png," + quote(data),
        "blank before": " " + text,
        "blanks around": "\t " + text + " \r\n",
        "blank after the comma": "data:image/png;base64, " + text,
        "blank before data:": "  data:image/png;base64," + text,
        "lines": "\n".join(lines),
        "lines of Windows": "\r\n".join(lines) + "\r\n",
        "lines that became spaces": " ".join(lines),
        "plus that became a space": text.replace("+", " "),
    }


@pytest.mark.parametrize("name", list(spellings(bytes(9))))
def test_every_spelling_of_base64(client, picture, name):
    text = spellings(picture)[name]
    assert client.post("/v1/cutout", json={"image_b64": text}).status_code == 200
    answer = client.post("/v1.0/removebg", data={"image_file_b64": text})
    assert answer.status_code == 200, answer.text


def test_what_is_not_base64_is_still_refused(client):
    for text in ("!!!", "A", "AAAAA", "A=A=", "AA==AA==", "data:image/png;base64", "data:image/png;base64,!", "Ã¤"):
        assert error_of(client.post("/v1/cutout", json={"image_b64": text}))["code"] in {"base64", "not_a_picture"}


@pytest.mark.parametrize("name", [name for name in spellings(bytes(9)) if "data" in name.lower()])
@pytest.mark.parametrize("fetches", [True, False])
def test_data_addresses_where_an_address_is_taken(make_client, picture, name, fetches):
    client = make_client(fetch_urls=fetches)
    url = spellings(picture)[name]
    assert client.post("/v1/cutout", json={"image_url": url}).status_code == 200
    assert client.post("/v1.0/removebg", data={"image_url": url}).status_code == 200
    with_background = {"image_url": url, "bg_image_url": url}
    assert client.post("/v1.0/removebg", data=with_background).status_code == 200


def test_a_data_address_that_cannot_be_read_says_so(client):
    error = error_of(client.post("/v1/cutout", json={"image_url": "data:image/png;base64"}))
    assert error["code"] == "url_invalid"
    assert "data:image/png;base64,..." in error["hint"]


def form(*parts, boundary="X"):
    body = b"".join(b"--X\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts)
    return {"content": body + b"--X--\r\n", "headers": {"content-type": f"multipart/form-data; boundary={boundary}"}}


@pytest.mark.parametrize(
    "head",
    [
        'Content-Disposition: form-data; name="image"; filename="a.png"',
        "Content-Disposition: form-data; name=\"image\"; filename*=UTF-8''f%C3%BC.png",
        "Content-Disposition: form-data; name=image; FileName*=utf-8''a.png\r\nContent-Type: image/png",
        'Content-Disposition: form-data; name="image"\r\nContent-Type: image/png',
        'content-type: IMAGE/PNG\r\ncontent-disposition: form-data; name="image"',
        'Content-Disposition: form-data; name="image"\r\nContent-Type: application/octet-stream',
        'Content-Disposition: form-data; name="image"; filename=""\r\nContent-Type: image/png',
    ],
)
def test_a_part_that_is_a_file_by_its_name_or_by_its_type(client, png, head):
    assert client.post("/v1/cutout", **form((head, png))).status_code == 200
    contract = client.post(
        "/v1.0/removebg", **form((head.replace('"image"', "image").replace("name=image", "name=image_file"), png))
    )
    assert contract.status_code == 200, contract.text


def test_a_part_of_text_stays_text(client, png):
    colour = 'Content-Disposition: form-data; name="background"\r\nContent-Type: text/plain; charset=utf-8'
    photo = 'Content-Disposition: form-data; name="image"; filename="a.png"'
    answer = client.post("/v1/cutout", **form((colour, b"white"), (photo, png)))
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).mode == "RGB"


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""']
)
def test_a_form_without_a_boundary_is_named_as_that(client, png, kind):
    body = form(('Content-Disposition: form-data; name="image"; filename="a.png"', png))["content"]
    error = error_of(client.post("/v1/cutout", content=body, headers={"content-type": kind}))
    assert error["code"] == "multipart"
    assert "boundary" in error["message"]
    assert "Content-Type" in error["hint"]


def raw_request(port, target):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "target",
    ["/v1/models", "http://example.com/v1/models", "HTTP://example.com:80/v1/models?x=1", "https://a/v1/models"],
)
def test_a_target_in_absolute_form_is_its_path(serve, target):
    answer = raw_request(serve(open_to_all=True).port, target)
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    assert b'"models"' in answer


def test_a_target_that_is_a_host_alone_is_the_page(serve):
    assert b"<html" in raw_request(serve().port, "http://example.com")


ORIGIN = "https://shop.example"


def preflight(client, origin=ORIGIN, path="/v1/cutout"):
    headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    return client.options(path, headers=headers)


def test_pages_elsewhere_are_let_in_only_if_they_are_named(make_client, png):
    closed = make_client()
    assert preflight(closed).status_code == 405
    assert (
        "access-control-allow-origin"
        not in closed.post("/v1/cutout", files={"image": png}, headers={"origin": ORIGIN}).headers
    )
    client = make_client(allowed_origins=(ORIGIN, "http://localhost:3000"))
    for origin in (ORIGIN, "http://localhost:3000"):
        asked = preflight(client, origin)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == origin
        assert "x-api-key" in asked.headers["access-control-allow-headers"].lower()
        answer = client.post("/v1/cutout", files={"image": png}, headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        assert "X-Width" in answer.headers["access-control-expose-headers"]
    stranger = preflight(client, "https://evil.example")
    assert stranger.status_code == 400
    assert "access-control-allow-origin" not in stranger.headers


def test_pages_elsewhere_can_read_errors(make_client):
    client = make_client(allowed_origins=("*",))
    answer = client.post("/v1/cutout", files={"image": b"no picture"}, headers={"origin": ORIGIN})
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/", "https://a b", "ftp://x", ""])
def test_what_is_no_origin_is_refused_at_the_start(origin):
    from tress.server.config import ServerConfig

    with pytest.raises(InputError, match="origin"):
        ServerConfig(allowed_origins=(origin,))


@pytest.mark.parametrize("kind", ["heic", "tiff", "png with alpha"])
def test_a_preview_is_the_photo_in_a_format_that_browsers_show(client, kind):
    pixels = np.full((40, 60, 3), (200, 60, 30), np.uint8)
    out = io.BytesIO()
    if kind == "heic":
        pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=90)
    elif kind == "tiff":
        Image.fromarray(pixels).save(out, "TIFF")
    else:
        Image.fromarray(np.dstack([pixels, np.full((40, 60), 128, np.uint8)])).save(out, "PNG")
    answer = client.post("/page/preview", files={"image": ("photo", out.getvalue())})
    assert answer.status_code == 200, answer.text
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.format == ("PNG" if "alpha" in kind else "JPEG")
    assert shown.size == (60, 40)
    assert np.abs(np.asarray(shown.convert("RGB")).astype(int) - pixels).max() < 12


def test_a_preview_has_the_limits_of_all_requests(make_client, png):
    client = make_client(max_megapixels=0.001)
    assert client.post("/page/preview", files={"image": png}).status_code == 413
    assert error_of(make_client().post("/page/preview", data={"x": "y"}))["code"] == "image_missing"
    assert make_client(page=False).post("/page/preview", files={"image": png}).status_code == 404
