"""Lets in whoever joins something on a page: the member of their token, or a new one by a nickname."""

from __future__ import annotations

from functools import partial

from bot.channels.cleaning import clean_name, sounds_like
from bot.channels.web.entrance import enter, name_of
from bot.channels.web.frames import Hello, Trouble
from bot.channels.web.lobby import Lobby
from bot.visitors import Admitted, NotAdmitted, Visitor
from storage import groups
from storage.groups import Group

MAX_TOKEN, MAX_NICKNAME = 400, 400  # as the frames of the socket allow


async def find_member(lobby: Lobby, token: str) -> Admitted | None:
    """The member a token was given to."""
    member_id = lobby.tokens.find(token) if 0 < len(token) <= MAX_TOKEN else None
    name = None if member_id is None else await lobby.look(partial(name_of, member_id=member_id))
    return None if member_id is None or name is None else Admitted(member_id, name, token)


async def admit(lobby: Lobby, group_id: str | None, visitor: Visitor) -> Admitted:
    """The visitor as a member, of a group where one is named; joined now if they were not. Raises NotAdmitted."""
    known = await find_member(lobby, visitor.token)
    try:
        if group_id is None:
            return known or _meet(lobby, visitor)
        group = await lobby.look(lambda session: groups.find(session, group_id))
        if group is None:
            raise NotAdmitted("unknown_group")
        return await _join(lobby, group, visitor, known)
    except Trouble as trouble:
        raise NotAdmitted(trouble.code, trouble.retry_after) from None


async def _join(lobby: Lobby, group: Group, visitor: Visitor, known: Admitted | None) -> Admitted:
    via = visitor.via or None
    if known is not None:
        hello = Hello(type="hello", token=known.token, via=via)
    else:
        hello = Hello(type="hello", nickname=visitor.nickname[:MAX_NICKNAME], client_id=visitor.secret, via=via)
    guest = await enter(lobby, group.code, hello, visitor.address, visitor.visitor_id)
    return Admitted(guest.id, guest.name, lobby.tokens.give(guest.id))


def _meet(lobby: Lobby, visitor: Visitor) -> Admitted:
    """A member of no group; kept by the event in which they do something."""
    name = clean_name(visitor.nickname)
    if not name:
        raise NotAdmitted("bad_nickname")
    if sounds_like(name, lobby.settings.bot_name):
        raise NotAdmitted("name_reserved")
    wait = lobby.joins.take(visitor.address)
    if wait:
        raise NotAdmitted("rate_limited", wait)
    member_id = lobby.tokens.new_member_id("", visitor.secret)
    return Admitted(member_id, name, lobby.tokens.give(member_id))

