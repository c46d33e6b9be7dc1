"""The API: keys with scopes, typed rows, changes through the lanes, one shape of errors, and nothing it cannot answer."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.api import build
from bot.api.gate import CALLS_A_MINUTE, FAILURES_A_MINUTE
from storage import api_keys, audit, drops, orders, payments
from tests.group_buy.stall import StallStage
from tests.stage import Stage

PRODUCT = {
    "id": "cherry", "name": "车厘子", "unit": "箱", "price_fen": 9900, "category": ["水果"], "attributes": [["产地", "智利"]],
    "skus": [{"id": "cherry-1", "specs": ["5斤"], "price_fen": 9900, "stock": 7}],
}


class Caller:
    """One of the shop's own systems with a key."""

    def __init__(self, stage: Stage, scopes: Sequence[str] = api_keys.SCOPES) -> None:
        self.stage = stage
        with stage.database.write() as session:
            self.key = api_keys.create(session, "erp", scopes, stage.time)
        self.app = build(stage.database, stage.dispatcher, lambda: stage.time)
        self.client = TestClient(self.app, headers={"authorization": f"Bearer {self.key}"})

    def get(self, path: str, **more: Any) -> Any:
        answer = self.client.get(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def status(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        answer = self.client.request(method, path, **more)
        self.stage.settle()
        return answer.status_code, answer.json().get("error", {}).get("code", "")


def test_without_a_key_or_its_scope_there_is_nothing(stage: Stage) -> None:
    caller = Caller(stage, ["products:read"])
    assert caller.status("GET", "/products") == (200, "")
    assert caller.status("GET", "/orders") == (403, "no_scope")
    assert caller.status("PUT", "/products/cherry", json=PRODUCT) == (403, "no_scope")
    for bad in ("", "Bearer", "Bearer x", f"Basic {caller.key}", f"Bearer {caller.key}x", "Bearer " + "x" * 5000):
        assert caller.status("GET", "/products", headers={"authorization": bad}) == (401, "no_key")
    with stage.database.write() as session:
        rows = api_keys.find_all(session)
        assert caller.key not in str([vars(row) for row in rows])
        assert api_keys.revoke(session, rows[0].id, stage.time)
        assert not api_keys.revoke(session, rows[0].id, stage.time)
    assert caller.status("GET", "/products") == (401, "no_key")


def test_too_many_calls_wait_and_guesses_wait_sooner(stage: Stage) -> None:
    caller = Caller(stage)
    answers = [caller.client.get("/drops") for _ in range(CALLS_A_MINUTE + 2)]
    assert [one.status_code for one in answers].count(429) == 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    stage.pass_time(60)
    guesses = [caller.status("GET", "/drops", headers={"authorization": f"Bearer {n}"})[0] for n in range(FAILURES_A_MINUTE + 3)]
    assert guesses[-3:] == [429] * 3
    stage.pass_time(60)
    assert caller.status("GET", "/drops") == (200, "")


def test_products_are_saved_read_and_paged(stage: Stage) -> None:
    caller = Caller(stage)
    saved = caller.client.put("/products/cherry", json=PRODUCT).json()
    assert (saved["name"], saved["skus"][0]["stock"]) == ("车厘子", 7)
    for number in range(5):
        stage.sells(f"草莓{number}", 100)
    seen, after = [], ""
    while after is not None:
        page = caller.get("/products", params={"after": after, "limit": 2})
        assert len(page["rows"]) <= 2
        seen += [one["id"] for one in page["rows"]]
        after = page["next"]
    assert (len(seen), seen) == (6, sorted(set(seen)))
    assert caller.get("/products/cherry") == saved
    assert caller.status("GET", "/products/none") == (404, "not_found")
    assert caller.status("PUT", "/products/other", json=PRODUCT) == (409, "other_id")
    assert caller.status("PUT", "/products/other", json=PRODUCT | {"id": "other"}) == (409, "sku_taken")
    assert caller.status("PUT", "/products/cherry", json=PRODUCT | {"price_fen": -1}) == (422, "not_understood")
    with stage.database.read() as session:
        assert [one.operator_name for one in audit.find(session, limit=5) if one.action == "product.save"] == ["api:1"]


def test_an_order_is_received_and_refunded_through_its_lane(stage: Stage) -> None:
    caller, drop = Caller(stage), StallStage(stage)
    order_id = drop.join("小王", 2)
    assert caller.status("POST", f"/orders/{order_id}/received") == (409, "refused")
    drop.pay(order_id)
    for _ in range(3):
        again = {"Idempotency-Key": "r-1"}
        assert caller.status("POST", f"/orders/{order_id}/refund", json={"amount_fen": 500}, headers=again) == (200, "")
    row = caller.get(f"/orders/{order_id}")
    assert (row["status"], row["kept_fen"], row["member_name"]) == ("paid", 5480, "小*")
    assert caller.status("POST", f"/orders/{order_id}/refund", json={"amount_fen": 5481}) == (409, "refused")
    assert caller.status("POST", f"/orders/{order_id}/received") == (200, "")
    with stage.database.read() as session:
        assert orders.get(session, order_id).status == "received"
        assert [one.amount_fen for one in payments.find_refunds(session, order_id)] == [500]
    assert [one["id"] for one in caller.get("/orders", params={"status": "received", "drop_id": drop.id})["rows"]] == [order_id]
    assert caller.get("/orders", params={"status": "cancelled"}) == {"rows": [], "next": None}
    assert caller.status("POST", "/orders/ord_none/refund", json={}) == (404, "not_found")


def test_a_drop_is_planned_and_a_faulty_one_is_refused(stage: Stage) -> None:
    caller = Caller(stage)
    stage.hear(stage.message("小王", "早上好"))
    sku = f"{stage.sells('草莓', 3990)}-1"
    given = {
        "kind": "team", "title": "草莓团", "team_size": 2, "opens_at": "2026-03-03T08:00:00+08:00",
        "offers": [{"sku_id": sku, "price_fen": 2990, "stock_limit": 20}], "groups": ["stage:g"],
    }
    answer = caller.client.post("/drops", json=given)
    assert (answer.status_code, answer.json()["status"]) == (201, "scheduled"), answer.text
    drop_id = answer.json()["id"]
    assert caller.get("/drops", params={"status": "scheduled"})["rows"] == [caller.get(f"/drops/{drop_id}")]
    assert caller.status("POST", "/drops", json=given | {"groups": ["stage:none"]}) == (409, "unknown_group")
    assert caller.status("POST", "/drops", json=given | {"team_size": None}) == (409, "faulty_drop")
    assert caller.status("POST", "/drops", json=given | {"offers": [{"sku_id": "none", "price_fen": 1}]}) == (409, "faulty_drop")
    with stage.database.read() as session:
        assert drops.find_groups(session, drop_id) == {"stage:g"}
        assert len(drops.find_page(session)) == 1


def test_members_are_masked(stage: Stage) -> None:
    caller = Caller(stage)
    stage.hear(stage.message("王小明", "早上好"), stage.message("李", "早"))
    assert {one["name"] for one in caller.get("/members")["rows"]} == {"王**", "李"}


ODD: list[Any] = ["", "x", "ord_1", "' or 1=1 --", "%00", "草莓", "a" * 300, -1, 0, 1, 10**30, 1.5, None, True, [], {}, [[]], "2026-03-02T12:00:00Z"]


def odd_of(schema: Any, whole: Any, chance: Random, depth: int = 0) -> Any:
    """A value for a schema of the document: right in form most of the time, odd else."""
    if chance.random() < 0.15 or depth > 4:
        return chance.choice(ODD)
    if "$ref" in schema:
        return odd_of(whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]], whole, chance, depth)
    for many in ("anyOf", "oneOf"):
        if many in schema:
            return odd_of(chance.choice(schema[many]), whole, chance, depth)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        names = [one for one in schema.get("properties", {}) if one in schema.get("required", ()) or chance.random() < 0.5]
        return {one: odd_of(schema["properties"][one], whole, chance, depth + 1) for one in names}
    if kind == "array":
        return [odd_of(schema.get("items", {}), whole, chance, depth + 1) for _ in range(chance.randrange(3))]
    if kind in ("integer", "number"):
        return chance.choice([schema.get("minimum", 0), schema.get("maximum", 9), chance.randrange(10_000)])
    return {"boolean": chance.random() < 0.5, "null": None}.get(str(kind), chance.choice(["cherry", "cherry-1", "果", "stage:g"]))


