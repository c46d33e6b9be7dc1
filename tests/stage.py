"""A stage for scenes: the real road and features on a real database, with a clock we move and a channel we watch."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.batch import Parts
from bot.channels.base import Capabilities, Channel, Hears, Link, Outgoing, Says, Standing, insist
from bot.context import Shop
from bot.deadlines import Deadlines
from bot.dispatch import Dispatcher
from bot.events import Event, Handled, MemberJoined, MemberLeft, MessageReceived, OperatorSpoke
from bot.jobs import Job, RefundWanted
from bot.payments.offline import Offline
from bot.payments.refunding import Refunding
from bot.posting import Posting
from bot.rounds import Rounds
from bot.routing import Router, Routes
from bot.sender import Sender
from bot.talk import Talk
from bot.worker import Work, Worker
from content.knowledge import Knowledge
from content.render import Words
from content.shelf import Shelf
from handlers import FEATURES
from handlers.posts.planning import write_ahead
from storage import faq, groups, inbox, members, migrate, products
from storage.database import Database
from storage.inbox import Interaction
from storage.outbox import Saying

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVERYTHING = Capabilities(frozenset(Hears), frozenset(Says), max_text=2000, is_idempotent=True)


class WatchedChannel:
    """A channel whose far side is this list. `troubles` are raised, one a send, before anything is said."""

    name = "stage"

    def __init__(self, capabilities: Capabilities = EVERYTHING, account: str = "stage") -> None:
        self.account = account
        self.capabilities = capabilities
        self.standing = Standing(Link.CONNECTED)
        self.said: list[tuple[str, str]] = []
        self.keys: list[str] = []
        self.troubles: list[Exception | None] = []

    async def start(self, receive: Any) -> None:
        self.receive = receive

    async def stop(self) -> None:
        self.receive = None

    async def send(self, message: Outgoing) -> str | None:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None:
            raise trouble
        insist(self.capabilities, message)
        if message.key in self.keys and self.capabilities.is_idempotent:
            return f"s{message.id}"
        self.keys.append(message.key)
        self.said.append((message.here.id, message.text))
        return f"s{message.id}"

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        self.places = [place for _, place in messages]


class Stage:
    """One group «stage:g», members by their names, and the operator."""

    def __init__(
        self, url: str, *, features: Sequence[Routes] = FEATURES, lanes: int = 1,
        capabilities: Capabilities = EVERYTHING,
    ) -> None:
        self.database = Database(url)
        migrate.upgrade(self.database)
        self.time = START
        self.channel = WatchedChannel(capabilities)
        self.channels: dict[str, Channel] = {"stage": self.channel}
        self.slept: list[float] = []
        self.shelf = Shelf(self.database, Knowledge())
        self.parts = Parts(
            Router(features), Words(), self.shelf.knowledge, Shop("阳光邻里", "小团", "http://localhost:8700"),
            lambda: self.time, lambda _channel: capabilities.needs_confirmation,
            talk=Talk(self.database.is_sqlite),
        )
        self.dispatcher = Dispatcher(self.database, self.parts, lanes=lanes)
        self.dispatcher.start()
        refunding = Refunding(self.database, {"offline": Offline()}, lambda: self.time)
        self.work: dict[type[Job], Work] = {RefundWanted: refunding.refund}

        self.deadlines = Deadlines(self.database, self.dispatcher, lambda: self.time)
        self.rounds = Rounds(self.database, self.dispatcher, lambda: self.time)
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self.dispatcher.stop()
        self.database.close()

    def pass_time(self, seconds: float) -> list[str]:
        """Move the clock and let what is due happen; gives what was said meanwhile."""
        before = len(self.channel.said)
        self.time += timedelta(seconds=seconds)
        for retried in self.dispatcher.retry_due(self.time):
            retried.result(timeout=30)
        self.settle()
        return [text for _, text in self.channel.said[before:]]

    def settle(self) -> None:
        """Let every due job and every due saying happen."""
        asyncio.run(self._settle())

    async def _settle(self) -> None:
        worker = Worker(self.database, self.dispatcher, self.work, lambda: self.time)
        sender = Sender(self.database, self.channels, lambda: self.time, self._sleep)
        posting = Posting(self.database, self.dispatcher, lambda: self.time, write_ahead)
        while (
            await worker.do_due() + await sender.say_due() + await self.deadlines.fire_due() + self.rounds.go()
            + await posting.do_due()
        ):
            continue
        await posting.stop()

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def hear(self, *events: Event) -> list[Handled]:
        """Put events on their lanes together and wait for their commits."""
        waiting = [self.dispatcher.submit(event) for event in events]
        return [one.result(timeout=30) for one in waiting]

    def message(
        self, who: str, text: str, *, group: str | None = "g", to_us: bool = False, key: str | None = None, **more: Any
    ) -> MessageReceived:
        number = next(self._numbers)
        group_id = None if group is None else f"stage:{group}"
        conversation = group_id or f"stage:p:{who}"
        return MessageReceived(
            key=key or f"stage:{number}", lane=conversation, occurred_at=self.time, channel="stage",
            conversation=conversation, group_id=group_id, member_id=f"stage:{who}", member_name=who, text=text,
            message_id=f"m{number}", is_to_us=to_us, **more,
        )

    def says(self, who: str, text: str, **more: Any) -> str:
        """A member says something; gives what the operator said at once, joined."""
        before = len(self.channel.said)
        self.hear(self.message(who, text, **more))
        self.settle()
        return "\n".join(text for _, text in self.channel.said[before:])

    def joins(self, *names: str, group: str = "g", inviter: str | None = None) -> None:
        events = [
            MemberJoined(
                key=f"stage:join:{next(self._numbers)}", lane=f"stage:{group}", occurred_at=self.time, channel="stage",
                conversation=f"stage:{group}", group_id=f"stage:{group}", member_id=f"stage:{name}", member_name=name,
                inviter_id=inviter and f"stage:{inviter}",
            )
            for name in names
        ]
        self.hear(*events)

    def leaves(self, name: str, group: str = "g") -> None:
        self.hear(
            MemberLeft(
                key=f"stage:leave:{next(self._numbers)}", lane=f"stage:{group}", occurred_at=self.time,
                channel="stage", conversation=f"stage:{group}", group_id=f"stage:{group}", member_id=f"stage:{name}",
                member_name=name,
            )
        )

    def operator_says(self, text: str, group: str = "g", handover_id: int | None = None) -> None:
        self.hear(
            OperatorSpoke(
                key=f"desk:{next(self._numbers)}", lane=f"stage:{group}", occurred_at=self.time, channel="stage",
                conversation=f"stage:{group}", group_id=f"stage:{group}", text=text, operator_id=1,
                operator_name="周姐", handover_id=handover_id,
            )
        )
        self.settle()

    def knows(self, question: str, answer: str, phrasings: Iterable[str] = (), entry_id: str | None = None) -> str:
        """Put an FAQ entry into the shop."""
        entry_id = entry_id or f"e{next(self._numbers)}"
        with self.database.write() as session:
            faq.save(
                session,
                {"id": entry_id, "question": question, "answer": answer, "phrasings": list(phrasings), "is_enabled": True},
                self.time,
            )
        self.shelf.refresh()
        return entry_id

    def sells(self, name: str, price_fen: int, stock: int = 50, **more: Any) -> str:
        """Put a product into the shop."""
        product_id = f"p{next(self._numbers)}"
        values = {
            "id": product_id, "name": name, "brief": "", "unit": "份", "price_fen": price_fen, "list_price_fen": None,
            "is_on_sale": True, "category": [], "aliases": [], "attributes": [],
        } | more
        with self.database.write() as session:
            skus = [{"id": f"{product_id}-1", "specs": ["标准"], "price_fen": price_fen, "stock": stock}]
            products.save(session, values, skus, self.time)
        self.shelf.refresh()
        return product_id

    def log(self) -> list[Interaction]:
        """Every interaction, oldest first."""
        with self.database.read() as session:
            return session.query(Interaction).order_by(Interaction.id).all()

    def outbox(self) -> list[Saying]:
        with self.database.read() as session:
            return session.query(Saying).order_by(Saying.id).all()

    def set_group(self, **values: Any) -> None:
        with self.database.write() as session:
            group = groups.get(session, "stage:g")
            for name, value in values.items():
                setattr(group, name, value)

    def present(self, group: str = "g") -> set[str]:
        with self.database.read() as session:
            return {row.name for row in groups.find_members(session, f"stage:{group}")}

    def name_of(self, member_id: str) -> str:
        with self.database.read() as session:
            return members.get(session, member_id).name

    def retry(self, row_id: int) -> None:
        with self.database.write() as session:
            inbox.wake(session, row_id, self.time)
