"""Says a member's own link and poster: to them alone where the channel allows, else in a few words where they asked."""

from __future__ import annotations

from bot.context import Context
from bot.outbox import Conversation, Picture, Text
from bot.telling import private
from handlers.referral import rules
from storage.referral_links import ReferralLink


def where_to(ctx: Context) -> Conversation:
    """Where a member gets what is theirs."""
    here, event = ctx.here, ctx.event
    if here.group_id is None or event.channel in rules.ONLY_IN_GROUPS or event.member_id is None:
        return here
    return Conversation(private(event.channel, event.member_id), event.channel, None, event.member_id, here.language)


def my_link(ctx: Context, where: Conversation, link: ReferralLink, title: str, choices: list[tuple[str, str]]) -> None:
    """The link to what is named; `choices` are further drops as (code, title)."""
    ctx.outbox.say(
        where, "referral/my_link", mention=_mention(where, ctx), kind=link.target_kind, title=title,
        address=f"{ctx.shop.base_url}/r/{link.code}", choices=choices, has_poster=where.channel not in rules.NO_PICTURES,
    )


def poster(ctx: Context, where: Conversation, link: ReferralLink, title: str) -> None:
    """The poster as a picture, or its address where the channel shows none."""
    words = ctx.outbox.words.render(
        "referral/poster", where.language, {"title": title, "address": f"{ctx.shop.base_url}/r/{link.code}"}
    )
    picture = f"{ctx.shop.base_url}/r/{link.code}/poster.png"
    if where.channel in rules.NO_PICTURES:
        ctx.outbox.put(where, Text(f"{words}\n{picture}", _mention(where, ctx)))
    else:
        ctx.outbox.put(where, Picture(picture, words))


def sent_to_you(ctx: Context) -> None:
    ctx.outbox.say(ctx.here, "referral/sent_to_you", mention=ctx.event.member_id)


def stays_out(ctx: Context) -> None:
    ctx.outbox.say(ctx.here, "referral/stays_out", mention=_mention(ctx.here, ctx))


def no_such_drop(ctx: Context, code: str, choices: list[tuple[str, str]]) -> None:
    ctx.outbox.say(ctx.here, "referral/no_such_drop", mention=_mention(ctx.here, ctx), code=code, choices=choices)


def _mention(where: Conversation, ctx: Context) -> str | None:
    return ctx.event.member_id if where.group_id is not None else None
