"""Campaigns at the desk: drafts, their terms in versions that never change, starting and ending them."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import campaign_forms, plan_check
from bot.console.campaign_forms import CampaignForm
from bot.console.pages import get, post
from bot.console.reward_words import (
    CAMPAIGN_STATES,
    KINDS,
    LEVELS,
    OCCASIONS,
    RULES,
    SCOPES,
    STATES,
    UNITS,
    amount_words,
    reward_words,
)
from bot.console.visit import Forbidden, Visit
from storage import campaigns, commission_book, drops, products
from storage.ids import new_id
from storage.operators import ADMIN, MANAGER, VIEWER
from storage.terms import DROP, PRODUCT, UPPER, Terms

LIST = "/console/campaigns"


def catalogue(visit: Visit) -> Response:
    with visit.read() as session:
        rows = campaigns.find_all(session)
        newest = {row.id: campaigns.get_terms(session, row.id, row.version) for row in rows if row.version}
        totals = commission_book.find_totals(session, [row.id for row in rows])
        told = {row_id: _told(visit, session, one) for row_id, one in newest.items()}
    return visit.page("campaigns.html", campaigns=rows, told=told, totals=totals, states=CAMPAIGN_STATES)


def show(visit: Visit) -> Response:
    campaign_id = visit.path("id")
    with visit.read() as session:
        row = campaigns.get(session, campaign_id)
        written = {one.version: one for one in campaigns.find_terms(session, campaign_id)}
        granted = campaigns.find_granted(session, campaign_id)
        return visit.page(
            "campaigns_one.html", campaign=row, versions=campaigns.find_versions(session, campaign_id), states=CAMPAIGN_STATES,
            told={number: _told(visit, session, one) for number, one in written.items()}, rules=RULES,
            checked=plan_check.check(visit, session, row.name, written[row.version]) if row.version else None,
            granted_fen=granted.get(campaigns.ALL, 0), newest=written.get(row.version),
            commission_states=STATES, units=UNITS, amount=amount_words,
            sums=commission_book.sum_by_state(session, commission_book.Wanted(campaign_id=campaign_id)),
        )


def _told(visit: Visit, session: Session, terms: Terms) -> list[str]:
    """Each reward as a sentence, with the names of drops and products."""
    targets = {}
    for one in terms.rewards:
        if one.scope == DROP and (drop := drops.find(session, one.target)) is not None:
            targets[one.target] = drop.title
        elif one.scope == PRODUCT and (product := products.find(session, one.target)) is not None:
            targets[one.target] = product.name
    return [reward_words(visit, one, targets) for one in terms.rewards]


def blank(visit: Visit) -> Response:
    return _form(visit, campaign_forms.blank())


def terms_form(visit: Visit) -> Response:
    with visit.read() as session:
        row = campaigns.get(session, visit.path("id"))
        form = campaign_forms.of_terms(row, campaigns.get_terms(session, row.id, row.version)) if row.version else campaign_forms.blank()
    return _form(visit, form, row.id)


def create(visit: Visit) -> Response:
    """A draft with its first terms; nothing is rewarded before an admin starts it."""
    form = _read(visit, is_new=True)
    if not form.is_sound:
        return _form(visit, form, status=422)
    campaign_id = new_id("cmp")
    starts_at, ends_at = campaign_forms.times(form, visit.desk.zone)
    with visit.act("campaign.create", f"campaign:{campaign_id}", name=form.values["name"]) as session:
        campaigns.insert_draft(session, {
            "id": campaign_id, "name": form.values["name"][:80], "starts_at": starts_at or visit.now, "ends_at": ends_at,
            "created_at": visit.now, "created_by": visit.operator.name,
        })
        _write(visit, session, form, campaign_id, 1)
    return visit.go(f"{LIST}/{campaign_id}", visit.translate("草稿已存下，管理员开始后才生效。"))


def rewrite(visit: Visit) -> Response:
    """New terms for orders from now on; those placed before keep theirs. Terms in force are changed by an admin only."""
    campaign_id, form = visit.path("id"), _read(visit, is_new=False)
    with visit.read() as session:
        row = campaigns.get(session, campaign_id)
    if row.status != campaigns.DRAFT and not visit.may(ADMIN):
        raise Forbidden
    if row.status == campaigns.ENDED:
        return visit.go(f"{LIST}/{campaign_id}", visit.translate("活动已经结束，不能再改。"), is_bad=True)
    if visit.form.get("version") != str(row.version):
        return visit.go(f"{LIST}/{campaign_id}", visit.translate("有人刚改过规则，请看过新的再改。"), is_bad=True)
    if not form.is_sound:
        return _form(visit, form, campaign_id, status=422)
    if row.status != campaigns.DRAFT:
        with visit.read() as session:
            checked = plan_check.check(visit, session, row.name, campaign_forms.terms_of(form, campaign_id, row.version + 1))
        if checked.is_refused:
            form.errors["rewards"] = checked.why
            return _form(visit, form, campaign_id, status=422)
    with visit.act("campaign.terms", f"campaign:{campaign_id}", version=row.version + 1) as session:
        _write(visit, session, form, campaign_id, row.version + 1)
    return visit.go(f"{LIST}/{campaign_id}", visit.translate("新规则已生效：只管从现在起下的订单。"))


def _write(visit: Visit, session: Session, form: CampaignForm, campaign_id: str, version: int) -> None:
    terms = campaign_forms.terms_of(form, campaign_id, version)
    campaigns.write_terms(session, terms, visit.now, visit.operator.name)


def _read(visit: Visit, *, is_new: bool) -> CampaignForm:
    form = campaign_forms.read(visit.form)
    campaign_forms.check(form, visit.desk.zone, is_new=is_new)
    if form.values["top_level"] == str(UPPER) and not visit.may(ADMIN):
        form.errors["top_level"] = visit.translate("第二级只有管理员能打开。")
    return form


def _form(visit: Visit, form: CampaignForm, campaign_id: str = "", status: int = 200) -> Response:
    version = 0
    if campaign_id:
        with visit.read() as session:
            version = campaigns.get(session, campaign_id).version
    return visit.page(
        "campaigns_edit.html", status, form=form, campaign_id=campaign_id, version=version, rules=RULES, levels=LEVELS, units=UNITS,
        kinds=KINDS, occasions=OCCASIONS, scopes=SCOPES, bounds=campaign_forms.DAYS,
    )


def start(visit: Visit) -> Response:
    """Orders are rewarded from its time on, or from now. A plan that breaks a rule does not start."""
    campaign_id = visit.path("id")
    with visit.read() as session:
        row = campaigns.get(session, campaign_id)
        terms = campaigns.get_terms(session, campaign_id, row.version) if row.version else None
        checked = plan_check.check(visit, session, row.name, terms) if terms is not None else None
    if checked is not None and checked.is_refused:
        return visit.go(f"{LIST}/{campaign_id}", visit.translate("不能开始：%(why)s。", why=checked.why), is_bad=True)
    with visit.act("campaign.start", f"campaign:{campaign_id}") as session:
        row = campaigns.get(session, campaign_id)
        starts_at = max(row.starts_at, visit.now)
        is_over = row.ends_at is not None and row.ends_at <= starts_at
        is_started = not is_over and row.version > 0 and campaigns.change(
            session, campaign_id, (campaigns.DRAFT,), status=campaigns.RUNNING, starts_at=starts_at
        )
    if not is_started:
        return visit.go(f"{LIST}/{campaign_id}", visit.translate("现在不能开始：看看结束时间，或者它已经开始了。"), is_bad=True)
    return visit.go(f"{LIST}/{campaign_id}", visit.translate("活动已开始。"))


def end(visit: Visit) -> Response:
    """Orders placed from now on are not rewarded; what was earned stays."""
    campaign_id = visit.path("id")
    with visit.act("campaign.end", f"campaign:{campaign_id}") as session:
        row = campaigns.get(session, campaign_id)
        ends_at = visit.now if row.ends_at is None else min(row.ends_at, visit.now)
        starts_at = min(row.starts_at, ends_at - campaigns.SHORTEST)
        is_ended = campaigns.change(session, campaign_id, (campaigns.RUNNING,), status=campaigns.ENDED, ends_at=ends_at, starts_at=starts_at)
    if not is_ended:
        return visit.go(f"{LIST}/{campaign_id}", visit.translate("活动不在进行中。"), is_bad=True)
    return visit.go(f"{LIST}/{campaign_id}", visit.translate("活动已结束，之前下的订单照旧结算。"))


PAGES = (
    get("/campaigns", catalogue, VIEWER),
    get("/campaigns/new", blank, MANAGER),
    post("/campaigns/new", create, MANAGER),
    get("/campaigns/{id}", show, VIEWER),
    get("/campaigns/{id}/terms", terms_form, MANAGER),
    post("/campaigns/{id}/terms", rewrite, MANAGER),
    post("/campaigns/{id}/start", start, ADMIN),
    post("/campaigns/{id}/end", end, ADMIN),
)
