"""nonebot2: events of a small adapter of our own, 20 matchers."""

import asyncio
import logging
import time

import nonebot
from common import ASKED, COMMANDS, TALK, command, count_answer, report
from nonebot.adapters import Adapter, Bot, Event, Message, MessageSegment
from nonebot.log import logger
from nonebot.message import handle_event
from nonebot.plugin import on_message, on_regex

logger.remove()
logging.disable(logging.CRITICAL)
nonebot.init(driver="~none")


class Words(Message):
    @classmethod
    def get_segment_class(cls):
        return Part

    @staticmethod
    def _construct(text):
        yield Part("text", {"text": text})


class Part(MessageSegment):
    @classmethod
    def get_message_class(cls):
        return Words

    def __str__(self):
        return self.data["text"]

    def is_text(self):
        return True


class Said(Event):
    group: int
    member: int
    text: str

    def get_type(self):
        return "message"

    def get_event_name(self):
        return "message.group"

    def get_event_description(self):
        return self.text

    def get_user_id(self):
        return str(self.member)

    def get_session_id(self):
        return f"{self.group}_{self.member}"

    def get_message(self):
        return Words(self.text)

    def is_tome(self):
        return False


class Quiet(Bot):
    async def send(self, event, message, **_rest):
        return None


class Local(Adapter):
    @classmethod
    def get_name(cls):
        return "local"

    async def _call_api(self, bot, api, **data):
        return None


for number in range(COMMANDS):

    @on_regex("^" + command(number), priority=number + 1, block=True).handle()
    async def heard():
        count_answer()


async def is_asked(event: Event):
    return event.text in ASKED


@on_message(rule=is_asked, priority=30, block=True).handle()
async def question():
    count_answer()


async def main():
    bot = Quiet(Local(nonebot.get_driver()), "1")
    cpu, wall = time.process_time(), time.perf_counter()
    for group, member, text in TALK:
        await handle_event(bot, Said(group=group, member=member, text=text))
    report(cpu, wall)


asyncio.run(main())
