"""Orders and drops over the API; what changes an order is an event on its lane, like everybody's."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Query, Request
from sqlalchemy.orm import Session

from bot.api.gate import Caller, Desk, desk_of, needs, no
from bot.api.selling import After, Id, Limit, masked_name
from bot.api.shapes import Done, DropGiven, DropRow, LineRow, OfferRow, OrderRow, Page, RefundWanted
from bot.event import Event
from bot.telling import lane_of
from bot.trading import OrderMarkAsked, RefundAsked
from handlers.group_buy.actions import FaultyDrop, plan_drop
from storage import audit, drops, groups, inbox, orders, payments
from storage.base import AnyRow

router = APIRouter()
Status = Annotated[Literal["placed", "paid", "shipped", "received", "refunded", "cancelled", ""], Query()]
Again = Annotated[str, Header(max_length=80, pattern=r"^[!-~]*$", alias="Idempotency-Key")]
WAIT_SECONDS = 30


def _orders(session: Session, found: list[AnyRow]) -> list[OrderRow]:
    ids = [one.id for one in found]
    lines, kept = orders.find_lines(session, ids), payments.sum_kept(session, ids)
    return [
        OrderRow(
            id=one.id, drop_id=one.drop_id, group_id=one.group_id, member_id=one.member_id, member_name=masked_name(one.member_name),
            status=one.status, total_fen=one.total_fen, kept_fen=kept[one.id], pays=one.pays, source=one.source,
            placed_at=one.placed_at, paid_at=one.paid_at, received_at=one.received_at,
            lines=[LineRow(sku_id=line.sku_id, name=line.name, quantity=line.quantity, unit_fen=line.unit_fen) for line in lines[one.id]],
        )
        for one in found
    ]


def _drop(session: Session, one: AnyRow) -> DropRow:
    offers = [
        OfferRow(mark=row.mark, sku_id=row.sku_id, name=row.name, price_fen=row.price_fen, stock_limit=row.stock_limit, taken=row.taken)
        for row in drops.find_offers(session, one.id)
    ]
    return DropRow(
        id=one.id, code=one.code, kind=one.kind, status=one.status, title=one.title, pays=one.pays, provider=one.provider,
        opens_at=one.opens_at, closes_at=one.closes_at, offers=offers,
    )


@router.get("/orders")
def list_orders(
    request: Request, _: Annotated[Caller, Depends(needs("orders:read"))], after: After = "", limit: Limit = 50, status: Status = "",
    drop_id: After = "",
) -> Page[OrderRow]:
    with desk_of(request).database.read() as session:
        found = orders.find_page(session, after=after, status=status, drop_id=drop_id, limit=limit + 1)
        rows = _orders(session, list(found[:limit]))
    return Page(rows=rows, next=rows[-1].id if len(found) > limit else None)


@router.get("/orders/{order_id}")
def get_order(request: Request, order_id: Id, _: Annotated[Caller, Depends(needs("orders:read"))]) -> OrderRow:
    with desk_of(request).database.read() as session:
        return _orders(session, [_order(session, order_id)])[0]


def _order(session: Session, order_id: str) -> AnyRow:
    order = orders.find(session, order_id)
    if order is None:
        raise no(404, "not_found", "no such order")
    return order


@router.post("/orders/{order_id}/received")
def mark_received(
    request: Request, order_id: Id, caller: Annotated[Caller, Depends(needs("orders:write"))], again: Again = ""
) -> Done:
    """The member has the goods. The same Idempotency-Key again changes nothing."""
    desk = desk_of(request)
    return _ask(desk, caller, again, order_id, OrderMarkAsked, order_ids=(order_id,), mark="received", by=caller.by)


@router.post("/orders/{order_id}/refund")
def refund(
    request: Request, order_id: Id, wanted: RefundWanted, caller: Annotated[Caller, Depends(needs("orders:write"))], again: Again = ""
) -> Done:
    """Give money back, all or a part, never more than was paid. Send an Idempotency-Key: without one every call is a
    refund of its own."""
    desk = desk_of(request)
    return _ask(
        desk, caller, again, order_id, RefundAsked, order_id=order_id, amount_fen=wanted.amount_fen, by=caller.by, text=wanted.reason
    )


def _ask(desk: Desk, caller: Caller, again: str, about: str, kind: type[Event], **values: Any) -> Done:
    with desk.database.read() as session:
        order = _order(session, about)
    lane = lane_of(order.drop_id or order.id)
    key = f"api:{caller.key_id}:{kind.__name__}:{about}:{again or uuid4().hex}"
    event = kind(key=key, lane=lane, occurred_at=desk.now(), channel="", conversation=lane, **values)
    try:
        handled = desk.dispatcher.submit(event).result(timeout=WAIT_SECONDS)
    except Exception as trouble:
        raise no(503, "not_kept", "say it again later, with the same Idempotency-Key") from trouble
    with desk.database.read() as session:
        row = inbox.get(session, handled.inbox_id)
    if row.outcome == "refused":
        raise no(409, "refused", row.reason or "the order does not allow it")
    return Done(interaction=row.id, is_new=handled.is_new)


@router.get("/drops")
def list_drops(
    request: Request, _: Annotated[Caller, Depends(needs("drops:read"))], after: After = "", limit: Limit = 50,
    status: Annotated[Literal["draft", "scheduled", "open", "closed", "cancelled", ""], Query()] = "",
) -> Page[DropRow]:
    with desk_of(request).database.read() as session:
        found = drops.find_page(session, after=after, status=status, limit=limit + 1)
        rows = [_drop(session, one) for one in found[:limit]]
    return Page(rows=rows, next=rows[-1].id if len(found) > limit else None)


@router.get("/drops/{drop_id}")
def get_drop(request: Request, drop_id: Id, _: Annotated[Caller, Depends(needs("drops:read"))]) -> DropRow:
    with desk_of(request).database.read() as session:
        found = drops.find(session, drop_id)
        if found is None:
            raise no(404, "not_found", "no such drop")
        return _drop(session, found)


@router.post("/drops", status_code=201)
def create_drop(request: Request, given: DropGiven, caller: Annotated[Caller, Depends(needs("drops:write"))]) -> DropRow:
    desk, meant = desk_of(request), list(dict.fromkeys(given.groups))
    with desk.database.write() as session:
        if len(groups.find_existing_ids(session, meant)) < len(meant):
            raise no(409, "unknown_group", "a group is not known")
        offers = [one.model_dump() for one in given.offers]
        try:
            drop_id = plan_drop(session, given.values(), offers, meant, desk.now(), [one.model_dump() for one in given.steps])
        except FaultyDrop as faulty:
            raise no(409, "faulty_drop", ", ".join(faulty.faults)) from faulty
        audit.record(session, at=desk.now(), operator_id=None, operator_name=caller.by, action="drop.plan", subject=f"drop:{drop_id}")
        return _drop(session, drops.get(session, drop_id))
