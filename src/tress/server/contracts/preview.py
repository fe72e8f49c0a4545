"""``POST /page/preview``: a photo in a format that browsers show, for the page.  No network runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tress.errors import InputError
from tress.io.decode import Picture
from tress.outputs import OutputOptions
from tress.server.reading.body import Body
from tress.server.work.job import Made, Order
from tress.server.work.service import Service

_QUALITY = 85


def preview_router(service: Service) -> APIRouter:
    """Route of the preview."""
    router = APIRouter(include_in_schema=False)

    async def read_order(_: Request, body: Body) -> Order:
        source = body.files.get("image", body.raw)
        if not source:
            raise InputError("image_missing", "the request brings no picture", hint="send it as file 'image'")
        return Order(source, OutputOptions(), _pack, cut=False)

    def answer(_: Request, made: Made) -> Response:
        return Response(made.data, media_type=made.media_type, headers={"Cache-Control": "no-store"})

    @router.post("/page/preview")
    async def preview(request: Request) -> Response:
        return await service.handle(request, read_order, answer)

    return router


def _pack(pixels: npt.NDArray[np.uint8], picture: Picture, options: OutputOptions) -> tuple[bytes, str]:
    """JPEG where nothing is transparent, else PNG."""
    from tress.io.encode import encode, get_format

    jpeg = get_format("jpeg")
    if picture.alpha is None and max(pixels.shape) <= jpeg.max_side_px:
        return encode(pixels, jpeg.name, quality=_QUALITY), jpeg.media_type
    return encode(pixels, "png"), get_format("png").media_type
