"""Where an external shop tells us of products, orders and refunds: /hooks/<source>, signed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import structlog
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.events import Event, Handled
from bot.outside import CHANNEL, ShopOrderTold, ShopProductTold, ShopRefundTold
from bot.shapes import Fen, Name, ProductTold, Strict, Words
from bot.signatures import HEADER, is_signed

log = structlog.get_logger()
MAX_BYTES = 256 * 1024


class LineTold(Strict):
    sku_id: Name
    name: Words
    quantity: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    unit_fen: Fen


class OrderTold(Strict):
    """An order as the shop has it now. `member_id` is ours («web:m_…»), where the shop knows it."""

    number: Name
    status: Literal["placed", "paid", "received", "cancelled"]
    member_id: Annotated[str, Field(max_length=120, pattern=r"^[a-z]{1,20}:[^\x00-\x1f]+$")] | None = None
    member_name: Words = ""
    lines: list[LineTold] = Field(min_length=1, max_length=200)
    total_fen: Fen


class RefundTold(Strict):
    number: Name
    refund: Name
    amount_fen: Annotated[Fen, Field(ge=1)]


class Hook(Strict):
    id: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
    created_at: AwareDatetime


class ProductHook(Hook):
    type: Literal["product"]
    data: ProductTold


class OrderHook(Hook):
    type: Literal["order"]
    data: OrderTold


class RefundHook(Hook):
    type: Literal["refund"]
    data: RefundTold


AnyHook = ProductHook | OrderHook | RefundHook
READ: TypeAdapter[AnyHook] = TypeAdapter(Annotated[AnyHook, Field(discriminator="type")])


def event_of(source: str, hook: AnyHook) -> Event:
    """The fact a hook tells; everything about one product or order runs on one lane."""
    number = hook.data.id if isinstance(hook, ProductHook) else hook.data.number
    lane = f"hook:{source}:{number}"
    base: dict[str, Any] = {
        "key": f"hook:{source}:{hook.id}", "lane": lane, "occurred_at": hook.created_at, "channel": CHANNEL, "conversation": lane,
        "source": source,
    }
    if isinstance(hook, ProductHook):
        return ShopProductTold(**base, product=json.dumps(hook.data.model_dump(), ensure_ascii=False))
    if isinstance(hook, RefundHook):
        return ShopRefundTold(**base, number=number, refund=hook.data.refund, amount_fen=hook.data.amount_fen)
    order = hook.data
    member = order.member_id or f"{CHANNEL}:{source}"
    columns = list(zip(*((one.sku_id, one.name, one.quantity, one.unit_fen) for one in order.lines), strict=True))
    return ShopOrderTold(
        **base | {"channel": member.partition(":")[0]}, member_id=member, member_name=order.member_name or None, number=number,
        status=order.status, skus=columns[0], names=columns[1], quantities=columns[2], units_fen=columns[3], total_fen=order.total_fen,
    )


def routes(
    secrets: Mapping[str, str], receive: Callable[[Event], Awaitable[Handled]], now: Callable[[], datetime]
) -> list[BaseRoute]:
    """The address of each shop that may tell us something."""

    async def take(request: Request) -> Response:
        source = request.path_params["source"]
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                if len(body) > MAX_BYTES:
                    return _no(413, "too_long", f"at most {MAX_BYTES} bytes")
        except ClientDisconnect:
            return _no(400, "incomplete", "the body did not come whole")
        if not is_signed(secrets.get(source, ""), request.headers.get(HEADER, ""), bytes(body), now()):
            log.warning("hook refused", source=source[:40])
            return _no(401, "not_signed", "unknown source, wrong signature, or signed at another time")
        try:
            hook = READ.validate_json(bytes(body))
        except ValidationError as fault:
            first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
            return _no(422, "not_understood", f"{'.'.join(str(one) for one in first['loc'])}: {first['msg']}"[:300])
        try:
            handled = await receive(event_of(source, hook))
        except Exception:
            log.exception("hook not kept")
            return _no(503, "not_kept", "say it again later")
        return JSONResponse({"id": hook.id, "is_new": handled.is_new, "interaction": handled.inbox_id, "outcome": handled.outcome})

    return [Route("/hooks/{source}", take, methods=["POST"])]


def _no(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
