"""How a gateway's ids become ours and back: wechaty:<room>, wechaty:<contact>, wechaty:p:<contact>."""

from __future__ import annotations

CHANNEL = "wechaty"
_PRIVATE = f"{CHANNEL}:p:"


def ours(their_id: str) -> str:
    """Our id of a room, a contact or a message."""
    return f"{CHANNEL}:{their_id}"


def private(contact_id: str) -> str:
    """The conversation alone with a contact."""
    return _PRIVATE + contact_id


def theirs(our_id: str) -> str:
    """The gateway's id of a conversation or a member of ours."""
    return our_id.removeprefix(_PRIVATE) if our_id.startswith(_PRIVATE) else our_id.removeprefix(f"{CHANNEL}:")
