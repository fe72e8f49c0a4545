"""remove.bg's contract at ``/v1.0``: programs written for it need another host name and nothing else."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tress.errors import InputError, TressError
from tress.io.decode import Picture
from tress.outputs import OutputOptions
from tress.server.contracts.removebg_openapi import ACCOUNT, IMPROVE, PARAMETERS, REMOVEBG
from tress.server.contracts.removebg_parameters import Parameters, read_parameters
from tress.server.reading.accept import wants_json
from tress.server.reading.body import Body
from tress.server.reading.encoded import read_base64
from tress.server.reporting.problems import Problem
from tress.server.work.job import Made, Order
from tress.server.work.service import Service

PREFIX = "/v1.0/"
# Nothing is ever charged; programs that look at their balance before they start must find some.
_CREDITS = 1_000_000
_SOURCES = ("image_file", "image_file_b64", "image_url")
_BACKGROUNDS = ("bg_color", "bg_image_file", "bg_image_url")
# Ours to theirs; whatever is not here keeps its name.
_CODES = {
    "api_key_missing": ("auth_failed", "Missing API Key"),
    "api_key_wrong": ("auth_failed", "Invalid API Key"),
    "rate_limited": ("rate_limit_exceeded", "Rate limit exceeded"),
    "queue_full": ("rate_limit_exceeded", "Rate limit exceeded"),
    "body_too_large": ("file_too_large", "File too large"),
    "url_too_large": ("file_too_large", "File too large"),
    "picture_too_large": ("resolution_too_high", "Image resolution too high"),
    "picture_zero_sized": ("invalid_dimensions", "Failed to read image dimensions"),
    "not_a_picture": ("invalid_file_type", "Invalid file type"),
    "picture_unsupported": ("invalid_file_type", "Invalid file type"),
    "picture_truncated": ("failed_to_read_image", "There was an error reading the image."),
    "picture_corrupt": ("failed_to_read_image", "There was an error reading the image."),
    "picture_too_costly": ("failed_to_read_image", "There was an error reading the image."),
    "base64": ("failed_to_read_image", "There was an error reading the image."),
    "url_invalid": ("invalid_image_url", "Invalid image_url: Please provide a valid URL."),
    "url_forbidden": ("failed_image_download", "Failed to download image from given image_url"),
    "url_failed": ("failed_image_download", "Failed to download image from given image_url"),
    "region_outside": ("roi_exceeds_bounds", "ROI exceeds image bounds"),
    "region_empty": ("roi_region_empty", "ROI region is empty"),
    "no_subject": ("unknown_foreground", "Could not identify foreground in image."),
}
_BACKGROUND_CODES = {"url_invalid": "invalid_bg_image_url"}
_STATUS = {401: 403, 413: 400, 415: 400}
_BUSY_STATUS = 429


def removebg_shape(problem: Problem, request_id: str) -> Response:
    """How remove.bg writes a problem; its programs know 400, 402, 403 and 429."""
    code, title = _CODES.get(problem.code, (problem.code, problem.message))
    detail = problem.hint if title == problem.message else f"{problem.message}. {problem.hint}".strip()
    error = {"code": code, "title": title, **({"detail": detail} if detail else {})}
    status = _BUSY_STATUS if problem.code == "queue_full" else _STATUS.get(problem.status, problem.status)
    headers = {name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"}
    return JSONResponse({"errors": [error]}, status, headers=headers)


def removebg_router(service: Service) -> APIRouter:
    """Routes of the contract."""
    router = APIRouter(prefix=PREFIX.rstrip("/"), tags=["remove.bg contract"])

    async def read_order(request: Request, body: Body) -> Order:
        body.check_flat(PARAMETERS)
        source = await _source(service, body)
        parameters = read_parameters(body.texts, await _background(service, body))
        request.state.parameters = parameters
        return Order(source, parameters.options, _Pack(parameters), must_find=True)

    def answer(request: Request, made: Made) -> Response:
        headers = _headers(made, request.state.parameters)
        if wants_json(request):
            data = {"result_b64": base64.b64encode(made.data).decode(), **_foreground(made)}
            return JSONResponse({"data": data}, headers=headers)
        return Response(made.data, media_type=made.media_type, headers=headers)

    @router.post("/removebg", **REMOVEBG)
    async def removebg(request: Request) -> Response:
        return await service.handle(request, read_order, answer)

    @router.get("/account", **ACCOUNT)
    async def account(request: Request) -> Response:
        service.admit(request)
        credits = {"total": _CREDITS, "subscription": 0, "payg": _CREDITS, "enterprise": 0}
        api = {"free_calls": _CREDITS, "sizes": "all"}
        return JSONResponse({"data": {"attributes": {"credits": credits, "api": api}}})

    @router.post("/improve", **IMPROVE)
    async def improve(request: Request) -> Response:
        service.admit(request)
        return JSONResponse({"id": "00000000-0000-0000-0000-000000000000"}, headers={"X-Warnings": "nothing is kept"})

    return router


async def _source(service: Service, body: Body) -> bytes:
    given = [name for name in _SOURCES if name in body.texts or name in body.files]
    if len(given) > 1:
        raise InputError(
            "multiple_sources",
            "Multiple image sources given: Please provide either the image_url, image_file or image_file_b64 "
            "parameter.",
        )
    if "image_url" in body.texts:
        return await service.fetch(body.texts["image_url"])
    if "image_file_b64" in body.texts:
        return await read_base64(body.texts["image_file_b64"])
    if "image_file" in body.files:
        return body.files["image_file"]
    if "image_file" in body.texts:
        hint = "The image_file parameter holds text, not a file; with curl, write -F image_file=@photo.jpg"
        raise InputError("missing_source", "No image given", hint=hint)
    raise InputError(
        "missing_source",
        "No image given",
        hint="Please provide the source image in the image_url, image_file or image_file_b64 parameter.",
    )


async def _background(service: Service, body: Body) -> bytes | None:
    given = [name for name in _BACKGROUNDS if name in body.texts or name in body.files]
    if len(given) > 1:
        raise InputError(
            "multiple_bg_sources",
            "Multiple background sources given: Please provide either the bg_color, the bg_image_url or the "
            "bg_image_file parameter.",
        )
    if "bg_image_file" in body.texts:
        raise InputError("invalid_bg_image_file", "Invalid bg_image_file parameter given", hint="Expected a file")
    if "bg_image_url" in body.texts:
        try:
            return await service.fetch(body.texts["bg_image_url"])
        except TressError as error:
            code = _BACKGROUND_CODES.get(error.code, "failed_bg_download")
            raise InputError(
                code, "Failed to download background image from given bg_image_url", hint=error.message
            ) from None
    return body.files.get("bg_image_file")


def _headers(made: Made, parameters: Parameters) -> dict[str, str]:
    headers = {
        "Cache-Control": "no-store",
        "X-Width": str(made.width_px),
        "X-Height": str(made.height_px),
        # Programs read it as a whole number.
        "X-Credits-Charged": "0",
        **{f"X-{name.replace('_', '-').title()}": str(value) for name, value in _foreground(made).items()},
    }
    if parameters.type:
        headers["X-Type"] = parameters.type
    return headers


def _foreground(made: Made) -> dict[str, int]:
    box = made.subject
    if box is None:
        return {}
    return {
        "foreground_top": box.top_px,
        "foreground_left": box.left_px,
        "foreground_width": box.width_px,
        "foreground_height": box.height_px,
    }


class _Pack:
    """Chooses the file by the contract's ``format``."""

    def __init__(self, parameters: Parameters) -> None:
        self._format = parameters.format

    def __call__(self, pixels: npt.NDArray[np.uint8], picture: Picture, options: OutputOptions) -> tuple[bytes, str]:
        from tress.io.encode import encode, get_format

        if self._format == "zip":
            return _zipped(pixels), "application/zip"
        name = self._format
        transparent = pixels.ndim == 3 and pixels.shape[2] == 4
        if name in ("auto", "jpg") and transparent and pixels[..., 3].min() == 255:
            pixels, transparent = np.ascontiguousarray(pixels[..., :3]), False
        if name == "auto":
            name = "png" if transparent or options.mask else "jpg"
        target = get_format(name)
        return encode(pixels, target.name, dpi=picture.dpi), target.media_type


