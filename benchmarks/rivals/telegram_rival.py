"""python-telegram-bot: updates given to its application, 20 handlers."""

import asyncio
import json
import re
import time

from common import ASKED, COMMANDS, TALK, command, count_answer, report
from telegram import Update
from telegram.ext import Application, MessageHandler, filters
from telegram.request import BaseRequest


class NoNetwork(BaseRequest):
    """Answers getMe, so that the application starts without a network."""

    read_timeout = 1

    async def initialize(self):
        return None

    async def shutdown(self):
        return None

    async def do_request(self, url, method, **_rest):
        me = {"id": 1, "is_bot": True, "first_name": "bot", "username": "bot"}
        return 200, json.dumps({"ok": True, "result": me}).encode()


class Asked(filters.MessageFilter):
    def filter(self, message):
        return message.text in ASKED


async def heard(update, context):
    count_answer()


async def main():
    application = Application.builder().token("1:a").request(NoNetwork()).get_updates_request(NoNetwork()).updater(None).build()
    for number in range(COMMANDS):
        application.add_handler(MessageHandler(filters.Regex(re.compile("^" + command(number))), heard))
    application.add_handler(MessageHandler(Asked(), heard))
    await application.initialize()
    cpu, wall = time.process_time(), time.perf_counter()
    for number, (group, member, text) in enumerate(TALK):
        update = Update.de_json({
            "update_id": number,
            "message": {
                "message_id": number, "date": 1, "text": text,
                "chat": {"id": -1000 - group, "type": "supergroup", "title": f"g{group}"},
                "from": {"id": 1000 + member, "is_bot": False, "first_name": f"邻居{member}"},
            },
        }, application.bot)
        await application.process_update(update)
    report(cpu, wall)


asyncio.run(main())