@pytest.mark.parametrize("seed", range(4))
def test_every_operation_answers_as_its_document_says_whatever_it_is_sent(stage: Stage, seed: int) -> None:
    caller, chance = Caller(stage), Random(seed)
    drop = StallStage(stage)
    known = [drop.join("小王"), drop.id, "cherry"]
    whole = caller.get("/openapi.json")
    operations = [(path, method, one) for path, methods in whole["paths"].items() for method, one in methods.items()]
    assert len(operations) == 11
    for _ in range(12):
        stage.pass_time(60)
        for path, method, operation in operations:
            values = {one["name"]: odd_of(one["schema"], whole, chance) for one in operation.get("parameters", ()) if one["in"] == "query"}
            for one in operation.get("parameters", ()):
                if one["in"] == "path":
                    path = path.replace("{" + one["name"] + "}", str(chance.choice([*known, "nobody", "草莓", "a" * 90])))
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            more = {} if body is None else {"json": odd_of(body, whole, chance)}
            answer = caller.client.request(method, path, params=values, **more)
            assert str(answer.status_code) in operation["responses"], (method, path, values, more, answer.text)
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400:
                assert set(answer.json()["error"]) == {"code", "message"}
    assert [row.error for row in stage.log() if row.error] == []


def test_a_body_too_long_is_not_read(stage: Stage) -> None:
    caller = Caller(stage)
    assert caller.status("POST", "/drops", content=b"x" * 1_100_000) == (413, "too_long")
    assert caller.status("POST", "/drops", content=b"{", headers={"content-type": "application/json"}) == (422, "not_understood")
    assert caller.status("DELETE", "/drops") == (405, "not_allowed")
    assert caller.status("GET", "/nothing") == (404, "not_found")
