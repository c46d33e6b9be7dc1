"""Says where a member's own page is."""

from __future__ import annotations

from bot.outbox import Conversation, Outbox


def page(outbox: Outbox, here: Conversation, address: str) -> None:
    outbox.say(here, "vigilance/page", address=address)


def page_in_private(outbox: Outbox, here: Conversation) -> None:
    outbox.say(here, "vigilance/page_in_private", mention=here.member_id)
