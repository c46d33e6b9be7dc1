"""`tuan content`: what is done with planned words in a terminal."""

from __future__ import annotations

import typer

from bot.commands import plans
from bot.commands.speech import tell

content = typer.Typer(no_args_is_help=True, help=tell("内容计划：导出、导入", "content plan: export, import"))
content.command("export", help=tell("把计划写成文件", "the plan as a file"))(plans.export_plan)
content.command("import", help=tell("从文件读入计划", "take a plan from a file"))(plans.import_plan)
