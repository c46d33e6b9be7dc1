"""Loads the demo shop on the first start, and plays an evening of talk through the real road."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.app import Operator
from bot.events import Event, MemberJoined, MessageReceived
from bot.settings import Settings
from content import demo
from content.demo import Line
from storage import clocks, faq, groups, jobs, products, revisions
from storage.database import Database

BEGINS = time(19, 0)
BREATH = timedelta(milliseconds=40)  # between hearing and saying
AFTERWARDS = timedelta(minutes=5)  # for what was put off when the evening ends


class Script:
    """The clock of a told evening: it moves when the story moves, and a little whenever somebody looks."""

    def __init__(self, begins_at: datetime) -> None:
        self.time = begins_at

    def now(self) -> datetime:
        self.time += timedelta(microseconds=700)
        return self.time

    def move_to(self, moment: datetime) -> None:
        self.time = max(self.time, moment)


def load_once(settings: Settings, now: Callable[[], datetime]) -> bool:
    """Load the demo into an empty database, or go on where a start was interrupted; True when it did."""
    database = Database(settings.database)
    try:
        with database.write() as session:
            done = revisions.count(session, demo.MARK)
            is_empty = not (groups.find_all(session) or products.count(session) or faq.count(session))
            if done >= demo.PLAYED or (done == 0 and not is_empty):
                return False
            if done == 0:
                demo.load_shop(session, now())
    finally:
        database.close()
    asyncio.run(_play(settings, _yesterday_evening(settings, now())))
    return True


def _yesterday_evening(settings: Settings, now: datetime) -> datetime:
    zone = ZoneInfo(settings.time_zone)
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    return datetime.combine(yesterday, BEGINS, zone).astimezone(now.tzinfo)


async def _play(settings: Settings, begins_at: datetime) -> None:
    script = Script(begins_at)
    operator = Operator(settings, now=script.now)
    operator.shelf.refresh()
    operator.dispatcher.start()
    try:
        for line in demo.evening():
            await _let_happen(operator, script, begins_at + line.at)
            script.move_to(begins_at + line.at)
            await operator.dispatcher.receive(_event(settings, line, script.time))
            await _say(operator, script)
        await _let_happen(operator, script, script.time + AFTERWARDS)
        with operator.database.write() as session:
            revisions.rise(session, demo.MARK)
    finally:
        await operator.stop()


async def _let_happen(operator: Operator, script: Script, until: datetime) -> None:
    """Whatever was put off until before then happens at its time."""
    while True:
        with operator.database.read() as session:
            times = [jobs.find_next_due(session), clocks.find_next_due(session)]
        due_at = min((one for one in times if one is not None), default=None)
        if due_at is None or due_at > until:
            return
        script.move_to(due_at)
        await operator.worker.do_due()
        await operator.deadlines.fire_due()
        await _say(operator, script)


async def _say(operator: Operator, script: Script) -> None:
    script.move_to(script.time + BREATH)
    while await operator.sender.say_due():
        continue


def _event(settings: Settings, line: Line, at: datetime) -> Event:
    here, key = demo.group_id(), f"demo:{line.number}"
    if line.is_join:
        return MemberJoined(
            key=key, lane=here, occurred_at=at, channel=demo.CHANNEL, conversation=here, group_id=here,
            member_id=demo.member_id(line.who), member_name=line.who,
            inviter_id=line.inviter and demo.member_id(line.inviter),
        )  # fmt: skip
    return MessageReceived(
        key=key, lane=here, occurred_at=at, channel=demo.CHANNEL, conversation=here, group_id=here,
        member_id=demo.member_id(line.who), member_name=line.who, message_id=key, is_to_us=line.is_to_us,
        text=line.say.replace(f"@{demo.bot_name()}", f"@{settings.bot_name}"),
    )  # fmt: skip
