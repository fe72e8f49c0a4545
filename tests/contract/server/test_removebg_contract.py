"""remove.bg's contract: parameters, defaults, headers, answers and error codes."""

import base64
import io
import zipfile

import cv2
import numpy as np
import pytest

URL = "/v1.0/removebg"


@pytest.fixture(scope="module")
def large():
    """1200x800: larger than a preview."""
    from tress.io.encode import encode

    pixels = np.full((800, 1200, 3), (30, 60, 200), np.uint8)
    cv2.rectangle(pixels, (300, 200), (899, 599), (220, 40, 30), -1)
    return encode(pixels, "png")


def pixels_of(response):
    assert response.status_code == 200, response.text
    return cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_UNCHANGED)


def code_of(response, status=400):
    assert response.status_code == status, response.text
    (error,) = response.json()["errors"]
    assert error["title"]
    return error["code"]


def test_the_default_is_a_preview_png(client, large):
    response = client.post(URL, files={"image_file": large})
    pixels = pixels_of(response)
    assert pixels.shape[2] == 4
    assert 0.24e6 < pixels.shape[0] * pixels.shape[1] <= 0.2505e6
    assert response.headers["content-type"] == "image/png"
    assert int(response.headers["x-width"]) == pixels.shape[1]
    assert int(response.headers["x-height"]) == pixels.shape[0]
    assert int(response.headers["x-credits-charged"]) == 0
    assert response.headers["x-type"] == "other"


@pytest.mark.parametrize("size", ["full", "4k", "auto", "hd", "50MP"])
def test_larger_sizes_keep_the_pictures_own(client, large, size):
    assert pixels_of(client.post(URL, files={"image_file": large}, data={"size": size})).shape[:2] == (800, 1200)


@pytest.mark.parametrize("size", ["preview", "small", "regular"])
def test_aliases_of_preview(client, large, size):
    assert pixels_of(client.post(URL, files={"image_file": large}, data={"size": size})).shape[0] < 420


def test_bodies_of_all_three_kinds_and_empty_strings_count_as_unset(client, png):
    text = base64.b64encode(png).decode()
    empty = {"size": "", "bg_color": "", "bg_image_url": "", "roi": "", "crop": "", "format": "", "image_url": ""}
    ways = [
        client.post(URL, files={"image_file": ("x", png)}, data=empty),
        client.post(URL, data={"image_file_b64": text, **empty}),
        client.post(URL, json={"image_file_b64": text, **empty, "scale": None}),
    ]
    assert len({way.content for way in ways}) == 1
    assert pixels_of(ways[0]).shape == (40, 60, 4)


def test_unknown_parameters_are_ignored_whatever_they_hold(client, png):
    text = base64.b64encode(png).decode()
    assert client.post(URL, json={"image_file_b64": text, "metadata": {"a": [1, "]"]}}).status_code == 200
    assert client.post(URL, json={"image_file_b64": text, "size": ["preview"]}).status_code == 400


def test_json_is_answered_when_it_is_asked_for(client, png):
    data = client.post(URL, files={"image_file": png}, headers={"accept": "application/json"}).json()["data"]
    assert base64.b64decode(data["result_b64"])[:4] == b"\x89PNG"
    assert abs(data["foreground_left"] - 15) <= 1
    assert abs(data["foreground_width"] - 31) <= 2


def test_formats(client, png):
    def kind(**data):
        response = client.post(URL, files={"image_file": png}, data=data)
        pixels_of(response)
        return response.headers["content-type"]

    assert kind(format="png") == "image/png"
    assert kind(format="webp") == "image/webp"
    assert kind(format="jpg") == "image/jpeg"
    assert kind(format="auto", bg_color="fff") == "image/jpeg"
    assert kind(format="auto", bg_color="ffffff80") == "image/png"


def test_jpg_without_background_is_white(client, png):
    assert pixels_of(client.post(URL, files={"image_file": png}, data={"format": "jpg"}))[0, 0].min() > 250


