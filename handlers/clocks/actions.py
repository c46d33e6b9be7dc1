"""Starts and stops clocks, and finds out whether somebody answered meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.hours import Hours
from handlers.clocks import rules
from handlers.clocks.rules import OnDuty
from storage import clocks, handovers, inbox, operators, outbox, promises
from storage.clocks import COMPLAINT_RESPONSE, LATE, RESPONSES, Clock
from storage.handovers import COMPLAINT, Handover

BOT, CLOSED, STAFF = "bot", "closed", "staff"


def start_for_handover(
    session: Session, handover: Handover, asked_id: int, started_at: datetime, hours: Hours
) -> None:
    """The clocks of a handover that was just opened, or that turned out to be a complaint."""
    for kind in rules.OF_A_COMPLAINT if handover.reason == COMPLAINT else rules.OF_A_HANDOVER:
        start(session, kind, handover, asked_id, started_at, hours)


def start(
    session: Session, kind: str, handover: Handover, asked_id: int, started_at: datetime, hours: Hours
) -> int | None:
    return clocks.start_once(
        session, kind=kind, channel=handover.channel, conversation=handover.conversation,
        group_id=handover.group_id, member_id=handover.member_id, handover_id=handover.id, asked_id=asked_id,
        started_at=started_at, stages=rules.plan(promises.find_all(session)[kind], started_at, hours),
    )


def start_again(session: Session, handover: Handover, now: datetime, hours: Hours) -> None:
    """A closed handover was opened again: it is to be closed in the same time as a new one."""
    kinds = rules.OF_A_COMPLAINT if handover.reason == COMPLAINT else rules.OF_A_HANDOVER
    start(session, kinds[-1], handover, handover.cause_id or 0, now, hours)


def find_answered(session: Session, clock: Clock, staff: Collection[str]) -> tuple[str, datetime] | None:
    """Who answered since the question, and when: the bot (which does not settle a complaint), an operator from the
    console, or staff in the group. A clock that waits for an end is answered by a closed handover."""
    if clock.kind not in RESPONSES:
        handover = None if clock.handover_id is None else handovers.get(session, clock.handover_id)
        return (CLOSED, handover.closed_at) if handover is not None and handover.closed_at is not None else None
    found = []
    if clock.kind != COMPLAINT_RESPONSE:
        answered_at = inbox.find_answered_at(session, clock.conversation, clock.member_id, clock.asked_id)
        found.append((BOT, answered_at))
        found.append((STAFF, outbox.find_operator_spoke_at(session, clock.conversation, clock.asked_id)))
    found.append((STAFF, inbox.find_spoke_at(session, clock.conversation, staff, clock.asked_id)))
    answered = [(who, at) for who, at in found if at is not None]
    return min(answered, key=lambda one: one[1]) if answered else None


def tell(session: Session, clock: Clock, stage: str, now: datetime) -> Sequence[int]:
    """Alert whom this stage concerns; gives the operators."""
    holder = None if clock.handover_id is None else handovers.get(session, clock.handover_id).operator_id
    on_duty = [one.id for one in operators.find_on_duty(session)]
    if stage == LATE:
        admins = operators.find_admin_ids(session) if clock.kind in rules.COMPLAINTS else ()
        told = rules.whom_to_tell_of_lateness(clock.kind, holder, on_duty, admins)
    elif holder is not None or len(on_duty) < 2:
        told = rules.whom_to_warn(holder, [OnDuty(one, 0, None) for one in on_duty])
    else:
        in_hand, alerted = handovers.count_taken(session), clocks.find_last_alerted(session, on_duty)
        told = rules.whom_to_warn(None, [OnDuty(one, in_hand.get(one, 0), alerted.get(one)) for one in on_duty])
    clocks.alert_once(session, clock.id, stage, told, now)
    return told
