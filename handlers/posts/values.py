"""The values every post may name: shop, bot, group, product, member, date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.recurrence import zone_of
from bot.routing import Routes
from bot.values import Subject
from content.render import money
from storage import groups, members, places, products
from storage.products import ProductFacts

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


@dataclass(frozen=True, slots=True)
class GroupValue:
    """The group it is said in; `members` are there now."""

    name: str
    members: int
    topic: str


@dataclass(frozen=True, slots=True)
class ProductValue:
    """The post's product with its live price and stock (of all its variants)."""

    name: str
    brief: str
    unit: str
    price: str
    price_fen: int
    list_price: str
    stock: int
    is_on_sale: bool


@dataclass(frozen=True, slots=True)
class DateValue:
    """A day on the plan's wall."""

    date: str
    month: int
    day: int
    weekday: str
    time: str


@dataclass(frozen=True, slots=True)
class Named:
    name: str


def offer(routes: Routes) -> None:
    """Declare them."""
    routes.value("shop", "the shop", Named("阳光邻里"))(lambda _session, subject: Named(subject.shop_name))
    routes.value("bot", "we ourselves", Named("小团"))(lambda _session, subject: Named(subject.bot_name))
    routes.value("group", "the group it is said in", GroupValue("阳光花园", 128, "团购群"))(_find_group)
    routes.value("product", "the product chosen for the post, live", product_value(SAMPLE))(_find_product)
    routes.value("member", "the member it is said to, of plans that follow a join", Named("小王"))(_find_member)
    routes.value("today", "the day it is said", DateValue("3月2日", 3, 2, "周一", "20:00"))(lambda _session, subject: day(subject))
    routes.value("tomorrow", "the day after", DateValue("3月3日", 3, 3, "周二", "20:00"))(lambda _session, subject: day(subject, 1))


SAMPLE = ProductFacts("丹东草莓", "奶香味", "盒", 3990, 4990, True, {}, ())


def product_value(facts: ProductFacts) -> ProductValue:
    low = min((sku.price_fen for sku in facts.skus), default=facts.price_fen)
    before = money(facts.list_price_fen) if facts.list_price_fen else ""
    stock = sum(sku.stock for sku in facts.skus)
    return ProductValue(facts.name, facts.brief, facts.unit, money(low), low, before, stock, facts.is_on_sale)


def _find_group(session: Session, subject: Subject) -> GroupValue | None:
    group = places.find_facts(session, subject.group_id)
    if group is None:
        return None
    return GroupValue(group.name, groups.count_present(session, subject.group_id), group.topic)


def _find_product(session: Session, subject: Subject) -> ProductValue | None:
    facts = products.find_facts(session, subject.product_id) if subject.product_id else None
    return product_value(facts) if facts is not None and facts.is_on_sale else None


def _find_member(session: Session, subject: Subject) -> Named | None:
    name = members.find_names(session, [subject.member_id]).get(subject.member_id) if subject.member_id else None
    return Named(name) if name else None


def day(subject: Subject, later: int = 0) -> DateValue:
    local: datetime = subject.at.astimezone(zone_of(subject.time_zone)) + timedelta(days=later)
    words = f"{local.month}月{local.day}日"
    return DateValue(words, local.month, local.day, WEEKDAYS[local.weekday()], f"{local:%H:%M}")