def _zipped(pixels: npt.NDArray[np.uint8]) -> bytes:
    """``color.jpg`` and ``alpha.png``: together a transparent picture, much smaller than one PNG."""
    from tress.io.encode import encode

    if pixels.ndim == 2:
        colours, alpha = pixels, pixels
    elif pixels.shape[2] == 4:
        colours, alpha = _filled(pixels), np.ascontiguousarray(pixels[..., 3])
    else:
        colours, alpha = pixels, np.full(pixels.shape[:2], 255, np.uint8)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("color.jpg", encode(colours, "jpeg"))
        archive.writestr("alpha.png", encode(alpha, "png"))
    return buffer.getvalue()


def _filled(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The colours without holes: where alpha is 0 the subject's colours run on, so that JPEG has no hard edge there."""
    import cv2

    from tress.process.geometry import resize

    height, width = pixels.shape[:2]
    scale = min(1.0, 256 / max(height, width))
    small = max(1, round(height * scale)), max(1, round(width * scale))
    visible = pixels[..., 3:] > 0
    covered = resize(visible[..., 0].astype(np.float32), *small)
    colours: Any = resize(pixels[..., :3] * visible, *small).astype(np.float32)
    mean = colours.sum((0, 1)) / max(1e-6, float(covered.sum()))
    near, weight = cv2.GaussianBlur(colours, (0, 0), 12), cv2.GaussianBlur(covered, (0, 0), 12)
    around = (near + mean * 1e-3) / (weight + 1e-3)[..., None]
    filled = resize(np.clip(around + 0.5, 0, 255).astype(np.uint8), height, width)
    return np.where(visible, pixels[..., :3], filled)
