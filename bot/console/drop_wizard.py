"""The drop wizard: kind, what is offered, on what terms; with members' words beside it. It ends in a draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import drop_checks, drop_forms
from bot.console.drop_forms import KINDS, DropForm, OfferRow
from bot.console.pages import get, post
from bot.console.product_forms import yuan_of
from bot.console.visit import Visit
from handlers.group_buy import actions, messages, rules
from storage import drop_board, drops, groups, order_search, products
from storage.operators import MANAGER

LATELY, FEW_ORDERS = timedelta(days=90), 20  # orders that advice rests on, and how few say little
LIST, PAGES_OF_WIZARD, MOST_FOUND, MOST_GROUPS = "/console/drops", 3, 12, 300


class Late(Exception):
    """The drop was opened or ended while its form was open; undoes the transaction."""


def new(visit: Visit) -> Response:
    form = drop_forms.blank()
    source = visit.query("copy", 40)
    if source:
        form = _stored(visit, source)
        form.values |= {"opens_at": "", "closes_at": "", "balance_due_at": ""}
    return _page(visit, form, 1, "")


def edit(visit: Visit) -> Response:
    drop_id = visit.path("id")
    with visit.read() as session:
        drop = drops.get(session, drop_id)
    if drop.status not in (drops.DRAFT, drops.SCHEDULED):
        return visit.go(f"{LIST}/{drop_id}", visit.translate("已经开始的活动不能再改规则。"), is_bad=True)
    return _page(visit, _stored(visit, drop_id), 1, drop_id)


def step(visit: Visit) -> Response:
    """A button of a new drop's wizard."""
    return _step(visit, "")


def step_of(visit: Visit) -> Response:
    """A button of the wizard of a drop that is there."""
    return _step(visit, visit.path("id"))


def preview(visit: Visit) -> Response:
    """Members' words for the form as it stands; htmx asks while it is filled in."""
    form = drop_forms.read(visit.form)
    _know_products(visit, form)
    return visit.page("drops_preview.html", told=_told(visit, form))


def _stored(visit: Visit, drop_id: str) -> DropForm:
    with visit.read() as session:
        return drop_forms.of_drop(
            drops.get(session, drop_id), drops.find_offers(session, drop_id), drops.find_steps(session, drop_id),
            drops.find_groups(session, drop_id), visit.desk.zone,
        )


def _step(visit: Visit, drop_id: str) -> Response:
    form, asked = drop_forms.read(visit.form), str(visit.form.get("do", ""))
    page = min(max(drop_forms.count_of(str(visit.form.get("page", "1"))) or 1, 1), PAGES_OF_WIZARD)
    what, _, which = asked.partition(":")
    if what == "add" and which:
        form.offers += [OfferRow(which)] if which not in {row.sku for row in form.offers} else []
    elif what == "remove":
        form.offers = [row for row in form.offers if row.sku != which]
    elif what == "back":
        return _page(visit, form, max(1, page - 1), drop_id)
    elif what in ("next", "save"):
        return _go_on(visit, form, PAGES_OF_WIZARD if what == "save" else page, what, drop_id)
    return _page(visit, form, page, drop_id)


def _go_on(visit: Visit, form: DropForm, page: int, what: str, drop_id: str) -> Response:
    """On to the next page, or keep it; where something is wrong, to the first page with a fault."""
    _know_products(visit, form)
    drop_checks.check(form, page, visit.desk.zone, visit.now, visit.translate)
    if form.faulty_pages:
        return _page(visit, form, min(form.faulty_pages), drop_id, 422)
    return _page(visit, form, page + 1, drop_id) if what == "next" and page < PAGES_OF_WIZARD else _save(visit, form, drop_id)


