"""A shop with WeChat Pay on the far side of a socket; by default one that signs with platform certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.jobs import RefundWanted
from bot.payments.cashier import Cashier
from bot.payments.refunding import Refunding
from bot.payments.wechat import Access, WechatPay
from bot.web import paying
from storage import charges
from storage.base import AnyRow
from tests.group_buy.stall import StallStage
from tests.payments.wechat_server import APIV3, APPID, MCHID, PUBLIC_KEY_ID, SERIAL, WechatServer, private_pem
from tests.stage import START, Stage


class Shop:
    """A drop, the till, WeChat Pay, and its line to us."""

    def __init__(self, stage: Stage, server: WechatServer) -> None:
        self.stage, self.server = stage, server
        keys = {"public_key": server.public_pem(), "public_key_id": PUBLIC_KEY_ID} if server.has_public_key else {}
        access = Access(
            mchid=MCHID, appid=APPID, private_key=private_pem(server.merchant_key), serial=SERIAL, apiv3_key=APIV3,
            notify_url="https://shop.example/pay/wechat/notify", api=server.url, **keys,
        )
        self.pay = WechatPay(access, lambda: stage.time)
        self.till = Cashier(stage.database, stage.dispatcher, self.pay, lambda: stage.time)
        stage.work[RefundWanted] = Refunding(stage.database, {"wechat": self.till}, lambda: stage.time).refund
        self.client = TestClient(Starlette(routes=paying.routes(self.till)))
        self.drop = StallStage(stage)

    def buys(self, who: str, count: int = 1, way: str = "native") -> tuple[str, str]:
        """A member orders and is about to pay: the order and the charge."""
        order_id = self.drop.join(who, count)
        return order_id, self.till.prepay(order_id, way, "o-1" if way == "jsapi" else "", "203.0.113.7").charge_id

    def tells(self, number: str) -> int:
        """WeChat Pay tells us of a payment; gives our answer's status."""
        return self.sends(*self.server.notice(self.server.told(number)))

    def sends(self, headers: dict[str, str], body: bytes) -> int:
        status = self.client.post("/pay/wechat/notify", content=body, headers=headers).status_code
        self.stage.settle()
        return status

    def look(self) -> None:
        asyncio.run(self._look())
        self.stage.settle()

    async def _look(self) -> None:
        while await self.till.look():
            continue

    def charges(self, order_id: str) -> list[AnyRow]:
        with self.stage.database.read() as session:
            return list(charges.find_of(session, order_id))


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[WechatServer]:
    made = WechatServer(lambda: START, has_public_key=getattr(request, "param", "") == "public key")
    yield made
    made.stop()


@pytest.fixture
def shop(stage: Stage, server: WechatServer) -> Iterator[Shop]:
    server.now = lambda: stage.time
    made = Shop(stage, server)
    yield made
    made.till.close()
