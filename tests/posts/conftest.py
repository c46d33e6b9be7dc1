"""What scenes about posts share: writing posts and plans as an operator does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.routing import Router
from handlers import FEATURES
from handlers.posts import actions
from handlers.posts.drafts import Editor, PlanDraft, PostDraft
from storage import groups, occurrences
from storage.occurrences import Occurrence
from storage.plans import CRON, ONCE, Plan
from tests.stage import Stage

VALUES = Router(FEATURES).values
MANAGER, ADMIN = Editor("阿明"), Editor("老板", is_admin=True)
ZONE = "Asia/Shanghai"


class Planner:
    """An operator at the desk of a stage, which has the groups «stage:g», «stage:h»."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.add_groups("g", "h")

    def add_groups(self, *codes: str) -> None:
        with self.stage.database.write() as session:
            groups.insert_once(session, [
                {
                    "id": f"stage:{code}", "channel": "stage", "code": f"code-{code}", "name": f"{code}群", "topic": "",
                    "language": "zh", "speaks": "confident", "is_welcoming": False, "created_at": self.stage.time,
                }
                for code in codes
            ])  # fmt: skip

    def post(
        self, text: str = "大家好", kind: str = "talk", *, editor: Editor = MANAGER, parts: Sequence[Mapping[str, Any]] = (),
        post_id: int | None = None, product_id: str | None = None, title: str = "一条",
    ) -> int:
        draft = PostDraft(title, kind, parts or [{"kind": "text", "text": text}], product_id=product_id)
        with self.stage.database.write() as session:
            return actions.save_post(session, draft, editor, VALUES, self.stage.time, post_id)[0].id

    def plan(
        self, post_id: int, when: str = "", *, minutes: float = 10, editor: Editor = MANAGER, plan_id: int | None = None,
        groups: Sequence[str] = ("g",), **more: Any,
    ) -> int:
        """Without `when`, once in so many minutes; with it, again and again."""
        local = (self.stage.time + timedelta(minutes=minutes, hours=8)).replace(tzinfo=None)
        audience = {"groups": [f"stage:{code}" for code in groups]}
        given = {
            "name": "计划", "post_id": post_id, "when_kind": CRON if when else ONCE, "when": when or local.isoformat(),
            "time_zone": ZONE, "audience": audience,
        } | more
        with self.stage.database.write() as session:
            return actions.save_plan(session, PlanDraft(**given), editor, self.stage.time, plan_id).id

    def do(self, act: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """An action of the desk, in a transaction."""
        with self.stage.database.write() as session:
            return act(session, *given, **more)

    def rows(self, plan_id: int | None = None) -> list[Occurrence]:
        with self.stage.database.read() as session:
            query = session.query(Occurrence).order_by(Occurrence.planned_at, Occurrence.id)
            return [row for row in query if plan_id in (None, row.plan_id)]

    def states(self, plan_id: int | None = None) -> list[tuple[str, str | None]]:
        return [(row.state, row.reason) for row in self.rows(plan_id)]

    def get_plan(self, plan_id: int) -> Plan:
        with self.stage.database.read() as session:
            return session.get_one(Plan, plan_id)

    def at(self, hour: int, minute: int = 0, day: int = 2) -> None:
        """Move the clock to this time in Shanghai, in March 2026."""
        self.stage.time = datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.fixture
def planner(stage: Stage) -> Planner:
    made = Planner(stage)
    made.at(10)
    return made


__all__ = ["ADMIN", "MANAGER", "VALUES", "ZONE", "Planner", "occurrences"]
