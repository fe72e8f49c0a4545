"""A service without keys on this machine is not there for the pages of others."""

import pytest


def code_of(response, status):
    assert response.status_code == status, response.text
    return response.json()["error"]["code"]


LOCAL = "http://localhost/v1/models"
FORBIDDEN = [
    ({"host": "evil.example"}, "host_forbidden"),
    ({"host": "evil.example:8000"}, "host_forbidden"),
    ({"host": ""}, "host_forbidden"),
    ({"host": "[::1"}, "host_forbidden"),
    ({"origin": "https://evil.example"}, "origin_forbidden"),
    ({"origin": "null"}, "origin_forbidden"),
    ({"origin": "http://localhost:3000"}, "origin_forbidden"),
]


@pytest.mark.parametrize(("headers", "code"), FORBIDDEN)
def test_pages_of_others_do_not_reach_a_service_without_keys(make_client, headers, code):
    from tress.server.admission.keys import KeyRing, digest_of

    assert code_of(make_client().get(LOCAL, headers=headers), 403) == code
    assert make_client(open_to_all=True, host="0.0.0.0").get(LOCAL, headers=headers).status_code == 200
    keyed = make_client(keys=KeyRing((("a", digest_of("k")),)))
    assert keyed.get(LOCAL, headers={**headers, "x-api-key": "k"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8000"},
        {"host": "[::1]:8000"},
        {"host": "LOCALHOST:8000", "origin": "http://localhost:8000"},
        {"host": "photos.example"},
        {"host": "127.0.0.1:8000", "origin": "https://photos.example"},
    ],
)
def test_its_own_names_reach_a_service_without_keys(make_client, headers):
    client = make_client(public_url="https://photos.example/cutout")
    assert client.get(LOCAL, headers=headers).status_code == 200
