"""Does the job AnswerWanted: passages from live rows, personal data masked, within budget and time, or kept from before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.assistant import MOST_WRITTEN, Assistant, NoAnswer
from bot.context import Shop
from bot.events import ModelAnswered
from bot.jobs import AnswerWanted
from bot.ordering import Ordering
from content import masking, prompt, sources
from content.prompt import BadReply, Reply
from content.sources import Source
from storage import groups, members, model
from storage.database import Database
from storage.model import EVERYWHERE, BudgetSpent, Limit

PRIVATE = "private"  # all private chats share one budget: members are free to make, groups are not
KEPT_FOR = timedelta(days=30)
OVERHEAD = 64  # tokens around messages
MOST_AT_ONCE = 32  # questions; a flood goes to people rather than into a queue
MOST_NAMES = 2_000  # members of a group whose names are looked for


@dataclass(frozen=True, slots=True)
class Budget:
    """What a day and a group may cost, and what a million tokens cost, in fen."""

    daily: Limit
    group: Limit
    input_fen: int = 0
    output_fen: int = 0

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """In millionths of a fen."""
        return tokens_in * self.input_fen + tokens_out * self.output_fen


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question ready to leave, or the answer kept from before."""

    question: str
    sources: list[Source]
    key: str
    kept: Reply | None


