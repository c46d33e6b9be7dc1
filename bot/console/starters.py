"""The library of talk starters: by kind and season, and one click makes a post of one."""

from __future__ import annotations

from starlette.responses import Response

from bot.console import planned_words
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.posts import LIST, editor_of
from bot.console.visit import NotFound, Visit
from content import starters
from content.starters import Starter
from handlers.posts import actions
from handlers.posts.drafts import PostDraft
from storage import posts
from storage.operators import MANAGER, VIEWER

PLACE, TAG, TITLE_LENGTH = "/console/posts/starters", "话题库", 24
KINDS = {
    "greeting": mark("早安"), "topic": mark("话题"), "poll": mark("投票"), "quiz": mark("问答"), "season": mark("节气节日"),
    "series": mark("系列"),
}
# What kind of post one becomes.
BECOMES = {"poll": posts.GAME, "quiz": posts.GAME, "series": posts.KNOWLEDGE}


def library(visit: Visit) -> Response:
    """All of them, those that fit today first; or of a kind, a season, or of now."""
    kind, season = visit.chosen("kind", tuple(KINDS)), visit.query("season", 20)
    today = visit.now.astimezone(visit.desk.zone).date()
    found = [
        one for one in starters.load()
        if (not kind or one.kind == kind) and (not season or (one.fits(today) if season == "now" else one.season == season))
    ]
    found.sort(key=lambda one: not (one.days and one.fits(today)))
    with visit.read() as session:
        used = {one.title for one in posts.find(session, tag=TAG, limit=500)}
    return visit.page(
        "starters.html", found=found, kinds=KINDS, kind=kind, season=season, names=planned_words, total=len(starters.load()),
        seasons=list(dict.fromkeys(one.season for one in starters.load())), fitting={one.id for one in found if one.fits(today)},
        used={one.id for one in found if title_of(one) in used},
    )


def use(visit: Visit) -> Response:
    """Make a post of it, to be changed and planned; the answer of a quiz becomes another, to be said later."""
    starter = next((one for one in starters.load() if one.id == visit.path("id")), None)
    if starter is None:
        raise NotFound
    values = visit.desk.dispatcher.parts.router.values
    with visit.act("starter.use", f"starter:{starter.id}") as session:
        row, _ = actions.save_post(session, draft_of(starter), editor_of(visit), values, visit.now)
        if starter.kind == "quiz" and starter.answer:
            answer = draft_of(starter)
            answer.title, answer.parts = visit.translate("%(title)s（答案）", title=answer.title), [
                {"kind": posts.TEXT, "text": starter.answer}
            ]
            actions.save_post(session, answer, editor_of(visit), values, visit.now)
    told = visit.translate("已放进内容库，改好就可以排。")
    if starter.kind == "quiz":
        told = visit.translate("已放进内容库；答案是另外一篇，过一会儿再发。")
    return visit.go(f"{LIST}/{row.id}", told)


def title_of(starter: Starter) -> str:
    """The first words, without line breaks."""
    words = " ".join(starter.text.split())
    return words if len(words) <= TITLE_LENGTH else f"{words[: TITLE_LENGTH - 1]}…"


def draft_of(starter: Starter) -> PostDraft:
    part = {"kind": posts.TEXT, "text": starter.text}
    if starter.options:
        question = starter.text.splitlines()[0].removeprefix("投票：")
        part = {"kind": posts.POLL, "question": question, "choices": "\n".join(starter.options), "right": "", "hours": ""}
    return PostDraft(title_of(starter), BECOMES.get(starter.kind, posts.TALK), [part], [TAG, starter.season])


PAGES = (
    get("/posts/starters", library, VIEWER),
    post("/posts/starters/{id}/use", use, MANAGER),
)
