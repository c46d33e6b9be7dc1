"""The library of posts: finding, writing with a live preview, versions, copies, putting away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import planned_words, post_forms, post_pictures
from bot.console.pages import get, post
from bot.console.post_forms import PostForm
from bot.console.visit import NotFound, Visit
from handlers.posts import actions, desk
from handlers.posts.actions import Made
from handlers.posts.drafts import BadPost, Editor
from handlers.posts.messages import FIELDS
from storage import groups, occurrences, plans, posts, products
from storage.operators import MANAGER, VIEWER

LIST, A_PAGE, CHOICES = "/console/posts", 50, 300
UNDO_FOR = timedelta(seconds=actions.UNDO_SECONDS)


def editor_of(visit: Visit) -> Editor:
    return Editor(visit.operator.name, visit.may("admin"))


def library(visit: Visit) -> Response:
    kind, tag, words = visit.chosen("kind", posts.KINDS), visit.query("tag", 40), visit.query("q", 80)
    before, is_archived = visit.query("before", 18), visit.query("archived") == "yes"
    with visit.read() as session:
        found = posts.find(
            session, kind=kind, tag=tag, words=words, is_archived=is_archived, limit=A_PAGE + 1,
            before_id=int(before) if before.isdecimal() else None,
        )
        uses = posts.count_uses(session, [one.id for one in found])
        tags, counts = posts.find_tags(session), posts.count_by_kind(session)
    return visit.page(
        "posts.html", posts=found[:A_PAGE], next_before=found[A_PAGE - 1].id if len(found) > A_PAGE else None, uses=uses,
        tags=tags, total=sum(counts.values()), kind=kind, tag=tag, words=words, is_archived=is_archived, names=planned_words,
    )


def new(visit: Visit) -> Response:
    return _form(visit, PostForm(kind=visit.chosen("kind", posts.KINDS) or posts.TALK))


def edit(visit: Visit) -> Response:
    post_id, version = visit.path("id"), visit.query("version", 9)
    with visit.read() as session:
        row = posts.get(session, post_id)
        number = int(version) if version.isdecimal() else row.version
        typed = post_forms.of_post(row, posts.get_version(session, post_id, number))
    return _form(visit, typed, post_id)


def preview(visit: Visit) -> Response:
    """The form as typed, with what would be said; htmx takes the preview out of it."""
    post_id = visit.form.get("post_id", "")
    known = int(post_id) if isinstance(post_id, str) and post_id.isdecimal() and len(post_id) < 19 else 0
    typed = post_forms.read(visit.form)
    post_pictures.take(visit, typed)
    return _form(visit, typed, known, more=1 if visit.form.get("more") else 0)


def save(visit: Visit) -> Response:
    typed, post_id = post_forms.read(visit.form), visit.request.path_params.get("id")
    post_pictures.take(visit, typed)
    if typed.errors:
        return _form(visit, typed, post_id or 0, 422)
    try:
        with visit.desk.database.write() as session:
            row, findings = actions.save_post(
                session, typed.draft(), editor_of(visit), visit.desk.dispatcher.parts.router.values, visit.now, post_id
            )
            visit.record(session, "post.save", f"post:{row.id}", title=row.title, version=row.version)
    except BadPost as bad:
        typed.errors[bad.where] = planned_words.fault(visit, bad.why)
        return _form(visit, typed, post_id or 0, 422, findings=bad.findings)
    told = visit.translate("已保存。")
    if findings:
        told = visit.translate("已保存，有 %(count)s 处请留意。", count=len(findings))
    return visit.go(f"{LIST}/{row.id}", told)


def duplicate(visit: Visit) -> Response:
    with visit.act("post.duplicate", f"post:{visit.path('id')}") as session:
        copy = desk.duplicate_post(session, visit.path("id"), editor_of(visit), visit.now)
    return visit.go(f"{LIST}/{copy.id}", visit.translate("这是副本，原来的没有变。"))


def archive(visit: Visit) -> Response:
    """Put away, or back: plans that use it go on."""
    is_back = bool(visit.form.get("back_out"))
    with visit.act("post.take_out" if is_back else "post.archive", f"post:{visit.path('id')}") as session:
        posts.archive(session, visit.path("id"), None if is_back else visit.now)
    told = visit.translate("已放回内容库。") if is_back else visit.translate("已归档，用到它的计划照常。")
    return visit.go(f"{LIST}/{visit.path('id')}", told)


def send(visit: Visit) -> Response:
    """Say it now, or try it in one group: in ten seconds, until then it can be taken back."""
    post_id, group_id = visit.path("id"), str(visit.form.get("group", ""))[:120]
    is_trial = visit.form.get("what") == "trial"
    audience: dict[str, Any] = {"all": True} if group_id == "all" and not is_trial else {"groups": [group_id]}
    with visit.desk.database.write() as session:
        if "groups" in audience and groups.find(session, group_id) is None:
            raise NotFound
        plan = actions.send_now(
            session, post_id, audience, editor_of(visit), visit.now, zone=visit.desk.settings.time_zone, is_trial=is_trial
        )
        visit.record(session, "post.trial" if is_trial else "post.send", f"post:{post_id}", plan=plan.id, group=group_id)
    return visit.go(f"{LIST}/{post_id}?sent={plan.id}")


def take_back(visit: Visit) -> Response:
    """Undo a sending of the last seconds."""
    plan_id = visit.path("id")
    with visit.act("plan.take_back", f"plan:{plan_id}") as session:
        plan = desk.cancel_plan(session, plan_id, visit.now)
        rows = occurrences.find_of_plan(session, plan_id)
        is_said = any(row.state in occurrences.SAID for row in rows)
    told = visit.translate("已经来不及了，至少一个群已经发出。") if is_said else visit.translate("已撤回，没有发出。")
    return visit.go(f"{LIST}/{plan.post_id}", told, is_bad=is_said)


def _form(
    visit: Visit, typed: PostForm, post_id: int = 0, status: int = 200, *, more: int = 0, findings: Any = None
) -> Response:
    sent = visit.query("sent", 18)
    with visit.read() as session:
        row = posts.get(session, post_id) if post_id else None
        choices = groups.find_newest(session, CHOICES)
        typed.group = typed.group or (choices[0].id if choices else "")
        made = make(visit, session, typed)
        versions = posts.find_versions(session, post_id) if post_id else []
        used_in = plans.find(session, post_id=post_id, states=(plans.ACTIVE, plans.PAUSED), limit=50) if post_id else []
        uses = posts.count_uses(session, [post_id]).get(post_id) if post_id else None
        offered = products.search(session, limit=CHOICES)
        sending = plans.get(session, int(sent)) if sent.isdecimal() and post_id else None
    is_open = sending is not None and sending.once_at is not None and sending.state == plans.ACTIVE
    left = (sending.once_at - visit.now).total_seconds() if sending is not None and sending.once_at and is_open else 0
    if findings is not None:
        made.findings = list(findings)
    return visit.page(
        "posts_edit.html", status, form=typed, row=row, post_id=post_id, parts=typed.shown(more), made=made, versions=versions,
        used_in=used_in, uses=uses, choices=choices, products=offered, names=planned_words, fields_of=FIELDS,
        values=visit.desk.dispatcher.parts.router.values, sending=sending if left > 0 else None, seconds_left=int(left),
        why=planned_words.why(visit, made.trouble),
    )


def make(visit: Visit, session: Session, typed: PostForm) -> Made:
    """The parts with the chosen group's values, as they would be said now."""
    if not typed.filled or not typed.group:
        return Made()
    subject = actions.subject_of(visit.desk.shop, None, typed.group, visit.now, typed.product_id or None)
    values = visit.desk.dispatcher.parts.router.values
    return actions.make_parts(session, typed.filled, typed.kind, subject, values)


PAGES = (
    get("/posts", library, VIEWER),
    get("/posts/new", new, MANAGER),
    post("/posts/new", save, MANAGER, post_pictures.LARGEST_FORM),
    post("/posts/preview", preview, MANAGER, post_pictures.LARGEST_FORM),
    get("/posts/{id:int}", edit, VIEWER),
    post("/posts/{id:int}", save, MANAGER, post_pictures.LARGEST_FORM),
    post("/posts/{id:int}/duplicate", duplicate, MANAGER),
    post("/posts/{id:int}/archive", archive, MANAGER),
    post("/posts/{id:int}/send", send, MANAGER),
    post("/posts/sent/{id:int}/take-back", take_back, MANAGER),
)
