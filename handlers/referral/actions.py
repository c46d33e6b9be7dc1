"""Keeps visits, touches and joins, and gives members their links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.events import MemberJoined
from handlers.referral import rules
from storage import clicks, drops, groups, identities, products, referral_links, touches
from storage.base import AnyRow
from storage.referral_links import DROP, GROUP, PRODUCT, SHOP, ReferralLink


def keep_clicks(session: Session, told: Sequence[Sequence[Any]], now: datetime) -> tuple[int, int]:
    """Keep visits as bot.referring.ClicksCame tells them, and a touch for each visitor's; gives how many of both."""
    links = referral_links.find_meant(session, {one[0] for one in told})
    rows: list[clicks.Row] = []
    touched: list[touches.Row] = []
    for link_id, visitor_id, hour, at_ms, verdict, times, agent, digest in told:
        link = links.get(link_id)
        if link is None:
            continue
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        rows.append((link_id, visitor_id, hour, at, verdict, times, agent, digest))
        if verdict == clicks.COUNTED:
            cause = f"click:{link_id}:{hour}:{visitor_id}"
            touched.append((
                cause, touches.CLICK, visitor_id, "", link.member_id, link_id, link.group_id, link.drop_id, link.product_id,
                link.campaign_id, now,
            ))
    clicks.keep(session, rows)
    touches.keep(session, touched)
    return len(rows), len(touched)


def find_live(session: Session, code: str | None, now: datetime) -> ReferralLink | None:
    """The link of a code that is followed now; None for any other text."""
    link = referral_links.find_by_code(session, code) if code is not None and rules.is_code(code) else None
    return link if link is not None and link.state(now) == referral_links.ON else None


def join(session: Session, fact: MemberJoined, now: datetime) -> str:
    """Keep who brought a member into a group; gives what became of it in a word or two."""
    group_id, member_id = fact.group_id or "", fact.member_id or ""
    link = find_live(session, fact.via, now)
    referrer_id = link.member_id if link is not None else fact.inviter_id or ""
    if not referrer_id or referrer_id == member_id:
        return ""
    if not _is_first_time(session, group_id, member_id, now):
        return "was here before"
    is_new = touches.add(
        session, touches.join_cause(group_id, member_id), touches.JOIN, referrer_id, now, member_id=member_id,
        visitor_id=fact.visitor, group_id=group_id, link_id=link.id if link is not None else "",
        campaign_id=link.campaign_id if link is not None else "",
    )
    return "by a link" if is_new and link is not None else "by an invitation" if is_new else "known"


def _is_first_time(session: Session, group_id: str, member_id: str, now: datetime) -> bool:
    """Neither this member nor any other of the same person was in the group before."""
    own = [(row.joined_at, row.left_at) for row in groups.find_memberships_of(session, member_id) if row.group_id == group_id]
    if not rules.is_new_join(own, now):
        return False
    others = [one for one in identities.everyone_of(session, member_id).member_ids if one != member_id]
    return not any(
        row.group_id == group_id for other in others for row in groups.find_memberships_of(session, other)
    )


def leave(session: Session, group_id: str, member_id: str, now: datetime) -> bool:
    """Who leaves soon was not brought: their join counts no more. True when that was so."""
    touch = touches.find_join(session, group_id, member_id)
    if touch is None or touch.void_at is not None or not rules.is_left_too_soon(touch.at, now):
        return False
    return touches.void(session, touch.id, touches.LEFT_SOON, now)


def take_part(
    session: Session, member_id: str, visitor_id: str, code: str, drop_id: str, now: datetime
) -> bool:
    """A visitor who came by a link takes part in a drop as a member; True when that is a touch."""
    link = find_live(session, code, now)
    if link is None or link.member_id == member_id:
        return False
    cause = f"page:{link.id}:{drop_id}:{member_id}"[:200]
    about = referral_links.meant(link.member_id, link.target_kind, link.target_id, link.group_id, link.campaign_id)
    return touches.add(
        session, cause, touches.PAGE, link.member_id, now, member_id=member_id, visitor_id=visitor_id, link_id=link.id,
        group_id=about.group_id, drop_id=drop_id, product_id=about.product_id, campaign_id=about.campaign_id,
    )


def ensure_link(
    session: Session, member_id: str, kind: str, target_id: str, now: datetime, group_id: str = ""
) -> ReferralLink | None:
    """The member's own link to something that is there; None for what is not."""
    is_there = {
        GROUP: lambda: groups.find(session, target_id) is not None,
        DROP: lambda: drops.find(session, target_id) is not None,
        PRODUCT: lambda: products.find(session, target_id) is not None, SHOP: lambda: not target_id,
    }
    if kind not in is_there or not is_there[kind]():
        return None
    return referral_links.ensure(session, member_id, kind, target_id, now, group_id=group_id)


def choose_target(session: Session, group_id: str | None, member_id: str, code: str) -> tuple[str, str, list[AnyRow]]:
    """What a member's link should lead to, as (kind, id), and the open drops there are to choose from: the drop named, the
    only one that is open, else the group, else the shop; nothing when no open drop has the code."""
    if group_id is None:
        here = [row.group_id for row in groups.find_memberships_of(session, member_id) if row.left_at is None]
        group_id = here[0] if len(here) == 1 else None
    open_now = list(drops.find_open(session, group_id))
    named = [one for one in open_now if one.code == code] if code else []
    if code and not named:
        return "", "", open_now
    if named or len(open_now) == 1:
        return DROP, (named or open_now)[0].id, open_now
    return (GROUP, group_id, open_now) if group_id is not None else (SHOP, "", open_now)
