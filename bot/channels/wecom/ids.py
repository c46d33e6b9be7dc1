"""How WeCom's ids become ours, and back."""

from __future__ import annotations

import re

CHANNEL = "wecom"
KF = f"{CHANNEL}:kf:"
_ID = re.compile(r"[A-Za-z0-9_@.\-]{1,64}")


def is_id(value: object) -> bool:
    """Could this be an id of WeCom's: what comes from outside is checked before it becomes part of a key."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def group_id(chat_id: str) -> str:
    return f"{CHANNEL}:{chat_id}"


def member_id(user_id: str) -> str:
    return f"{CHANNEL}:{user_id}"


def plain(own_id: str) -> str:
    """WeCom's own id of one of our groups or members."""
    return own_id.removeprefix(f"{CHANNEL}:")


def kf_conversation(open_kfid: str, external_userid: str) -> str:
    return f"{KF}{open_kfid}:{external_userid}"


def kf_parts(conversation: str) -> tuple[str, str] | None:
    """(open_kfid, external_userid) of a 微信客服 conversation; None for any other."""
    open_kfid, separator, external_userid = conversation.removeprefix(KF).partition(":")
    return (open_kfid, external_userid) if conversation.startswith(KF) and separator else None
