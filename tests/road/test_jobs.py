"""Slow work: asked for in a transaction, done outside, answered by an event, tried again, never twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.context import Context
from bot.events import Event, MessageReceived, QuestionUnanswered
from bot.jobs import Job
from bot.routing import Routes
from bot.worker import Worker
from storage import jobs
from tests.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum(Job):
    first: int
    second: int


def asking() -> Routes:
    routes = Routes("asking")

    @routes.message(lambda message: message.text if message.text == "算" else None)
    def ask(ctx: Context, request: str) -> None:
        ctx.ask(Sum(key="sum:1", first=2, second=3))

    @routes.fact(QuestionUnanswered)
    def answered(ctx: Context, fact: QuestionUnanswered) -> None:
        ctx.decide("done", fact.text)

    return routes


def do(stage: Stage, work: Callable[[Sum], object]) -> None:
    async def run() -> None:
        async def done(job: Sum) -> Event | None:
            result = work(job)
            return QuestionUnanswered(
                key=f"answer:{job.key}", lane="stage:g", occurred_at=stage.time, channel="stage",
                conversation="stage:g", group_id="stage:g", text=str(result),
            )

        worker = Worker(stage.database, stage.dispatcher, {Sum: done}, lambda: stage.time)
        while await worker.do_due():
            continue

    asyncio.run(run())


def all_jobs(stage: Stage) -> list[jobs.Job]:
    with stage.database.read() as session:
        return session.query(jobs.Job).order_by(jobs.Job.id).all()


def test_a_job_is_done_once_and_its_answer_is_an_event(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(asking(),))
    stage.hear(stage.message("小王", "算"), stage.message("小王", "算"))
    do(stage, lambda job: job.first + job.second)
    do(stage, lambda job: job.first + job.second)
    assert [row.reason for row in stage.log() if row.kind == "QuestionUnanswered"] == ["5"]
    assert [job.state for job in all_jobs(stage)] == ["done"]


def test_a_job_that_fails_is_put_off_and_at_last_rests(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(asking(),))
    stage.hear(stage.message("小王", "算"))
    for _ in range(6):
        do(stage, lambda job: job.first // 0)
        stage.time += timedelta(seconds=700)
    job = all_jobs(stage)[0]
    assert (job.state, job.tries) == ("resting", 5)
    assert "ZeroDivisionError" in (job.error or "")
    with stage.database.write() as session:
        assert jobs.wake(session, job.id, stage.time)
    do(stage, lambda job: job.first * job.second)
    assert all_jobs(stage)[0].state == "done"


def test_a_job_whose_worker_died_is_done_by_the_next(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(asking(),))
    stage.hear(stage.message("小王", "算"))
    with stage.database.write() as session:
        assert len(jobs.lease_due(session, stage.time, stage.time + timedelta(seconds=120))) == 1
    do(stage, lambda job: job.first)
    assert all_jobs(stage)[0].state == "leased"
    stage.time += timedelta(seconds=121)
    do(stage, lambda job: job.first)
    assert all_jobs(stage)[0].state == "done"


def test_an_event_put_off_comes_back_when_due_and_once(make_stage: Callable[..., Stage]) -> None:
    later = Routes("later")

    @later.message(lambda message: message.text if message.text == "等" else None)
    def wait(ctx: Context, request: str) -> None:
        event = ctx.event
        assert isinstance(event, MessageReceived)
        ctx.later(
            QuestionUnanswered(
                key="later:1", lane=event.lane, occurred_at=ctx.now, channel=event.channel,
                conversation=event.conversation, group_id=event.group_id, asked_id=ctx.inbox_id,
            ),
            seconds=30,
        )

    stage = make_stage(features=(later,))
    stage.hear(stage.message("小王", "等"), stage.message("小王", "等"))
    stage.pass_time(29)
    assert [row.kind for row in stage.log()] == ["MessageReceived"] * 2
    stage.pass_time(2)
    stage.pass_time(60)
    assert [row.kind for row in stage.log()] == ["MessageReceived"] * 2 + ["QuestionUnanswered"]


def test_jobs_done_long_ago_are_forgotten_and_others_stay(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(asking(),))
    stage.hear(stage.message("小王", "算"))
    with stage.database.write() as session:
        jobs.forget_done(session, stage.time + timedelta(days=1))
    assert [job.state for job in all_jobs(stage)] == ["queued"]
    do(stage, lambda job: job.first)
    with stage.database.write() as session:
        jobs.forget_done(session, stage.time + timedelta(days=1))
    assert all_jobs(stage) == []
