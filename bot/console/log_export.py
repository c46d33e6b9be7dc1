"""The log as a CSV file: streamed in batches, with the page's filters, safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from starlette.responses import Response, StreamingResponse

from bot.console import names
from bot.console.language import mark
from bot.console.log import FIELDS, Line, to_lines, understood, written
from bot.console.pages import post
from bot.console.visit import Visit
from content.sheets import csv_of
from storage import log
from storage.log import Filter
from storage.operators import MANAGER

BATCH = 1_000
COLUMNS = (
    mark("编号"),
    mark("时间"),
    mark("渠道"),
    mark("哪个群"),
    mark("群编号"),
    mark("谁"),
    mark("成员编号"),
    mark("类型"),
    mark("说了什么"),
    mark("功能"),
    mark("结果"),
    mark("原因"),
    mark("有把握"),
    mark("回复"),
    mark("回复状态"),
    mark("耗时（毫秒）"),
    mark("处理"),
)


def export(visit: Visit) -> Response:
    asked = written({name: visit.form.get(name, "") for name in FIELDS})
    wanted, _ = understood(visit, asked)
    with visit.act("log.export", "log", **{name: value for name, value in asked.items() if value}):
        name = f"log-{visit.now.astimezone(visit.desk.zone):%Y%m%d-%H%M}.csv"
    return StreamingResponse(
        table(visit, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def table(visit: Visit, wanted: Filter) -> Iterator[str]:
    """The file in pieces. Each batch is read in a transaction of its own, so that a long export holds nothing up."""
    yield "\ufeff" + csv_of([[visit.translate(words) for words in COLUMNS]])
    before: int | None = None
    while True:
        with visit.read() as session:
            rows, before = log.read_all(session, wanted, before=before, limit=BATCH)
            lines = to_lines(session, rows)
        if lines:
            yield csv_of([_cells(visit, line) for line in lines])
        if before is None:
            return


def _cells(visit: Visit, line: Line) -> list[object]:
    row = line.row
    features = [
        visit.translate(names.FEATURES[one][0]) if one in names.FEATURES else one for one in line.features
    ]
    outcome = names.OUTCOMES.get(row.outcome, (row.outcome, ""))[0]
    states = [names.SAYING_STATES.get(one.state, (one.state, ""))[0] for one in line.replies]
    return [
        row.id,
        _moment(visit, row.received_at),
        row.channel,
        line.group,
        row.group_id,
        row.member_name,
        row.member_id,
        visit.translate(names.KINDS.get(row.kind, row.kind)),
        row.text,
        ", ".join(features),
        visit.translate(outcome),
        row.reason,
        row.confidence,
        "\n".join(one.text for one in line.replies),
        ", ".join(visit.translate(state) for state in states),
        row.latency_ms,
        visit.translate(names.STATES.get(row.state, (row.state, ""))[0]),
    ]


def _moment(visit: Visit, moment: datetime) -> str:
    return moment.astimezone(visit.desk.zone).strftime("%Y-%m-%d %H:%M:%S")


PAGES = (post("/log/export", export, MANAGER),)
