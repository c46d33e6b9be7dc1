"""Where a messaging network calls us: /wecom/<account>/callback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

log = structlog.get_logger()

MAX_BYTES = 64 * 1024
NOT_FROM_THERE = 403


class Receiver(Protocol):
    """What these addresses need of a channel."""

    def verify(self, query: Mapping[str, str]) -> bytes | None:
        """What to answer when the address is set up, or None."""

    async def take(self, query: Mapping[str, str], body: bytes) -> bool:
        """Take a call; False when it is forged."""


def routes(receivers: Mapping[str, Receiver]) -> list[BaseRoute]:
    """The address of each account that is called."""

    async def verify(request: Request) -> Response:
        receiver = receivers.get(request.path_params["account"])
        answer = receiver.verify(request.query_params) if receiver is not None else None
        if answer is None:
            return PlainTextResponse("", NOT_FROM_THERE)
        return PlainTextResponse(answer)

    async def take(request: Request) -> Response:
        receiver = receivers.get(request.path_params["account"])
        if receiver is None:
            return PlainTextResponse("", NOT_FROM_THERE)
        try:
            body = await _read(request)
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        if body is None:
            return PlainTextResponse("", 413)
        try:
            is_ours = await receiver.take(request.query_params, body)
        except Exception:
            # Not kept: an error makes the network call again.
            log.exception("callback not kept")
            return PlainTextResponse("", 503)
        return PlainTextResponse("", 200 if is_ours else NOT_FROM_THERE)

    return [
        Route("/wecom/{account}/callback", verify, methods=["GET"]),
        Route("/wecom/{account}/callback", take, methods=["POST"]),
    ]


async def _read(request: Request) -> bytes | None:
    """The body, None when it is too long."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MAX_BYTES:
            return None
    return bytes(data)