def test_zip_holds_colours_and_alpha_that_make_the_same_picture(client, png):
    whole = pixels_of(client.post(URL, files={"image_file": png}))
    response = client.post(URL, files={"image_file": png}, data={"format": "zip"})
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == ["color.jpg", "alpha.png"]
        parts = [
            cv2.imdecode(np.frombuffer(archive.read(n), np.uint8), cv2.IMREAD_UNCHANGED) for n in archive.namelist()
        ]
    np.testing.assert_array_equal(parts[1], whole[..., 3])
    solid = whole[..., 3] == 255
    assert np.abs(parts[0][solid].astype(int) - whole[..., :3][solid]).mean() < 6
    # The old background does not travel along.
    assert parts[0][0, 0, 0] < 120


@pytest.mark.parametrize("colour", ["81d4fa", "#81d4fa", "81d4faff"])
def test_colours(client, png, colour):
    pixel = pixels_of(client.post(URL, files={"image_file": png}, data={"bg_color": colour, "format": "png"}))[0, 0]
    assert pixel[:3].tolist() == [0xFA, 0xD4, 0x81]


def test_a_background_file(client, png):
    from tress.io.encode import encode

    green = encode(np.full((8, 8, 3), (0, 200, 0), np.uint8), "png")
    pixels = pixels_of(client.post(URL, files={"image_file": png, "bg_image_file": green}, data={"format": "png"}))
    assert pixels[0, 0, :3].tolist() == [0, 200, 0]


def test_alpha_alone(client, png):
    pixels = pixels_of(client.post(URL, files={"image_file": png}, data={"channels": "alpha"}))
    assert pixels.ndim == 2
    assert (pixels[0, 0], pixels[20, 30]) == (0, 255)


def test_roi_limits_where_a_subject_may_be(client, png):
    half = pixels_of(client.post(URL, files={"image_file": png}, data={"roi": "0% 0% 50% 100%"}))[..., 3]
    assert half[20, 29] == 255
    assert half[:, 30:].max() == 0
    bare = pixels_of(client.post(URL, files={"image_file": png}, data={"roi": "0 0 30px 100%"}))[..., 3]
    np.testing.assert_array_equal(bare, half)


@pytest.mark.parametrize("roi", ["0 0 " + "9" * 400 + " 10", "0% 0% 100% " + "9" * 308 + "%"])
def test_a_roi_beyond_all_numbers_is_refused(client, png, roi):
    response = client.post(URL, files={"image_file": png}, data={"roi": roi})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "invalid_roi")


def test_crop_scale_and_position(client, large):
    def alpha(**data):
        return (
            pixels_of(client.post(URL, files={"image_file": large}, data={"size": "full", "format": "png", **data}))[
                ..., 3
            ]
            > 128
        )

    assert alpha(crop="true").shape == (400, 600)
    assert alpha(crop="true", crop_margin="10px 20px").shape == (420, 640)
    assert alpha(crop="true", crop_margin="10%").shape == (480, 720)
    assert alpha(crop="false", crop_margin="10%").shape == (800, 1200)
    scaled = alpha(scale="100%")
    assert scaled.shape == (800, 1200)
    assert scaled.all()
    rows, columns = np.nonzero(alpha(position="0% 100%"))
    assert (columns.min(), rows.max()) == (0, 799)


def test_a_shadow_darkens_what_is_beside_the_subject(client, large):
    plain = pixels_of(client.post(URL, files={"image_file": large}))[..., 3]
    shadow = pixels_of(client.post(URL, files={"image_file": large}, data={"add_shadow": "true"}))[..., 3]
    assert (shadow > plain).any()


