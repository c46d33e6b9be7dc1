"""Hears who asks for their link, visits through links, members who come and go, and ids that turn out to be one person."""

from __future__ import annotations

from bot.context import Context
from bot.events import MemberJoined, MemberLeft, MessageReceived
from bot.jobs import JoinWayWanted
from bot.referring import ClicksCame, IdentityLearnt, LinkAsked, VisitorKnown
from bot.routing import Routes
from handlers.referral import actions, messages, people, rules
from handlers.referral.rules import Ask
from storage import drops, groups, identities, products, referral_links
from storage.choices import find as find_choice
from storage.referral_links import ReferralLink

routes = Routes("referral")
MOST_CHOICES = 5


def parse_ask(message: MessageReceived) -> Ask | None:
    return rules.parse_ask(message.text) if message.text and message.member_id is not None else None


def parse_named(message: MessageReceived) -> Ask | None:
    return rules.parse_named(message.text) if message.text and message.member_id is not None else None


def find_named(ctx: Context, request: Ask) -> tuple[Ask, str] | None:
    """The one product that is sold under this name."""
    found = [one for one in products.search(ctx.session, request.name, limit=2) if one.is_on_sale]
    return (request, found[0].id) if len(found) == 1 else None


@routes.looked(parse_named, find_named)
def ask_named(ctx: Context, request: tuple[Ask, str]) -> None:
    asked, product_id = request
    if ctx.event.group_id is not None and ctx.is_late():
        ctx.decide("silent", "too old")
        return
    if _stays_out(ctx):
        return
    link = actions.ensure_link(ctx.session, ctx.sender().id, referral_links.PRODUCT, product_id, ctx.now, ctx.event.group_id or "")
    if link is not None:
        _give(ctx, asked, link, [])


@routes.message(parse_ask)
def ask(ctx: Context, request: Ask) -> None:
    if ctx.event.group_id is not None and ctx.is_late():
        ctx.decide("silent", "too old")
        return
    if _stays_out(ctx):
        return
    member = ctx.sender()
    kind, target_id, open_now = actions.choose_target(ctx.session, ctx.event.group_id, member.id, request.code)
    choices = [(one.code, one.title) for one in open_now[:MOST_CHOICES] if one.id != target_id]
    link = actions.ensure_link(ctx.session, member.id, kind, target_id, ctx.now, ctx.event.group_id or "")
    if link is None:
        messages.no_such_drop(ctx, request.code, choices)
        ctx.decide("refused", "NoSuchDrop")
        return
    _give(ctx, request, link, choices)


def _stays_out(ctx: Context) -> bool:
    """Who wants no part in referring gets no link, and reads how to come back."""
    if find_choice(ctx.session, ctx.event.member_id or "") is None:
        return False
    messages.stays_out(ctx)
    ctx.decide("refused", "OptedOut")
    return True


def _give(ctx: Context, request: Ask, link: ReferralLink, choices: list[tuple[str, str]]) -> None:
    """The link or its poster, to the member."""
    where = messages.where_to(ctx)
    title = _title(ctx, link)
    if request.what == "poster":
        referral_links.name_owner(ctx.session, link, referral_links.FULL if request.is_named else referral_links.NO_NAME)
        messages.poster(ctx, where, link, title)
    else:
        messages.my_link(ctx, where, link, title, choices)
    if where.id != ctx.here.id:
        messages.sent_to_you(ctx)
    _want_way(ctx, link)
    ctx.decide("answered", f"{link.target_kind} {link.code}", 1.0)


def _title(ctx: Context, link: ReferralLink) -> str:
    """What a link leads to, by its name."""
    if link.target_kind == referral_links.DROP:
        return str(drops.get(ctx.session, link.target_id).title)
    if link.target_kind == referral_links.GROUP:
        return groups.get(ctx.session, link.target_id).name
    if link.target_kind == referral_links.PRODUCT:
        return products.get(ctx.session, link.target_id).name
    return ctx.shop.name


def _want_way(ctx: Context, link: ReferralLink) -> None:
    """A WeCom group is joined by a code that WeCom makes, whose state is the link's code."""
    if link.target_kind != referral_links.GROUP or not link.target_id.startswith("wecom:"):
        return
    group = groups.get(ctx.session, link.target_id)
    ctx.ask(JoinWayWanted(key=f"join-way:{link.code}", account=group.account_id, state=link.code, group_id=group.id, name=group.name))


@routes.fact(LinkAsked)
def link_asked(ctx: Context, fact: LinkAsked) -> None:
    if find_choice(ctx.session, fact.member_id or "") is not None:
        ctx.decide("refused", "OptedOut")
        return
    link = actions.ensure_link(ctx.session, fact.member_id or "", fact.target_kind, fact.target_id, ctx.now, fact.group_id or "")
    if link is None:
        ctx.decide("refused", "nothing is there")
        return
    if fact.shows_name in referral_links.NAMING:
        referral_links.name_owner(ctx.session, link, fact.shows_name)
    ctx.decide("done", link.code)


@routes.fact(ClicksCame)
def clicks_came(ctx: Context, fact: ClicksCame) -> None:
    kept, touched = actions.keep_clicks(ctx.session, fact.clicks, ctx.now)
    ctx.decide("done", f"{kept} clicks, {touched} visits")


@routes.fact(MemberJoined)
def joined(ctx: Context, fact: MemberJoined) -> None:
    if fact.visitor and fact.member_id:
        keys = [(identities.MEMBER, fact.member_id), (identities.VISITOR, fact.visitor)]
        people.learn(ctx.session, keys, fact.key, ctx.now)
    actions.join(ctx.session, fact, ctx.now)


@routes.fact(MemberLeft)
def left(ctx: Context, fact: MemberLeft) -> None:
    actions.leave(ctx.session, fact.group_id or "", fact.member_id or "", ctx.now)


@routes.fact(VisitorKnown)
def visitor_known(ctx: Context, fact: VisitorKnown) -> None:
    member_id = fact.member_id or ""
    if fact.visitor_id:
        keys = [(identities.MEMBER, member_id), (identities.VISITOR, fact.visitor_id)]
        people.learn(ctx.session, keys, fact.key, ctx.now)
    is_touched = actions.take_part(ctx.session, member_id, fact.visitor_id, fact.code, fact.drop_id, ctx.now)
    ctx.decide("done", "by a link" if is_touched else None)


@routes.fact(IdentityLearnt)
def identity_learnt(ctx: Context, fact: IdentityLearnt) -> None:
    member = [(identities.MEMBER, fact.member_id)] if fact.member_id else []
    keys = [*member, *((str(kind), str(value)) for kind, value in fact.keys)]
    if not rules.is_sound(keys):
        ctx.decide("refused", "ids out of bounds")
        return
    ctx.decide("done", people.learn(ctx.session, keys, fact.key, ctx.now))
