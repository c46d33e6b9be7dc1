"""Webhooks: believed when signed and fresh, taken once, told signed, tried again, listed when nobody takes them."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.context import Shop
from bot.hooking import Hooking
from bot.jobs import HookWanted
from bot.signatures import HEADER, is_signed, sign
from bot.web import hooks
from handlers.orders.outside import id_of
from storage import hooks as dead_letters
from storage import orders, payments, products
from tests.group_buy.stall import StallStage
from tests.stage import Stage

SECRET = "spring-strawberries-2026"
DOCUMENT = Path(__file__).parents[2] / "docs" / "hooks.md"
EXAMPLES = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)]
PRODUCT, ORDER, REFUND = EXAMPLES


class Line:
    """The shop's line to us."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        found = hooks.routes({"myshop": SECRET}, stage.dispatcher.receive, lambda: stage.time)
        self.client = TestClient(Starlette(routes=found))

    def tell(self, told: Any, **more: Any) -> httpx.Response:
        body = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
        at = self.stage.time + more.get("skew", timedelta())
        headers = {HEADER: sign(more.get("secret", SECRET), body, at)}
        answer = self.client.post(f"/hooks/{more.get('source', 'myshop')}", content=body, headers=more.get("headers", headers))
        self.stage.settle()
        return answer

    def outcome(self, told: Any) -> tuple[str, bool]:
        answer = self.tell(told)
        assert answer.status_code == 200, answer.text
        return answer.json()["outcome"], answer.json()["is_new"]

    def order(self, number: str = "A-1001") -> Any:
        with self.stage.database.read() as session:
            return orders.get(session, id_of("myshop", number))


@pytest.fixture
def line(stage: Stage) -> Line:
    stage.hear(stage.message("小王", "早上好"))
    return Line(stage)


def changed(told: dict[str, Any], event_id: str, **data: Any) -> dict[str, Any]:
    return told | {"id": event_id, "data": told["data"] | data}


def test_the_examples_of_the_document_work(line: Line) -> None:
    assert [line.outcome(one) for one in EXAMPLES] == [("done", True)] * 3
    with line.stage.database.read() as session:
        assert products.find_skus(session, "strawberry")[0].stock == 40
        assert [(one.provider, one.amount_fen) for one in payments.find_of(session, line.order().id)] == [("shop", 7980)]
        assert [(one.amount_fen, one.status) for one in payments.find_refunds(session, line.order().id)] == [(3990, "done")]
    assert line.order().status == "paid"
    assert [row.error for row in line.stage.log() if row.error] == []
    kinds = [row.kind for row in line.stage.log()]
    assert {"OrderPlaced", "OrderPaid", "OrderRefunded"} <= set(kinds)


def test_the_same_hook_again_is_known(line: Line) -> None:
    for one in EXAMPLES * 3:
        line.tell(one)
    assert line.outcome(REFUND)[1] is False
    assert line.outcome(REFUND | {"id": "evt-again"}) == ("done", True)  # the same refund under another event's id
    with line.stage.database.read() as session:
        assert payments.sum_kept(session, [line.order().id]) == {line.order().id: 3990}


def test_what_is_forged_replayed_or_malformed_changes_nothing(line: Line) -> None:
    assert [
        line.tell(ORDER, secret="another secret, long enough").status_code, line.tell(ORDER, headers={}).status_code,
        line.tell(ORDER, source="other").status_code, line.tell(ORDER, headers={HEADER: "t=1,v1=zz"}).status_code,
        line.tell(ORDER, skew=timedelta(minutes=-6)).status_code, line.tell(ORDER, skew=timedelta(minutes=6)).status_code,
    ] == [401] * 6
    assert line.tell(b"x" * 300_000).status_code == 413
    bad = [
        b"{", b"[]", ORDER | {"type": "gift"}, ORDER | {"id": ""}, ORDER | {"created_at": "2026-03-02T12:00:00"},
        changed(ORDER, "e", total_fen=-1), changed(ORDER, "e", total_fen=79.8), changed(ORDER, "e", total_fen="7980"),
        changed(ORDER, "e", lines=[]), changed(ORDER, "e", status="shipped"), changed(REFUND, "e", amount_fen=0),
        changed(PRODUCT, "e", price_fen=10**12), changed(PRODUCT, "e", surprise=1), changed(PRODUCT, "e", skus=[]),
    ]
    assert [line.tell(one).status_code for one in bad] == [422] * len(bad)
    with line.stage.database.read() as session:
        assert orders.find(session, id_of("myshop", "A-1001")) is None


