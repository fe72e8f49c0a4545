"""rembg's contract at /api/remove."""

import cv2
import numpy as np
import pytest

URL = "/api/remove"


def pixels_of(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    return cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_file_comes_back_as_transparent_png(client, png):
    assert pixels_of(client.post(URL, files={"file": png})).shape == (40, 60, 4)


def test_parameters_as_rembgs_clients_send_them(client, png):
    data = {"model": "isnet-general-use", "a": "true", "af": "240", "ab": "10", "ae": "10", "ppm": "false"}
    response = client.post(URL, files={"file": png}, data=data)
    assert pixels_of(response).shape == (40, 60, 4)
    assert "isnet-general-use" in response.headers["x-warnings"]
    assert pixels_of(client.post(URL, files={"file": png}, data={"om": "true"})).ndim == 2


@pytest.mark.parametrize("where", ["params", "data"])
def test_a_background_colour(client, png, where):
    pixels = pixels_of(client.post(URL, files={"file": png}, **{where: {"bgc": "10,20,30,255"}}))
    assert pixels[0, 0, :3].tolist() == [30, 20, 10]


@pytest.mark.parametrize("data", [{"model": "no such!"}, {"a": "x"}, {"af": "256"}, {"ae": "-1"}, {"bgc": "1,2"}])
def test_wrong_parameters_are_422_in_its_shape(client, png, data):
    response = client.post(URL, files={"file": png}, data=data)
    assert response.status_code == 422
    assert {"type", "loc", "msg"} <= set(response.json()["detail"][0])


def test_missing_parts_are_422(client):
    assert client.post(URL, data={"a": "true"}).status_code == 422
    assert client.get(URL).status_code == 422
    assert client.get(URL, params={"url": "http://10.0.0.1/x.png"}).status_code == 422
