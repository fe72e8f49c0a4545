"""What the OpenAPI page says about remove.bg's contract."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tress.server.contracts.openapi import body, errors
from tress.server.contracts.removebg_parameters import (
    CHANNELS,
    FORMATS,
    SHADOW_METHODS,
    SHADOWS,
    SIZES,
    TYPE_LEVELS,
    TYPES,
)

_TEXT = {"type": "string"}
_FILE = {"type": "string", "format": "binary"}
_INTEGER = {"type": "integer"}
_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["errors"],
    "properties": {
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["code", "title"],
                "properties": {
                    "code": {**_TEXT, "examples": ["file_too_large"]},
                    "title": {**_TEXT, "examples": ["File too large"]},
                    "detail": _TEXT,
                },
            },
        }
    },
}


def _flag(default: bool, text: str) -> dict[str, Any]:
    return {"type": "boolean", "default": default, "description": text}


def _word(default: str, words: tuple[str, ...], text: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words), "default": default, "description": text}


_SIZE_TEXT = "Megapixels at most: preview 0.25, medium 1.5, hd 4, full and auto 25, 50mp 50; transparent PNG 10."
PARAMETERS: dict[str, dict[str, Any]] = {
    "image_file": {**_FILE, "description": "The picture. Exactly one of the three image_ parameters must be given."},
    "image_file_b64": {**_TEXT, "description": "The picture as base64 text."},
    "image_url": {"type": "string", "format": "uri", "description": "Where to fetch the picture from."},
    "size": _word("preview", tuple(SIZES), _SIZE_TEXT),
    "type": _word("auto", TYPES, "Repeated in X-Type; the network needs no such help."),
    "type_level": _word("1", TYPE_LEVELS, "none: no header X-Type."),
    "format": _word("auto", FORMATS, "auto: PNG where transparent, else JPEG. zip: color.jpg and alpha.png."),
    "roi": {**_TEXT, "default": "0% 0% 100% 100%", "description": "Two corners, px or %: only there may a subject be."},
    "crop": _flag(False, "Cut away what is empty around the subject."),
    "crop_margin": {**_TEXT, "default": "0", "description": "One, two or four lengths, at most 50% or 500px."},
    "scale": {**_TEXT, "default": "original", "description": "Size of the subject on the canvas, 10% to 100%."},
    "position": {**_TEXT, "description": "original, center, or one or two percentages."},
    "channels": _word("rgba", CHANNELS, "alpha: the mask alone."),
    "add_shadow": _flag(False, "A soft shadow under the subject."),
    "shadow_type": _word("auto", tuple(SHADOWS), "Kind of shadow."),
    "shadow_method": _word("latest", SHADOW_METHODS, "Accepted and ignored."),
    "semitransparency": _flag(True, "Accepted and ignored: soft edges always stay soft."),
    "bg_color": {**_TEXT, "description": "Name or hexadecimal without #.", "examples": ["81d4fa", "green"]},
    "bg_image_url": {"type": "string", "format": "uri", "description": "Picture to stand on."},
    "bg_image_file": {**_FILE, "description": "Picture to stand on."},
}  # fmt: skip
"""JSON schema of every parameter that the contract has."""

# Unknown parameters are ignored, as remove.bg does.
_CONTENT = body(PARAMETERS, files={"image_file", "bg_image_file"}, extra=True)
_CONTENT["application/json"]["examples"] = {
    "URL": {"value": {"image_url": "https://example.com/photo.jpg", "size": "auto", "crop": True}}
}

REMOVEBG: dict[str, Any] = {
    "operation_id": "removebg",
    "summary": "Remove the background of an image (remove.bg's contract)",
    "response_class": Response,
    "responses": {
        200: {
            "description": "The result.",
            "content": {
                **{f"image/{kind}": {"schema": _FILE} for kind in ("png", "jpeg", "webp")},
                "application/zip": {"schema": _FILE},
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["data"],
                        "properties": {"data": {"type": "object", "properties": {"result_b64": _TEXT}}},
                    }
                },
            },
            "headers": {
                "X-Type": {"schema": _TEXT},
                "X-Width": {"schema": _INTEGER},
                "X-Height": {"schema": _INTEGER},
                "X-Credits-Charged": {"schema": _INTEGER, "description": "Always 0."},
            },
        },
        **errors(_ERROR, 400, 403, 408, 429, 503),
    },
    "openapi_extra": {"requestBody": {"required": True, "content": _CONTENT}},
}
ACCOUNT: dict[str, Any] = {
    "operation_id": "account",
    "summary": "Credit balance (remove.bg's contract): never runs out",
    "responses": {
        200: {"description": "The balance.", "content": {"application/json": {"schema": {"type": "object"}}}},
        **errors(_ERROR, 403, 429),
    },
}
IMPROVE: dict[str, Any] = {
    "operation_id": "improve",
    "summary": "Accepts a picture for improvement (remove.bg's contract): does nothing, keeps nothing",
    "responses": {
        200: {
            "description": "Thrown away.",
            "content": {
                "application/json": {"schema": {"type": "object", "required": ["id"], "properties": {"id": _TEXT}}}
            },
        },
        **errors(_ERROR, 403, 429),
    },
}
