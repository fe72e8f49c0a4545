"""What the OpenAPI page says.  Options come from their declarations; only what is HTTP's own stands here."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tress.outputs.option import FALSE_WORDS, TRUE_WORDS

PICTURE_FIELDS: dict[str, dict[str, Any]] = {
    "image": {"type": "string", "format": "binary", "description": "The picture: JPEG, PNG, WebP, AVIF, HEIC, TIFF."},
    "image_url": {
        "type": "string",
        "format": "uri",
        "description": "Where to fetch the picture from: public http or https addresses only.",
        "examples": ["https://example.com/photo.jpg"],
    },
    "image_b64": {"type": "string", "description": "The picture as base64 text, also with a data: prefix."},
}
_IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/avif", "image/tiff")
_BINARY = {"type": "string", "format": "binary"}
_TEXT = {"type": "string"}

OWN_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint", "request_id"],
            "properties": {
                "code": {**_TEXT, "examples": ["not_a_picture"], "description": "Stable; for programs."},
                "message": {**_TEXT, "examples": ["this is not a picture that can be read"]},
                "hint": {**_TEXT, "examples": ["send a JPEG, PNG, WebP, AVIF, HEIC or TIFF file"]},
                "request_id": {**_TEXT, "examples": ["3f0c9a51d2e84b76"]},
            },
        }
    },
}
_STATUS_TEXT = {
    400: "Something in the request is wrong.",
    401: "The API key is missing or wrong.",
    402: "Never sent: nothing is charged.",
    403: "The API key is missing or wrong.",
    404: "There is nothing here.",
    405: "This method is not for this address.",
    408: "The request took too long to arrive.",
    413: "The picture or the request is too large.",
    415: "The Content-Type is not understood.",
    429: "Too many requests; wait as long as Retry-After says.",
    503: "No room, or no network loaded, at the moment; try again later.",
}
_RATE_HEADERS: dict[str, Any] = {
    "X-RateLimit-Limit": {"schema": {"type": "integer"}, "description": "Requests a minute."},
    "X-RateLimit-Remaining": {"schema": {"type": "integer"}},
    "X-RateLimit-Reset": {"schema": {"type": "integer"}, "description": "Unix time when all may be used again."},
}
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


def errors(schema: dict[str, Any], *statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation for the given error statuses, all of one schema."""
    answers: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        answers[status] = {
            "description": _STATUS_TEXT[status],
            "content": {"application/json": {"schema": schema}},
            "headers": {**_RATE_HEADERS, **_RETRY} if status in (429, 503) else {},
        }
    return answers


def body(properties: dict[str, Any], files: set[str], required: tuple[str, ...] = (), *, extra: bool = False) -> Any:
    """A request body as multipart form, as JSON and as URL-encoded form.

    Args:
        properties: JSON schema of each field.
        files: fields that only a multipart form can carry.
        required: for multipart.
        extra: unknown fields are let pass.
    """
    plain = {name: schema for name, schema in properties.items() if name not in files}

    def schema(fields: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
        return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": extra}

    return {
        "multipart/form-data": {"schema": schema(as_text(properties), required)},
        "application/json": {"schema": schema(plain)},
        "application/x-www-form-urlencoded": {"schema": schema(as_text(plain))},
    }


def as_text(properties: dict[str, Any]) -> dict[str, Any]:
    """The same fields where everything is text: in forms and in the query string."""
    return {
        name: _flag_words(schema) if schema.get("type") == "boolean" else schema for name, schema in properties.items()
    }


def _flag_words(schema: dict[str, Any]) -> dict[str, Any]:
    words = {**schema, "type": "string", "enum": [*TRUE_WORDS, *FALSE_WORDS]}
    return {**words, "default": "true" if schema["default"] else "false"} if "default" in schema else words


def cutout_operation(options: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of the route ``POST /v1/cutout``.

    Args:
        options: JSON schema of the output options, as ``describe`` gives it.
    """
    fields: dict[str, dict[str, Any]] = options["properties"]
    files = {name for name, schema in fields.items() if schema.get("format") == "binary"}
    content = body({**PICTURE_FIELDS, **fields}, files={"image", *files})
    content["application/json"]["schema"]["minProperties"] = 1
    content["application/json"]["examples"] = {
        "URL": {"value": {"image_url": "https://example.com/photo.jpg", "background": "white", "format": "jpeg"}},
        "cropped": {"value": {"image_url": "https://example.com/photo.jpg", "crop": True, "margin": "5%"}},
    }
    content["image/*"] = {"schema": _BINARY}
    content["application/octet-stream"] = {"schema": _BINARY}
    parameters = [
        {"name": name, "in": "query", "schema": {k: v for k, v in schema.items() if not k.startswith("x-")}}
        for name, schema in as_text(fields).items()
        if name not in files
    ]
    return {
        "operation_id": "cutout",
        "summary": "Remove the background of a picture",
        "description": (
            "Send the picture as multipart file `image`, as the raw body, or as JSON with `image_url` or `image_b64`. "
            "Options go into the same form or object, or into the query string. The answer is the picture; "
            "with `Accept: application/json`, and no picture accepted beside it, it is JSON that holds it as "
            "base64.\n\n"
            "```\ncurl -F image=@photo.jpg -F background=white -F format=jpeg $HOST/v1/cutout -o cutout.jpg\n```"
        ),
        "response_class": Response,
        "responses": {
            200: {
                "description": "The picture without its background.",
                "content": {
                    **{kind: {"schema": _BINARY} for kind in _IMAGE_TYPES},
                    "application/json": {"schema": _MADE_JSON},
                },
                "headers": _MADE_HEADERS,
            },
            **errors(OWN_ERROR, 400, 401, 408, 413, 415, 429, 503),
        },
        "openapi_extra": {"requestBody": {"required": True, "content": content}, "parameters": parameters},
    }


_MADE_HEADERS: dict[str, Any] = {
    "X-Width": {"schema": {"type": "integer"}},
    "X-Height": {"schema": {"type": "integer"}},
    "X-Layout": {
        "schema": _TEXT,
        "description": "Where the photo lies in the result: result pixels per photo pixel, left, top.",
    },
    "X-Found": {"schema": {"type": "boolean"}, "description": "Whether the picture has a subject at all."},
    "X-Confidence": {"schema": {"type": "number"}},
    "X-Model": {"schema": _TEXT},
    "X-Device": {"schema": _TEXT},
    "X-Warnings": {"schema": _TEXT, "description": "What was done otherwise than asked."},
    "Server-Timing": {"schema": _TEXT, "description": "Milliseconds of each stage."},
    **_RATE_HEADERS,
}
_MADE_JSON: dict[str, Any] = {
    "type": "object",
    "required": ["image_b64", "media_type", "width", "height", "found", "confidence", "model", "device", "warnings"],
    "properties": {
        "image_b64": _TEXT,
        "media_type": {"type": "string", "enum": list(_IMAGE_TYPES)},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "found": {"type": "boolean"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "model": _TEXT,
        "device": _TEXT,
        "warnings": {"type": "array", "items": _TEXT},
    },
}