def test_an_order_only_moves_forward(line: Line) -> None:
    line.tell(changed(ORDER, "e3", status="received"))
    line.tell(changed(ORDER, "e1", status="placed"))
    line.tell(changed(ORDER, "e2", status="paid"))
    line.tell(changed(ORDER, "e4", status="cancelled"))
    assert line.order().status == "received"
    assert line.outcome(changed(ORDER, "e5", total_fen=1)) == ("refused", True)
    assert line.outcome(changed(REFUND, "e6", amount_fen=9999)) == ("refused", True)
    assert line.outcome(changed(REFUND, "e7", number="A-9")) == ("refused", True)
    assert line.outcome(changed(REFUND, "e8", amount_fen=7980)) == ("done", True)
    assert line.order().status == "refunded"
    line.tell(changed(ORDER, "e9", status="cancelled", number="A-2", member_id=None))
    assert (line.order("A-2").status, line.order("A-2").channel) == ("cancelled", "shop")
    assert [row.error for row in line.stage.log() if row.error] == []


def test_a_product_is_changed_removed_and_takes_no_sku_of_another(line: Line) -> None:
    line.tell(PRODUCT)
    line.tell(changed(PRODUCT, "e1", price_fen=3590))
    thief = changed(PRODUCT, "e2", id="thief")
    assert line.outcome(thief) == ("refused", True)
    with line.stage.database.read() as session:
        assert products.get(session, "strawberry").price_fen == 3590
    line.tell(changed(PRODUCT, "e3", is_deleted=True))
    with line.stage.database.read() as session:
        assert products.find(session, "strawberry") is None


class Target:
    """One of the shop's own systems, answering as the scene says."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.heard: list[tuple[str, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heard.append((self.headers[HEADER], body))
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/tuan"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.server.shutdown()
    made.server.server_close()


def told_to(stage: Stage, target: Target) -> None:
    stage.parts.shop = Shop("阳光邻里", "小团", "http://localhost:8700", hook_targets=1)
    stage.work[HookWanted] = Hooking([target.url], SECRET, lambda: stage.time).deliver


def test_what_happens_to_orders_is_told_signed(stage: Stage, target: Target) -> None:
    told_to(stage, target)
    drop = StallStage(stage)
    order_id = drop.join("小王")
    drop.pay(order_id)
    told = [json.loads(body) for _, body in target.heard]
    assert [one["type"] for one in told] == ["order.placed", "order.paid"]
    assert (told[1]["data"]["order_id"], told[1]["data"]["total_fen"]) == (order_id, 2990)
    assert all(is_signed(SECRET, header, body, stage.time) for header, body in target.heard)
    assert not is_signed(SECRET, target.heard[0][0], target.heard[1][1], stage.time)


def test_a_target_that_fails_is_tried_again_and_then_listed(stage: Stage, target: Target) -> None:
    told_to(stage, target)
    target.answers = [500, 302, 404]
    drop = StallStage(stage)
    drop.join("小王")
    for seconds in (3, 11, 61):
        stage.pass_time(seconds)
    assert len({body for _, body in target.heard}) == 1
    assert len(target.heard) == 4
    target.answers = [503] * 5
    drop.join("小李")
    for seconds in (3, 11, 61, 601):
        stage.pass_time(seconds)
    with stage.database.write() as session:
        assert ["503" in str(job.error) for job in dead_letters.find_dead(session)] == [True]
        assert dead_letters.retry_all(session, stage.time) == 1
    stage.settle()
    assert len({body for _, body in target.heard}) == 2
    with stage.database.read() as session:
        assert dead_letters.find_dead(session) == []


def test_a_target_taken_out_of_the_settings_is_no_failure(stage: Stage) -> None:
    assert asyncio.run(Hooking([], SECRET, lambda: stage.time).deliver(HookWanted(key="k", target=0, body="{}"))) is None
