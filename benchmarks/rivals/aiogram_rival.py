"""aiogram: updates fed to its dispatcher, 20 handlers."""

import asyncio
import re
import time

from aiogram import Bot, Dispatcher, F, Router
from aiogram.types import Update
from common import ASKED, COMMANDS, TALK, command, count_answer, report


async def main():
    router = Router()
    for number in range(COMMANDS):

        @router.message(F.text.regexp(re.compile(command(number))))
        async def heard(message):
            count_answer()

    @router.message(F.text.in_(ASKED))
    async def question(message):
        count_answer()

    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    bot = Bot("1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    cpu, wall = time.process_time(), time.perf_counter()
    for number, (group, member, text) in enumerate(TALK):
        update = Update.model_validate({
            "update_id": number,
            "message": {
                "message_id": number, "date": 1, "text": text,
                "chat": {"id": -1000 - group, "type": "supergroup", "title": f"g{group}"},
                "from": {"id": 1000 + member, "is_bot": False, "first_name": f"邻居{member}"},
            },
        })
        await dispatcher.feed_update(bot, update)
    report(cpu, wall)


asyncio.run(main())
