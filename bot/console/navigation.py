"""The console's table of contents: what the sidebar shows, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.console.language import mark
from storage.operators import ADMIN, MANAGER, VIEWER


@dataclass(frozen=True, slots=True)
class Place:
    """One entry: its address, its name, its icon (templates/icons.html), who sees it, and whether the phone's bar has
    room for it."""

    url: str
    name: str
    icon: str
    role: str = VIEWER
    is_on_phone: bool = False


PLACES = (
    Place("/console/today", mark("今天"), "today", is_on_phone=True),
    Place("/console/log", mark("互动日志"), "log", is_on_phone=True),
    Place("/console/handovers", mark("转人工"), "handover", is_on_phone=True),
    Place("/console/faq", mark("问答"), "faq", is_on_phone=True),
    Place("/console/drops", mark("团购"), "drop"),
    Place("/console/orders", mark("订单"), "order"),
    Place("/console/payments", mark("收款"), "money"),
    Place("/console/links", mark("推广"), "send"),
    Place("/console/campaigns", mark("推广奖励"), "reward"),
    Place("/console/referral-figures", mark("推广数据"), "learning"),
    Place("/console/fraud", mark("疑似作弊"), "warning", MANAGER),
    Place("/console/learning", mark("学习"), "learning"),
    Place("/console/posts", mark("内容"), "post"),
    Place("/console/calendar", mark("日历"), "calendar"),
    Place("/console/products", mark("商品"), "product"),
    Place("/console/stock", mark("库存"), "stock"),
    Place("/console/groups", mark("群"), "group"),
    Place("/console/channels", mark("渠道"), "channel"),
    Place("/console/members", mark("成员"), "member"),
    Place("/console/operators", mark("运营人员"), "operators", ADMIN),
    Place("/console/audit", mark("审计记录"), "audit", ADMIN),
)
SEES = {ADMIN: (ADMIN, MANAGER, VIEWER), MANAGER: (MANAGER, VIEWER), VIEWER: (VIEWER,)}


def of_role(role: str | None) -> Sequence[Place]:
    """What an operator of this role finds in the sidebar; nothing for who is not signed in."""
    return [place for place in PLACES if role is not None and place.role in SEES[role]]
