"""Plays a small made-up community on a real database: touches, orders, payments, refunds, commissions and the vigilance over
them are the shop's own; what the rules alone say of the same community is compared order by order."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from benchmarks.community_eyes import LEFT_SOON, Eyes
from benchmarks.community_world import START, Maker, Order, Touch, World
from handlers.orders import actions as order_actions
from handlers.orders import refunds
from handlers.rewards import actions as rewards
from handlers.rewards import attributing
from handlers.vigilance import actions, seeing
from storage import (
    campaigns,
    charges,
    clicks,
    drops,
    ledger,
    migrate,
    orders,
    payments,
    referral_links,
    suspicions,
    touches,
)
from storage.database import Database
from storage.members import Member
from storage.terms import Reward, Terms

KEY = "the key of a benchmark"
AT_ONCE = 200  # things that happen in one transaction


class Road:
    """One community on one database, two hundred things that happen to a transaction."""

    def __init__(self, world: World, database: Database) -> None:
        self._world, self._database = world, database
        self._numbers = itertools.count(1)
        self._number_of = {touch: number for number, touch in enumerate(world.touches)}
        with database.write() as session:
            session.add_all(Member(id=one, channel="web", name=one, created_at=START) for one in world.accounts)
            session.flush()
            campaigns.insert_draft(session, {
                "id": "c", "name": "c", "starts_at": START, "ends_at": None, "created_at": START, "created_by": "",
            })
            campaigns.write_terms(session, Terms(campaign_id="c", version=1, rewards=(Reward(level=1, amount=500),)), START, "")
            campaigns.change(session, "c", (campaigns.DRAFT,), status=campaigns.RUNNING)
            for drop in sorted({order.drop for order in world.orders}):
                session.execute(drops.TABLE.insert().values(_drop(drop)))

    def live(self) -> None:
        happened = list(_happened(self._world))
        for start in range(0, len(happened), AT_ONCE):
            with self._database.write() as session:
                for at, what, one in happened[start : start + AT_ONCE]:
                    self._live(session, at, what, one)

    def _live(self, session: Session, at: datetime, what: int, one: Touch | Order) -> None:
        if isinstance(one, Touch):
            self._left(session, one, at) if what == 3 else self._touched(session, one)
        elif what == 1:
            self._ordered(session, one)
        else:
            self._refunded(session, one, at)

    def _touched(self, session: Session, touch: Touch) -> None:
        link = referral_links.ensure(session, touch.referrer, "shop", "", touch.at)
        hour = int(touch.at.timestamp()) // 3600
        session.flush()
        if touch.kind == "click":
            clicks.keep(session, [(link.id, touch.device, hour, touch.at, clicks.COUNTED, 1, "", touch.network[:16])])
            row = (f"click:{link.id}:{hour}:{touch.device}:{self._number_of[touch]}", "click", touch.device, touch.who, touch.referrer, link.id)
        else:
            row = (f"join:{self._number_of[touch]}", "join", touch.device, touch.who, touch.referrer, link.id)
        touches.keep(session, [(*row, "", "", "", "", touch.at)])
        seeing.browser_came(session, touch.who, touch.device, KEY, touch.at)
        seeing.signs.keep(session, touch.who, [seeing.digest(KEY, "network", f"{touch.network}/{touch.at:%Y%m%d}")], touch.at)

    def _left(self, session: Session, touch: Touch, at: datetime) -> None:
        c = touches.TABLE.c
        row = session.execute(touches.TABLE.select().where(c.cause == f"join:{self._number_of[touch]}")).one()
        touches.void(session, row.id, touches.LEFT_SOON, at)

    def _ordered(self, session: Session, order: Order) -> None:
        orders.insert_all(session, [_order(order)], [(order.id, "s1", "s1", 1, order.fen, order.fen)], [])
        attributing.attribute_order(session, order.id, order.id, order.at)
        seeing.order_seen(session, orders.get(session, order.id), KEY)
        seeing.browser_came(session, order.who, order.device, KEY, order.at)
        charge = {
            "id": order.id, "order_id": order.id, "provider": "wechat", "way": "jsapi", "payer": order.payer, "amount_fen": order.fen,
            "created_at": order.at, "expires_at": order.at, "look_at": order.at,
        }
        charges.insert_once(session, charge)
        charges.mark_paid(session, order.id, order.at)
        order_actions.payment_received(
            session, order.id, "offline", order.id, order.fen, received_at=order.at, by="provider", cause=order.id, now=order.at
        )
        seeing.payer_seen(session, orders.get(session, order.id), KEY)
        rewards.accrue(session, order.id, order.id, order.at)
        self._look(session, order.id, order.at)

    def _refunded(self, session: Session, order: Order, at: datetime) -> None:
        cause = f"r{next(self._numbers)}"
        refunds.ask(session, order.id, 0, "", "", "operator:1", cause, at)
        orders.change(session, [order.id], (orders.PAID,), status=orders.CANCELLED, ended_at=at)
        order_actions.owe(session, order.id, 0, payments.ENDED, cause, at)
        rewards.follow(session, order.id, cause, at)
        self._look(session, order.id, at)

    def _look(self, session: Session, order_id: str, at: datetime) -> None:
        referrer = actions.referrer_of(session, order_id)
        if referrer is not None:
            actions.look(session, referrer, at)

    def doubted(self) -> set[str]:
        with self._database.read() as session:
            rows = suspicions.find_page(session, state="", limit=1_000_000)
            return {one.order_id for row in rows for one in suspicions.find_orders(session, row.id)}

    def credited(self) -> dict[str, str]:
        with self._database.read() as session:
            kept = attributing.attributions.TABLE.c
            rows = session.execute(attributing.attributions.TABLE.select().where(kept.referrer_id.is_not(None)))
            return {row.order_id: row.referrer_id for row in rows}

    def is_balanced(self) -> bool:
        with self._database.read() as session:
            return set(ledger.sum_all(session).values()) <= {0} and ledger.count_lopsided(session) == 0


def _happened(world: World) -> Iterator[tuple[datetime, int, Touch | Order]]:
    found: list[tuple[datetime, int, Touch | Order]] = [(one.at, 0, one) for one in world.touches]
    found += [
        (one.left_at, 3, one) for one in world.touches
        if one.kind == "join" and one.left_at is not None and one.left_at - one.at < LEFT_SOON
    ]
    found += [(one.at, 1, one) for one in world.orders]
    found += [(one.refunded_at, 2, one) for one in world.orders if one.refunded_at is not None]
    yield from sorted(found, key=lambda one: (one[0], one[1]))


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id, "drop_id": f"d{order.drop}", "channel": "web", "group_id": None, "member_id": order.who, "member_name": order.who,
        "status": orders.PLACED, "total_fen": order.fen, "deposit_fen": 0, "pays": "before", "if_late": orders.REFUND,
        "pickup_point": "", "address": order.address, "note": order.phone, "source": "page", "reason": "", "placed_at": order.at,
        "confirmed_at": order.at,
    }


def _drop(number: int) -> dict[str, Any]:
    columns = {column.name: column for column in drops.TABLE.columns}
    values: dict[str, Any] = {
        "id": f"d{number}", "code": f"D{number:05d}", "kind": "flash", "title": f"d{number}", "status": "open", "created_at": START,
        "words": "", "rules": "", "pays": "before",
    }
    for name, column in columns.items():
        if name not in values and not column.nullable and column.default is None and column.server_default is None:
            values[name] = 0 if column.type.python_type is int else False if column.type.python_type is bool else ""
    return {name: value for name, value in values.items() if name in columns}


def compare(seed: int, members: int) -> dict[str, Any]:
    """The same small community by the rules alone and on the road."""
    world = Maker(seed, members).make()
    eyes = Eyes(world)
    eyes.live()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'tuan.db'}")
        migrate.upgrade(database)
        road = Road(world, database)
        road.live()
        doubted, credited, is_balanced = road.doubted(), road.credited(), road.is_balanced()
        database.close()
    return {
        "seed": seed, "members": len(world.accounts), "orders": len(world.orders), "credited": len(credited),
        "credited_alike": credited == eyes.credited, "doubted": len(doubted), "doubted_by_rules_alone": len(eyes.doubted),
        "doubted_by_both": len(doubted & eyes.doubted), "ledger_balanced": is_balanced,
    }