class Asking:
    """Answers jobs by the model. `seconds`: from the member's question to giving up."""

    def __init__(
        self, database: Database, shop: Shop, assistant: Assistant | None, budget: Budget,
        now: Callable[[], datetime], *, seconds: float = 8.0, zone: str = "Asia/Shanghai",
    ) -> None:
        self.database, self.shop, self.assistant, self.budget, self.now = database, shop, assistant, budget, now
        self.seconds, self.zone = seconds, ZoneInfo(zone)
        self.ordering = Ordering(database)
        self._under_way = 0

    async def answer(self, job: AnswerWanted) -> ModelAnswered:
        """The event that answers a job; whatever goes wrong is its verdict."""
        self._under_way += 1
        try:
            if self._under_way > MOST_AT_ONCE:
                raise NoAnswer("too many questions at once")
            return await self._answer(job)
        except NoAnswer as error:
            return self._event(job, verdict=str(error))
        except BudgetSpent as error:
            place = "the day" if str(error) == EVERYWHERE else "this group"
            return self._event(job, verdict=f"the budget of {place} is spent")
        finally:
            self._under_way -= 1

    async def _answer(self, job: AnswerWanted) -> ModelAnswered:
        if self.assistant is None:
            raise NoAnswer("no model is set")
        begun = asyncio.get_running_loop().time()
        seconds = self.seconds - (self.now() - datetime.fromisoformat(job.asked_at)).total_seconds()
        question, found = await asyncio.to_thread(self._read, job)
        if not found:
            raise NoAnswer("nothing to choose from")
        left = seconds - (asyncio.get_running_loop().time() - begun)
        found = await self._ordered(job, question, found, left)
        prepared = await asyncio.to_thread(self._look_up, question, found)
        if prepared.kept is not None:
            return self._event(job, prepared.kept, is_kept=True)
        left = seconds - (asyncio.get_running_loop().time() - begun)
        return await self._ask(job, self.assistant, prepared, left)

    def _read(self, job: AnswerWanted) -> tuple[str, list[Source]]:
        """The question without personal data, and the passages' words of this moment."""
        values = {"shop": self.shop.name, "bot_name": self.shop.bot_name}
        with self.database.read() as session:
            found = sources.find_all(session, job.passages, values)
            names = {job.member_name or ""}
            if job.group_id is not None:
                names |= {row.name for row in groups.find_members(session, job.group_id, MOST_NAMES)}
            elif job.member_id is not None:
                names |= set(members.find_names(session, [job.member_id]).values())
        # A member may call themselves «草莓»: what the passages say is no secret.
        said = " ".join(f"{one.title} {one.text} {' '.join(one.names)}" for one in found)
        return masking.masked(job.question, [name for name in names if name and name not in said]), found

    async def _ordered(
        self, job: AnswerWanted, question: str, found: list[Source], seconds: float
    ) -> list[Source]:
        """The passages to offer: the first ones, or, with an embedding model, the nearest ones."""
        assistant = self.assistant
        if assistant is None or not assistant.access.embeddings_name or len(found) <= prompt.OFFERED:
            return found[: prompt.OFFERED]
        place = _place(job)
        wanted = await asyncio.to_thread(self.ordering.missing, assistant.access.embeddings_name, question, found)
        most = sum(len(text.encode()) for text in wanted.values()) + OVERHEAD
        try:
            day = await self._reserve(place, most, self.budget.cost(most, 0))
            vectors, used = await assistant.embed(list(wanted.values()), seconds=min(2.0, seconds / 3), now=self.now())
        except (NoAnswer, BudgetSpent):
            return found[: prompt.OFFERED]  # the embedded retriever's own order is good enough
        if used is not None:
            await self._settle(day, place, used - most, self.budget.cost(used, 0) - self.budget.cost(most, 0))
        known = dict(zip(wanted, vectors, strict=True))
        ordered = await asyncio.to_thread(
            self.ordering.ordered, assistant.access.embeddings_name, question, found, known, self.now()
        )
        return ordered[: prompt.OFFERED]

    def _look_up(self, question: str, found: list[Source]) -> Prepared:
        name = self.assistant.access.name if self.assistant else ""
        key = prompt.key(question, found, name)
        with self.database.read() as session:
            kept = model.find_answer(session, key, self.now() - KEPT_FOR)
        return Prepared(question, found, key, None if kept is None else Reply.model_validate_json(kept))

    async def _ask(self, job: AnswerWanted, assistant: Assistant, prepared: Prepared, seconds: float) -> ModelAnswered:
        messages = prompt.messages(prepared.question, prepared.sources)
        # A token is at least one byte in every tokenizer we know of, so this is the most it can be.
        most_in = sum(len(one["content"].encode()) for one in messages) + OVERHEAD
        most = most_in + MOST_WRITTEN
        most_cost = self.budget.cost(most_in, MOST_WRITTEN)
        place = _place(job)
        day = await self._reserve(place, most, most_cost)
        try:
            written = await assistant.ask(messages, seconds=seconds, now=self.now())
        except NoAnswer as error:
            if not error.is_charged:
                await self._settle(day, place, -most, -most_cost)
            raise
        tokens_in = most_in if written.tokens_in is None else written.tokens_in
        tokens_out = MOST_WRITTEN if written.tokens_out is None else written.tokens_out
        cost = self.budget.cost(tokens_in, tokens_out)
        await self._settle(day, place, tokens_in + tokens_out - most, cost - most_cost)
        try:
            reply = prompt.read(written.text, [one.id for one in prepared.sources])
        except BadReply as error:
            return self._event(job, verdict=str(error), tokens=(tokens_in, tokens_out))
        await asyncio.to_thread(self._keep, prepared.key, reply)
        return self._event(job, reply, tokens=(tokens_in, tokens_out))

    def _keep(self, key: str, reply: Reply) -> None:
        now = self.now()
        with self.database.write() as session:
            model.keep_answer(session, key, reply.model_dump_json(), now, now - KEPT_FOR)

    async def _reserve(self, place: str, tokens: int, cost: int) -> str:
        """Count the most a call can take before it is made; gives the day it counts for. Raises BudgetSpent."""
        day = self.now().astimezone(self.zone).date().isoformat()
        limits: Mapping[str, Limit] = {EVERYWHERE: self.budget.daily, place: self.budget.group}

        def count() -> None:
            with self.database.write() as session:
                model.reserve(session, day, limits, tokens, cost)

        await asyncio.to_thread(count)
        return day

    async def _settle(self, day: str, place: str, tokens: int, cost: int) -> None:
        def correct() -> None:
            with self.database.write() as session:
                model.settle(session, day, (EVERYWHERE, place), tokens, cost)

        await asyncio.to_thread(correct)

    def _event(
        self, job: AnswerWanted, reply: Reply | None = None, *, verdict: str = "", tokens: Sequence[int] = (0, 0),
        is_kept: bool = False,
    ) -> ModelAnswered:
        return ModelAnswered(
            key=f"model:{job.asked_id}", lane=job.lane, occurred_at=self.now(), channel=job.channel,
            conversation=job.conversation, group_id=job.group_id, member_id=job.member_id,
            member_name=job.member_name, text=job.question, asked_id=job.asked_id, asked_at=job.asked_at,
            asked_key=job.asked_key, is_addressed=job.is_addressed,
            verdict=verdict or ("chosen" if reply is not None and reply.cited else "none"),
            cited=tuple(reply.cited) if reply else (), aspect=reply.aspect if reply else "",
            answer=reply.answer.strip() if reply else "", tokens_in=tokens[0], tokens_out=tokens[1], is_kept=is_kept,
            model=self.assistant.access.name if self.assistant else "",
        )


def _place(job: AnswerWanted) -> str:
    return job.group_id or PRIVATE
