"""Says a poll, how it goes, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.outbox import NOTICE, Button, Card, Conversation, Outbox
from content.polls import Poll as Asked
from storage.polls import Poll


def asked(outbox: Outbox, here: Conversation, poll_id: int, poll: Asked) -> None:
    """A card whose buttons say the numbers."""
    text = outbox.words.render("polls/asked", here.language, {"lines": poll.lines, "hours": poll.hours})
    buttons = tuple(Button(f"{number}. {choice}", say=str(number)) for number, choice in enumerate(poll.choices, 1))
    outbox.put(here, Card(poll.question, text, buttons=buttons), key=f"poll:{poll_id}:asked", priority=NOTICE)


def progress(outbox: Outbox, here: Conversation, poll: Poll, counts: Sequence[int]) -> None:
    outbox.say(here, "polls/progress", priority=NOTICE, question=poll.question, rows=_rows(poll, counts), total=sum(counts))


def result(outbox: Outbox, here: Conversation, poll: Poll, counts: Sequence[int], due_at: datetime | None) -> None:
    """Once for ever, perhaps later."""
    most = max(counts)
    rows = _rows(poll, counts)
    outbox.say(
        here, "polls/result", key=f"poll:{poll.id}:result", due_at=due_at, priority=NOTICE, question=poll.question, rows=rows,
        total=sum(counts), first=[row for row in rows if row["count"] == most and most],
        right=rows[poll.right - 1] if poll.right else None,
    )


def _rows(poll: Poll, counts: Sequence[int]) -> list[dict[str, object]]:
    total = sum(counts)
    return [
        {"number": number, "choice": choice, "count": count, "percent": round(100 * count / total) if total else 0}
        for number, (choice, count) in enumerate(zip(poll.choice_list, counts, strict=True), 1)
    ]
