"""Says what we can do, when somebody asks for the menu or help."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.context import Context
from bot.events import MessageReceived
from bot.outbox import Button, Card, Conversation, Outbox
from bot.routing import Routes
from content.render import Words

ASKED = re.compile(
    r"(?:@\S+\s*)?[/#＃]?(?:菜单|帮助|功能|使用说明|你能做什么|你会什么|你能干什么|menu|help)[?？!！。~～]*", re.IGNORECASE
)
LONGEST = 24

routes = Routes("menu")


@dataclass(frozen=True, slots=True)
class MenuRequest:
    """Somebody wants to know what we can do."""


def parse_menu(message: MessageReceived) -> MenuRequest | None:
    text = message.text
    if not text or len(text) > LONGEST or not ASKED.fullmatch(text.strip()):
        return None
    return MenuRequest()


@routes.message(parse_menu, writes=False)
def menu(ctx: Context, request: MenuRequest) -> None:
    if ctx.event.group_id is not None and ctx.is_late():
        ctx.decide("silent", "too old")
        return
    menu_shown(ctx.outbox, ctx.here, ctx.shop.name, ctx.shop.bot_name)
    ctx.decide("answered", "menu", 1.0)


def menu_shown(outbox: Outbox, here: Conversation, shop: str, bot_name: str) -> None:
    """A card: what we can do, with a button for each that says it."""
    outbox.put(here, card(outbox.words, here.language, shop, bot_name))


def card(words: Words, language: str, shop: str, bot_name: str) -> Card:
    """The template's first line is the title; lines «label | words» become buttons that say the words."""
    title, *lines = words.render("menu/menu", language, {"shop": shop, "bot_name": bot_name}).splitlines()
    buttons = tuple(
        Button(label.strip(), say=say.strip()) for line in lines if "|" in line for label, say in [line.split("|", 1)]
    )
    return Card(title, "\n".join(line for line in lines if "|" not in line and line.strip()), buttons=buttons)
