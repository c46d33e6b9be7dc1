"""The language model: the only import of openai, loaded when it is first needed; asked in jobs, never in a transaction."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from bot.breaker import Breaker

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Result = TypeVar("Result")

MOST_WRITTEN = 400  # tokens of a reply
LONGEST_REPLY = 4_000  # characters we go on reading


class NoAnswer(Exception):
    """The model gave no answer; says why. `is_charged`: it may have cost what a call can cost at most."""

    def __init__(self, why: str, is_charged: bool = False) -> None:
        super().__init__(why)
        self.is_charged = is_charged


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote, and the tokens it says it took; None where it does not say."""

    text: str
    tokens_in: int | None
    tokens_out: int | None


@dataclass(frozen=True, slots=True)
class Access:
    """Where the model is and how it likes to be spoken to."""

    base_url: str
    key: str = field(repr=False)
    name: str = ""
    embeddings_name: str = ""
    is_streaming: bool = True
    has_json_mode: bool = True


class Assistant:
    """Asks the model once, within seconds. Raises NoAnswer for whatever goes wrong on the way."""

    def __init__(self, access: Access, breaker: Breaker | None = None) -> None:
        self.access = access
        self.breaker = breaker or Breaker()
        self._client: AsyncOpenAI | None = None
        self._library: Any = None

    async def start(self) -> None:
        """Load the library in a thread: it takes a second that no question should wait for."""
        if self._library is None:
            self._library = await asyncio.to_thread(importlib.import_module, "openai")
        if self._client is None:
            self._client = self._library.AsyncOpenAI(
                api_key=self.access.key, base_url=self.access.base_url or None, max_retries=0
            )

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def ask(self, messages: Sequence[dict[str, str]], *, seconds: float, now: datetime) -> Written:
        """The reply to these messages."""
        return await self._try(self._complete(messages), seconds, now)

    async def embed(self, texts: Sequence[str], *, seconds: float, now: datetime) -> tuple[list[list[float]], int | None]:
        """A vector for each text, and the tokens it took."""
        return await self._try(self._embed(texts), seconds, now)

    async def _try(self, work: Coroutine[Any, Any, Result], seconds: float, now: datetime) -> Result:
        """Do it within the time, and tell the breaker how it went."""
        if seconds <= 0 or not self.breaker.lets_pass(now):
            work.close()
            raise NoAnswer("out of time" if seconds <= 0 else "resting after failures")
        try:
            async with asyncio.timeout(seconds):
                found = await work
        except asyncio.CancelledError:
            self.breaker.released()
            raise
        except TimeoutError:
            self.breaker.failed(now)
            raise NoAnswer("timed out", is_charged=True) from None
        except Exception as error:
            raise self._judged(error, now) from error
        self.breaker.succeeded()
        return found

    def _judged(self, error: Exception, now: datetime) -> NoAnswer:
        """What a failure means: for the breaker, for the bill, and in words."""
        library = self._library
        status = getattr(error, "status_code", None)
        if isinstance(error, NoAnswer):
            self.breaker.failed(now)
            return error
        if library is not None and isinstance(error, library.APIStatusError) and status is not None:
            wait = _seconds_to_wait(error.response.headers.get("retry-after")) if status in (429, 503) else None
            self.breaker.failed(now, is_final=status in (401, 403, 404), wait=wait)
            return NoAnswer(f"status {status}")
        self.breaker.failed(now)
        return NoAnswer(f"broken off: {type(error).__name__}", is_charged=True)

    async def _complete(self, messages: Sequence[dict[str, str]]) -> Written:
        await self.start()
        wanted: dict[str, Any] = {
            "model": self.access.name, "messages": list(messages), "temperature": 0, "max_tokens": MOST_WRITTEN,
        }
        if self.access.has_json_mode:
            wanted["response_format"] = {"type": "json_object"}
        assert self._client is not None
        if self.access.is_streaming:
            stream = await self._client.chat.completions.create(
                **wanted, stream=True, stream_options={"include_usage": True}
            )
            return await _read(stream)
        reply = await self._client.chat.completions.create(**wanted)
        choices = getattr(reply, "choices", None)
        if not choices:
            raise NoAnswer("no choices", is_charged=True)
        return Written(choices[0].message.content or "", *_tokens(getattr(reply, "usage", None)))

    async def _embed(self, texts: Sequence[str]) -> tuple[list[list[float]], int | None]:
        await self.start()
        assert self._client is not None
        reply = await self._client.embeddings.create(
            model=self.access.embeddings_name, input=list(texts), encoding_format="float"
        )
        vectors = [list(one.embedding) for one in sorted(reply.data, key=lambda one: one.index)]
        if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) != 1:
            raise NoAnswer("vectors of the wrong shape", is_charged=True)
        return vectors, _tokens(reply.usage)[0]


async def _read(stream: Any) -> Written:
    """A reply as it is written, up to the length we would use."""
    parts: list[str] = []
    size, usage, is_ended = 0, None, False
    try:
        async for chunk in stream:
            usage = getattr(chunk, "usage", None) or usage
            for choice in chunk.choices or ():
                piece = getattr(choice.delta, "content", None) or ""
                parts.append(piece)
                size += len(piece)
                is_ended = is_ended or choice.finish_reason is not None
            if size > LONGEST_REPLY:
                raise NoAnswer("too long", is_charged=True)
    finally:
        await stream.close()
    if not is_ended:
        raise NoAnswer("ended too early", is_charged=True)
    return Written("".join(parts), *_tokens(usage))


def _tokens(usage: Any) -> tuple[int | None, int | None]:
    """Tokens read and written, where the far side tells sensible numbers."""
    counts = (getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
    plain = [count if isinstance(count, int) and 0 <= count < 10_000_000 else None for count in counts]
    return plain[0], plain[1]


def _seconds_to_wait(said: str | None) -> timedelta | None:
    """The Retry-After header, when it is a number of seconds."""
    return timedelta(seconds=int(said)) if said and said.isascii() and said.isdigit() and len(said) < 6 else None