def _save(visit: Visit, form: DropForm, drop_id: str) -> Response:
    values, is_new = drop_forms.columns(form, visit.desk.zone), not drop_id
    offers, steps = drop_forms.offers(form), drop_checks.steps(form, visit.translate)
    detail = {"title": values["title"], "kind": values["kind"], "offers": [[one["sku_id"], one["price_fen"]] for one in offers]}
    try:
        with visit.act("drop.save", f"drop:{drop_id or 'new'}", **detail) as session:
            known = [one for one in form.groups if groups.find(session, one) is not None]
            if not drop_id:
                drop_id = actions.plan_drop(session, values | {"status": drops.DRAFT}, offers, known, visit.now, steps)
            elif not actions.rewrite_drop(session, drop_id, values, offers, known, steps):
                raise Late
    except actions.FaultyDrop:
        form.errors["offers"] = visit.translate("商品刚刚有变动，请核对后再保存。")
        return _page(visit, form, 2, drop_id, 409)
    except Late:
        return visit.go(f"{LIST}/{drop_id}", visit.translate("已经开始的活动不能再改规则。"), is_bad=True)
    done = visit.translate("已保存为草稿，核对后就可以开团。") if is_new else visit.translate("已保存。")
    return visit.go(f"{LIST}/{drop_id}", done)


def _page(visit: Visit, form: DropForm, page: int, drop_id: str, status: int = 200) -> Response:
    _know_products(visit, form)
    words = str(visit.form.get("find", "")).replace("\0", "").strip()[:100]
    with visit.read() as session:
        found = _find(session, words, {row.sku for row in form.offers}) if page == 2 else []
        rooms = groups.find_newest(session, MOST_GROUPS)
        is_asked = page == PAGES_OF_WIZARD and form.kind == drops.THRESHOLD
        advice = _advice(session, visit.now - LATELY) if is_asked else None
    return visit.page(
        "drops_wizard.html", status, form=form, page=page, drop_id=drop_id, found=found, find=words, rooms=rooms, kinds=KINDS,
        told=_told(visit, form), advice=advice, days=LATELY.days, url=f"{LIST}/{drop_id}/edit" if drop_id else f"{LIST}/new",
    )


def _advice(session: Session, since: datetime) -> dict[str, Any] | None:
    """Where money-off should begin by the average paid order, with how many orders say so; None without any."""
    count, total_fen = order_search.sum_paid(session, since)
    if not total_fen:
        return None
    low, high = rules.advised_thresholds(total_fen // count)
    return {"orders": count, "average_fen": total_fen // count, "low_fen": low, "high_fen": high, "is_thin": count < FEW_ORDERS}


def _know_products(visit: Visit, form: DropForm) -> None:
    """Fill in what the shop knows of the SKUs; a new row starts at the shop's price."""
    sku_ids = [row.sku for row in form.offers]
    with visit.read() as session:
        owners = products.find_owner_of_sku(session, sku_ids)
        skus = {sku.id: sku for some in products.find_skus_of(session, sorted(set(owners.values()))).values() for sku in some}
        names = products.find_with_ids(session, sorted(set(owners.values())))
        stock = drop_board.find_stock(session, sku_ids)
    for row in form.offers:
        product, sku = names.get(owners.get(row.sku, "")), skus.get(row.sku)
        if product is None or sku is None:
            continue
        row.name, row.list_fen, row.stock = f"{product.name} {sku.label}".strip(), sku.price_fen, stock.get(row.sku, 0)
        row.price = row.price or yuan_of(sku.price_fen)


def _find(session: Session, words: str, chosen: set[str]) -> list[dict[str, Any]]:
    """SKUs to choose from: those of products on sale that hold the words."""
    found = [one for one in products.search(session, words, limit=MOST_FOUND) if one.is_on_sale]
    skus = products.find_skus_of(session, [one.id for one in found])
    return [
        {"id": sku.id, "name": f"{product.name} {sku.label}".strip(), "price_fen": sku.price_fen, "stock": sku.stock}
        for product in found for sku in skus[product.id] if sku.id not in chosen
    ]


def _told(visit: Visit, form: DropForm) -> tuple[str, str] | None:
    """The rules and the group's message as members will read them; None while something is missing."""
    trial = DropForm(form.values, form.groups, [replace(row, fault="") for row in form.offers])
    drop_checks.check(trial, PAGES_OF_WIZARD, visit.desk.zone, visit.now, visit.translate)
    if trial.faulty_pages:
        return None
    values = messages.values_from(*drop_checks.as_rows(trial, visit.desk.zone, visit.translate))
    return messages.preview(visit.desk.words, values, visit.desk.settings.language)


PAGES = (
    get("/drops/new", new, MANAGER),
    post("/drops/new", step, MANAGER),
    post("/drops/preview", preview, MANAGER),
    get("/drops/{id}/edit", edit, MANAGER),
    post("/drops/{id}/edit", step_of, MANAGER),
)
