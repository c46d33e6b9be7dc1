"""Lets members in: who they are, by token or by a new nickname, and that they joined."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from bot.channels.cleaning import MAX_NAME, clean_name, distinct, sounds_like
from bot.channels.web.audience import Audience
from bot.channels.web.frames import Hello, Trouble
from bot.channels.web.lobby import Lobby
from bot.channels.web.shown import PRIVATE
from bot.channels.web.tokens import CHANNEL
from bot.events import MemberJoined
from storage import groups, members, referral_links
from storage.groups import Group

MAX_NAMES = 10_000


@dataclass(slots=True)
class Guest:
    """A member in one group, as this socket knows them."""

    id: str
    name: str
    group: Group

    @property
    def private(self) -> str:
        """The member's own conversation with us."""
        return PRIVATE + self.id.removeprefix(f"{CHANNEL}:")


async def enter(lobby: Lobby, code: str, hello: Hello, address: str, visitor_id: str = "") -> Guest:
    """The member who says hello, joined to the group; `visitor_id` is what their browser is known by. Raises Trouble."""
    group = await lobby.look(lambda session: groups.find_by_code(session, CHANNEL, code))
    if group is None or group.closed_at is not None:
        raise Trouble("unknown_group", "there is no such group", close=4404)
    audience = lobby.audience(group.id)
    async with audience.door:
        await _learn_names(lobby, audience)
        if hello.token is not None:
            return await _come_back(lobby, audience, group, hello, hello.token, visitor_id)
        return await _come_in(lobby, audience, group, hello, address, visitor_id)


async def _come_back(
    lobby: Lobby, audience: Audience, group: Group, hello: Hello, token: str, visitor_id: str
) -> Guest:
    member_id = lobby.tokens.find(token)
    name = None if member_id is None else await lobby.look(partial(name_of, member_id=member_id))
    if member_id is None or name is None:
        raise Trouble("bad_token", "the token is not valid; say hello with a nickname")
    if not await _is_present(lobby, group, member_id):
        taken = await lobby.look(partial(_names_around, member_id=member_id))
        taken |= {other for key, other in audience.names.items() if key != member_id}
        name = distinct(name, taken)
        await _join(lobby, group, hello, member_id, name, visitor_id)
    return Guest(member_id, name, group)


async def _come_in(
    lobby: Lobby, audience: Audience, group: Group, hello: Hello, address: str, visitor_id: str
) -> Guest:
    name = clean_name(hello.nickname or "")
    if not name:
        raise Trouble("bad_nickname", f"a nickname has 1 to {MAX_NAME} visible characters")
    if sounds_like(name, lobby.settings.bot_name):
        raise Trouble("name_reserved", "this nickname is the operator's")
    member_id = lobby.tokens.new_member_id(group.id, hello.client_id)
    known = None if hello.client_id is None else await lobby.look(partial(name_of, member_id=member_id))
    if known is not None and await _is_present(lobby, group, member_id):
        return Guest(member_id, known, group)
    wait = lobby.joins.take(address)
    if wait:
        raise Trouble("rate_limited", "too many new members from one address", retry_after=wait)
    name = distinct(name, audience.names.values())
    await _join(lobby, group, hello, member_id, name, visitor_id)
    return Guest(member_id, name, group)


async def _join(lobby: Lobby, group: Group, hello: Hello, member_id: str, name: str, visitor_id: str) -> None:
    by_link = hello.via and await lobby.look(partial(_owner_of_link, hello.via, lobby.now()))
    inviter = by_link or hello.invited_by
    if inviter is not None:
        is_known = bool(by_link) or await lobby.look(partial(_knows_group, group.id, inviter))
        inviter = inviter if is_known and inviter != member_id else None
    joined = MemberJoined(
        key=f"{member_id}:{group.id}:joined:{secrets.token_hex(6)}", lane=group.id, occurred_at=lobby.now(),
        channel=CHANNEL, conversation=group.id, group_id=group.id, member_id=member_id, member_name=name,
        inviter_id=inviter, via=(hello.via if by_link else "link") if inviter else None, visitor=visitor_id,
    )
    await lobby.keep(joined)
    lobby.rename(member_id, name)
    lobby.audience(group.id).names[member_id] = name


async def _is_present(lobby: Lobby, group: Group, member_id: str) -> bool:
    membership = await lobby.look(
        partial(groups.find_membership, group_id=group.id, member_id=member_id)
    )
    return membership is not None


async def _learn_names(lobby: Lobby, audience: Audience) -> None:
    """Read once who is in the group; later changes come as events."""
    if not audience.is_known:
        rows = await lobby.look(lambda session: groups.find_members(session, audience.conversation, MAX_NAMES))
        audience.names = {row.member_id: row.name for row in rows} | audience.names
        audience.is_known = True


def name_of(session: Session, member_id: str) -> str | None:
    """The name of a member of this channel."""
    member = members.find(session, member_id)
    return None if member is None or member.channel != CHANNEL else member.name


def _knows_group(group_id: str, member_id: str, session: Session) -> bool:
    """Is somebody a member of the group, or were they once?"""
    return any(row.group_id == group_id for row in groups.find_memberships_of(session, member_id))


def _owner_of_link(code: str, now: datetime, session: Session) -> str | None:
    """Whose referral link has this code; None when it is no longer followed."""
    link = referral_links.find_by_code(session, code)
    return link.member_id if link is not None and link.state(now) == referral_links.ON else None


def _names_around(session: Session, member_id: str) -> set[str]:
    """Names taken in the groups a member is in already: a member has one name in all of them."""
    rows = groups.find_memberships_of(session, member_id)
    return {
        other.name for row in rows if row.left_at is None
        for other in groups.find_members(session, row.group_id, MAX_NAMES) if other.member_id != member_id
    }
