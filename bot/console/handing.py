"""A workbook for an operator: at once where it is small, else from a page that shows how far it is."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.files import Build, Full
from bot.console.pages import get
from bot.console.visit import NotFound, Visit
from storage.operators import MANAGER

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AT_ONCE = 1_500  # rows; more may take over two seconds on a small machine


def attached(name: str) -> dict[str, str]:
    """Headers that have a browser keep the answer as a file."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def workbook(visit: Visit, name: str, total: int, build: Build) -> Response:
    """The workbook, or the way to the page where it is being made."""
    if total <= AT_ONCE:
        return Response(build(lambda written: None), media_type=XLSX, headers=attached(name))
    try:
        file = visit.desk.files.start(visit.operator.id, name, total, build)
    except Full:
        return visit.go(visit.back(), visit.translate("正在做的文件太多，请过几分钟再试。"), is_bad=True)
    return visit.go(f"/console/files/{file.id}")


def show(visit: Visit) -> Response:
    file = visit.desk.files.find(visit.path("id"), visit.operator.id)
    if file is None:
        raise NotFound
    return visit.page("files.html", file=file, is_made=file.made.done())


def hand_out(visit: Visit) -> Response:
    """The file, once it is made; then it is forgotten."""
    file = visit.desk.files.find(visit.path("id"), visit.operator.id)
    if file is None or not file.made.done() or file.has_failed:
        raise NotFound
    visit.desk.files.drop(file.id)
    return Response(file.made.result(), media_type=XLSX, headers=attached(file.name))


PAGES = (get("/files/{id}", show, MANAGER), get("/files/{id}/get", hand_out, MANAGER))
