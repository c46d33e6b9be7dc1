"""What of orders, money and rewards waits for an operator, counted for «today» and for the pages where it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.console.visit import Visit
from storage import bills, payments, rosters, suspicions
from storage.operators import MANAGER

BILLS_LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Chore:
    """So many of something to be seen to, and where."""

    words: str
    count: int
    url: str
    colour: str


def find(visit: Visit, session: Session) -> list[Chore]:
    """The chores there are; nothing where all is done."""
    money, tell = "/console/payments", visit.translate
    since = (visit.now - BILLS_LATELY).astimezone(visit.desk.zone).date()
    all_of_them = (
        Chore(tell("接龙等你确认（行）"), rosters.count_pending(session), "/console/rosters", "amber"),
        Chore(tell("不知是谁付的款"), payments.count_stray(session), f"{money}?kind=stray", "amber"),
        Chore(tell("和微信账单对不上"), bills.count_open(session), f"{money}/bills", "red"),
        Chore(tell("没取到的账单（近 7 天）"), bills.count_failed(session, since), f"{money}/bills", "amber"),
        Chore(tell("退不出去的款"), payments.count_owed(session, (payments.DEAD,)), f"{money}/refunds?status=dead", "red"),
        Chore(tell("等你人工退的款"), payments.count_owed(session, (payments.BY_HAND,)), f"{money}/refunds", "amber"),
        Chore(tell("疑似作弊，等决定"), suspicions.count_open(session) if visit.may(MANAGER) else 0, "/console/fraud", "amber"),
    )
    return [one for one in all_of_them if one.count]
