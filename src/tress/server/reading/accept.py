"""What a client would like to be answered, by its header ``Accept``."""

from __future__ import annotations

from starlette.requests import Request

JSON = "application/json"


def wants_json(request: Request) -> bool:
    """Whether the answer should be JSON that holds the picture, rather than the picture.

    JSON has to be accepted, and no picture: ``*/*`` or any ``image/`` type beside it means that the picture will do.
    """
    kinds = _accepted(",".join(request.headers.getlist("accept")))
    # HTTP libraries add JSON to what they always accept, and their callers save the answer as a picture.
    return JSON in kinds and not any(kind == "*/*" or kind.startswith("image/") for kind in kinds)


def _accepted(header: str) -> set[str]:
    """The media types in lower case, without those that ``q=0`` excludes."""
    kinds = set()
    for entry in header.lower().split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        if not any(_is_zero(parameter) for parameter in parameters):
            kinds.add(kind)
    return kinds


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in ("", "0.")