def test_the_type_is_repeated(client, png):
    def header(**data):
        return client.post(URL, files={"image_file": png}, data=data).headers.get("x-type")

    assert header(type="person") == "person"
    assert header(type="auto", type_level="2") == "other"
    assert header(type_level="none") is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"size": "huge"}, "invalid_size"),
        ({"type": "ghost"}, "invalid_type"),
        ({"type_level": "9"}, "invalid_type_level"),
        ({"format": "gif"}, "invalid_format"),
        ({"channels": "rgb"}, "invalid_channels"),
        ({"bg_color": "nocolour"}, "invalid_bg_color"),
        ({"bg_color": "blur"}, "invalid_bg_color"),
        ({"crop": "maybe"}, "invalid_crop"),
        ({"crop_margin": "10em"}, "invalid_crop_margin"),
        ({"crop": "true", "crop_margin": "51%"}, "invalid_crop_margin"),
        ({"crop": "true", "crop_margin": "501px"}, "invalid_crop_margin"),
        ({"scale": "5%"}, "invalid_scale"),
        ({"scale": "101%"}, "invalid_scale"),
        ({"scale": "50"}, "invalid_scale"),
        ({"position": "left"}, "invalid_position"),
        ({"roi": "1 2 3"}, "invalid_roi"),
        ({"roi": "0 0 61 40"}, "roi_exceeds_bounds"),
        ({"roi": "5 5 5 9"}, "roi_region_empty"),
        ({"semitransparency": "perhaps"}, "invalid_semitransparency"),
        ({"add_shadow": "x"}, "invalid_add_shadow"),
        ({"bg_color": "fff", "bg_image_url": "http://example.com/a.png"}, "multiple_bg_sources"),
        ({"image_url": "http://example.com/a.png"}, "multiple_sources"),
        ({"bg_image_url": "nonsense"}, "invalid_bg_image_url"),
        ({"bg_image_url": "http://127.0.0.1/a.png"}, "failed_bg_download"),
    ],
)
def test_wrong_parameters_have_the_contracts_codes(client, png, data, code):
    assert code_of(client.post(URL, files={"image_file": png}, data=data)) == code


def test_wrong_sources_have_the_contracts_codes(make_client, png, empty_png):
    client = make_client(max_upload_bytes=20_000, max_megapixels=0.002)
    assert code_of(client.post(URL, data={"size": "auto"})) == "missing_source"
    text = client.post(URL, data={"image_file": "photo.jpg"})
    assert code_of(text) == "missing_source"
    assert "not a file" in text.json()["errors"][0]["detail"]
    colour = client.post(URL, files={"image_file": png}, data={"bg_color": "nocolour"}).json()["errors"][0]
    assert "blur" not in colour["detail"]
    assert "81d4fa" in colour["detail"]
    assert code_of(client.post(URL, files={"image_file": b"GIF87 no"})) == "invalid_file_type"
    assert code_of(client.post(URL, files={"image_file": empty_png})) == "unknown_foreground"
    assert code_of(client.post(URL, files={"image_file": png})) == "resolution_too_high"
    assert code_of(client.post(URL, files={"image_file": bytes(30_000)})) == "file_too_large"
    assert code_of(client.post(URL, files={"image_file": empty_png[:60]})) == "failed_to_read_image"
    assert code_of(client.post(URL, data={"image_file_b64": "%%%"})) == "failed_to_read_image"
    assert code_of(client.post(URL, json={"image_url": "file:///etc/passwd"})) == "invalid_image_url"
    assert code_of(client.post(URL, json={"image_url": "http://169.254.169.254/"})) == "failed_image_download"


def test_keys_and_account(make_client, png):
    from tress.server.admission.keys import KeyRing, digest_of

    client = make_client(keys=KeyRing((("a", digest_of("secret")),)))
    assert code_of(client.post(URL, files={"image_file": png}), 403) == "auth_failed"
    assert code_of(client.get("/v1.0/account", headers={"x-api-key": "guess"}), 403) == "auth_failed"
    right = {"X-Api-Key": "secret"}
    assert client.post(URL, files={"image_file": png}, headers=right).status_code == 200
    attributes = client.get("/v1.0/account", headers=right).json()["data"]["attributes"]
    assert attributes["credits"]["total"] > 0
    assert attributes["api"]["sizes"] == "all"
    assert client.post("/v1.0/improve", files={"image_file": png}, headers=right).json()["id"]


def test_a_full_queue_and_a_spent_rate_are_429(make_client, png):
    client = make_client(rate_per_minute=1)
    assert client.post(URL, files={"image_file": png}).headers["x-ratelimit-remaining"] == "0"
    refused = client.post(URL, files={"image_file": png})
    assert code_of(refused, 429) == "rate_limit_exceeded"
    assert int(refused.headers["retry-after"]) >= 1
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(refused.headers)


def test_unknown_addresses_have_the_contracts_shape(client):
    assert code_of(client.get("/v1.0/nothing"), 404) == "not_found"
    assert code_of(client.get(URL), 405) == "method_not_allowed"
