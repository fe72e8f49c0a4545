"""The OpenAPI document: complete, and true under fire."""

import re
import subprocess
import sys

import pytest

CONFIG = """
[checks.positive_data_acceptance]
# No schema can say which bytes are a picture.
expected-statuses = ["2xx", 400, 413, 415, 422]
"""


def test_every_option_and_route_is_documented_with_examples(client):
    from tress.outputs import describe

    document = client.get("/openapi.json").json()
    assert {"/v1/cutout", "/v1/models", "/v1/schema", "/healthz", "/readyz", "/metrics"} <= set(document["paths"])
    assert {"/v1.0/removebg", "/v1.0/account", "/v1.0/improve", "/api/remove"} <= set(document["paths"])
    operation = document["paths"]["/v1/cutout"]["post"]
    content = operation["requestBody"]["content"]
    options, files = set(describe()["properties"]), {"keep", "clear"}
    assert options <= set(content["multipart/form-data"]["schema"]["properties"])
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        assert options - files == set(content[kind]["schema"]["properties"]) - {"image_url", "image_b64"}
    assert {parameter["name"] for parameter in operation["parameters"]} == options - files
    assert content["application/json"]["examples"]
    assert {"200", "400", "401", "413", "429", "503"} <= set(operation["responses"])
    assert document["components"]["securitySchemes"]["key"]["name"] == "X-API-Key"


def test_keys_are_documented_where_they_are_needed(make_client):
    from tress.server.admission.keys import KeyRing, digest_of

    client = make_client(keys=KeyRing((("a", digest_of("right")),)))
    assert client.get("/openapi.json").json()["security"] == [{"key": []}]


@pytest.mark.parametrize("address", ["/cutout", "https://example.com", "https://example.com:8443/a/b"])
def test_the_address_that_clients_use_is_documented(make_client, address):
    assert make_client(public_url=address).get("/openapi.json").json()["servers"] == [{"url": address}]
    assert "servers" not in make_client().get("/openapi.json").json()


@pytest.mark.parametrize("address", ["cutout", "/", "/cutout/", "//example.com", "ftp://example.com", "/a?b", "/a b"])
def test_what_is_no_address_is_refused(address):
    from tress.errors import InputError
    from tress.server.config import ServerConfig

    with pytest.raises(InputError, match="no address of the service"):
        ServerConfig(public_url=address)


def test_schemathesis_finds_nothing(serve, tmp_path):
    pytest.importorskip("schemathesis")
    server = serve(fetch_urls=False)
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"]
    limits = [
        "--phases",
        "examples,coverage,fuzzing",
        "-n",
        "3",
        "--max-time",
        "20",
        "--seed",
        "1",
        "--warnings",
        "off",
    ]
    done = subprocess.run([*command, *limits], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 80
