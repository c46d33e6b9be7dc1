"""Campaigns: for what and how long referring is rewarded; their terms in versions that never change, and what was granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    UniqueConstraint,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, UtcTime, rows_fast, table_of
from storage.drops import one_of
from storage.terms import (
    FLAT,
    LEVELS,
    OCCASIONS,
    PERCENT,
    REFERRER,
    RULES,
    SCOPES,
    UNITS,
    UPPER,
    Reward,
    Terms,
)

DRAFT, RUNNING, ENDED = "draft", "running", "ended"
ALL = ""  # whose grants: of the whole campaign
SHORTEST = timedelta(microseconds=1)  # a campaign ended before it began was there for no longer


class Campaign(Base):
    """Referring is rewarded from `starts_at` until `ends_at` (none: until it is ended). `version` is the newest of its
    terms (0: none yet); orders keep the one they were placed under."""

    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(Integer)
    starts_at: Mapped[datetime] = mapped_column(UtcTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        CheckConstraint(one_of("status", (DRAFT, RUNNING, ENDED)), name="status"),
        CheckConstraint("ends_at is null or ends_at > starts_at", name="time"),
        CheckConstraint("status = 'draft' or version >= 1", name="version"),
    )


class Version(Base):
    """One version of a campaign's terms, in force from `since`; written once, never changed. At most two levels."""

    __tablename__ = "campaign_versions"

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    rule: Mapped[str] = mapped_column(String(8))
    window_days: Mapped[int] = mapped_column(Integer)
    protection_days: Mapped[int] = mapped_column(Integer)
    after_sale_days: Mapped[int] = mapped_column(Integer)
    top_level: Mapped[int] = mapped_column(Integer)
    budget_fen: Mapped[int | None] = mapped_column(BigInteger)
    member_cap_fen: Mapped[int | None] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(UtcTime)
    written_by: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        UniqueConstraint("campaign_id", "version", "top_level", name="uq_campaign_versions_top"),
        CheckConstraint(one_of("rule", RULES), name="rule"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(f"top_level in ({REFERRER}, {UPPER})", name="top_level"),
        CheckConstraint("window_days between 1 and 365 and protection_days between 0 and 365", name="window"),
        CheckConstraint("after_sale_days between 0 and 365", name="after_sale"),
        CheckConstraint("(budget_fen is null or budget_fen > 0) and (member_cap_fen is null or member_cap_fen > 0)", name="bounds"),
    )


class RewardRow(Base):
    """One reward of a version. Level 0 is the friend who buys, 1 who brought them, 2 who brought that one; there is no
    third, and no second where the version's `top_level` is 1."""

    __tablename__ = "campaign_rewards"

    campaign_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    top_level: Mapped[int] = mapped_column(Integer)
    level: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int] = mapped_column(BigInteger)
    occasion: Mapped[str] = mapped_column(String(12))
    scope: Mapped[str] = mapped_column(String(8))
    target: Mapped[str] = mapped_column(String(80))

    __table_args__ = (
        ForeignKeyConstraint(
            ["campaign_id", "version", "top_level"],
            ["campaign_versions.campaign_id", "campaign_versions.version", "campaign_versions.top_level"],
            name="fk_campaign_rewards_version",
        ),
        CheckConstraint(f"level in ({', '.join(map(str, LEVELS))}) and level <= top_level", name="level"),
        CheckConstraint(one_of("unit", UNITS), name="unit"),
        CheckConstraint("level > 0 or unit <> 'fen'", name="friend"),
        CheckConstraint(one_of("kind", (PERCENT, FLAT)), name="kind"),
        CheckConstraint("amount > 0 and (kind = 'flat' or amount <= 10000)", name="amount"),
        CheckConstraint(one_of("occasion", OCCASIONS), name="occasion"),
        CheckConstraint(one_of("scope", SCOPES), name="scope"),
        CheckConstraint("(scope = 'shop') = (target = '')", name="target"),
    )


class Granted(Base):
    """How much commission a campaign has promised: to one member, or (no member) to all together. Refunds give no room
    back: a budget bounds what is promised."""

    __tablename__ = "campaign_granted"

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    granted_fen: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("granted_fen >= 0", name="granted"),)


TABLE, VERSIONS, REWARDS, GRANTED = table_of(Campaign), table_of(Version), table_of(RewardRow), table_of(Granted)


def get(session: Session, campaign_id: str) -> AnyRow:
    return session.execute(select(TABLE).where(TABLE.c.id == campaign_id)).one()


def find(session: Session, campaign_id: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.id == campaign_id)).one_or_none()


def find_all(session: Session, limit: int = 200) -> Sequence[AnyRow]:
    """Every campaign, newest first."""
    return session.execute(select(TABLE).order_by(TABLE.c.created_at.desc(), TABLE.c.id).limit(limit)).all()


def has_any(session: Session) -> bool:
    """Was there ever a campaign with terms? Asked for every order, so looked up once a transaction."""
    known: dict[str, Any] = session.info.setdefault("campaigns", {})
    if "any" not in known:
        known["any"] = bool(rows_fast(session.connection(), "select 1 from campaigns where version > 0 limit 1"))
    return bool(known["any"])


def insert_draft(session: Session, values: Mapping[str, Any]) -> None:
    """A new campaign without terms: id, name, starts_at, ends_at, created_at, created_by."""
    session.execute(insert(TABLE).values(status=DRAFT, version=0, **values))


def change(session: Session, campaign_id: str, expected: Sequence[str], **values: Any) -> bool:
    """Change a campaign that has one of these statuses; False when it has not."""
    session.info.pop("campaigns", None)
    statement = update(TABLE).where(TABLE.c.id == campaign_id, TABLE.c.status.in_(expected)).values(**values)
    return session.execute(statement.returning(TABLE.c.id)).one_or_none() is not None


def write_terms(session: Session, terms: Terms, since: datetime, by: str) -> None:
    """The next version of a campaign's terms (`terms.version` is the newest's and one). Two operators who write the same
    version at once: the second fails on the key."""
    session.info.pop("campaigns", None)
    session.execute(insert(VERSIONS).values(
        campaign_id=terms.campaign_id, version=terms.version, rule=terms.rule, window_days=terms.window_days,
        protection_days=terms.protection_days, after_sale_days=terms.after_sale_days, top_level=terms.top_level,
        budget_fen=terms.budget_fen, member_cap_fen=terms.member_cap_fen, since=since, written_by=by[:60],
    ))
    rows = [
        {"campaign_id": terms.campaign_id, "version": terms.version, "top_level": terms.top_level, "position": position}
        | {name: getattr(one, name) for name in Reward.__dataclass_fields__}
        for position, one in enumerate(terms.rewards)
    ]
    if rows:
        session.execute(insert(REWARDS), rows)
    session.execute(update(TABLE).where(TABLE.c.id == terms.campaign_id).values(version=terms.version))


def get_terms(session: Session, campaign_id: str, version: int) -> Terms:
    """One version of a campaign's terms. Raises RowMissing."""
    mine = (VERSIONS.c.campaign_id == campaign_id, VERSIONS.c.version == version)
    row = session.execute(select(VERSIONS).where(*mine)).one()
    return _terms(row, find_rewards(session, [campaign_id]).get((campaign_id, version), ()))


def find_terms(session: Session, campaign_id: str) -> list[Terms]:
    """Every version of a campaign's terms, oldest first."""
    rows = session.execute(select(VERSIONS).where(VERSIONS.c.campaign_id == campaign_id).order_by(VERSIONS.c.version)).all()
    rewards = find_rewards(session, [campaign_id])
    return [_terms(row, rewards.get((campaign_id, row.version), ())) for row in rows]


def find_versions(session: Session, campaign_id: str) -> Sequence[AnyRow]:
    """Every version with since when and by whom, newest first."""
    query = select(VERSIONS).where(VERSIONS.c.campaign_id == campaign_id)
    return session.execute(query.order_by(VERSIONS.c.version.desc())).all()


def find_rewards(session: Session, campaign_ids: Sequence[str]) -> dict[tuple[str, int], tuple[Reward, ...]]:
    """Rewards of these campaigns by (campaign, version), in their order."""
    query = select(REWARDS).where(REWARDS.c.campaign_id.in_(campaign_ids)).order_by(REWARDS.c.position)
    found: dict[tuple[str, int], tuple[Reward, ...]] = {}
    for row in session.execute(query):
        one = Reward(**{name: getattr(row, name) for name in Reward.__dataclass_fields__})
        found[row.campaign_id, row.version] = (*found.get((row.campaign_id, row.version), ()), one)
    return found


def _terms(row: AnyRow, rewards: tuple[Reward, ...]) -> Terms:
    names = [name for name in Terms.__dataclass_fields__ if name != "rewards"]
    return Terms(**{name: getattr(row, name) for name in names}, rewards=rewards)


def find_in_force(session: Session, at: datetime) -> list[Terms]:
    """The terms of every campaign running at a moment, as they were in force then; the campaign begun last comes first.
    What is written down of campaigns is looked up once a transaction."""
    known = session.info.setdefault("campaigns", {})
    if "all" not in known:
        known["all"] = _find_every(session)
    found = []
    for starts_at, ends_at, versions in known["all"]:
        written = [terms for since, terms in versions if since <= at]
        if written and starts_at <= at and (ends_at is None or ends_at > at):
            found.append(written[-1])
    return found


def _find_every(session: Session) -> list[tuple[datetime, datetime | None, list[tuple[datetime, Terms]]]]:
    """Campaigns that were ever started, the last begun first: from when, until when, and their terms with since when."""
    rows = session.execute(select(TABLE).where(TABLE.c.status != DRAFT).order_by(TABLE.c.starts_at.desc(), TABLE.c.id)).all()
    rewards = find_rewards(session, [row.id for row in rows]) if rows else {}
    terms: dict[str, list[tuple[datetime, Terms]]] = {row.id: [] for row in rows}
    query = select(VERSIONS).where(VERSIONS.c.campaign_id.in_(list(terms))).order_by(VERSIONS.c.version)
    for one in session.execute(query):
        terms[one.campaign_id].append((one.since, _terms(one, rewards.get((one.campaign_id, one.version), ()))))
    return [(row.starts_at, row.ends_at, terms[row.id]) for row in rows]


def lock_granted(session: Session, campaign_id: str, member_ids: Sequence[str]) -> dict[str, int]:
    """What was granted to the whole campaign (ALL) and to these members, held until the commit, in one order for all."""
    keys = sorted({ALL, *member_ids})
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rows = [{"campaign_id": campaign_id, "member_id": key, "granted_fen": 0} for key in keys]
    session.execute(dialect.insert(GRANTED).on_conflict_do_nothing(), rows)
    query = select(GRANTED).where(GRANTED.c.campaign_id == campaign_id, GRANTED.c.member_id.in_(keys))
    found = session.execute(query.order_by(GRANTED.c.member_id).with_for_update()).all()
    return {row.member_id: row.granted_fen for row in found}


def grant(session: Session, campaign_id: str, amounts: Mapping[str, int]) -> None:
    """More was granted to these members, and so by the campaign; after `lock_granted`."""
    for member_id, fen in ({ALL: sum(amounts.values())} | dict(amounts)).items():
        _add(session, campaign_id, member_id, fen)


def _add(session: Session, campaign_id: str, member_id: str, fen: int) -> None:
    mine = (GRANTED.c.campaign_id == campaign_id, GRANTED.c.member_id == member_id)
    session.execute(update(GRANTED).where(*mine).values(granted_fen=GRANTED.c.granted_fen + fen))


def find_granted(session: Session, campaign_id: str) -> dict[str, int]:
    """What was granted by a campaign: to all (ALL), and to each member."""
    query = select(GRANTED.c.member_id, GRANTED.c.granted_fen).where(GRANTED.c.campaign_id == campaign_id)
    return {row.member_id: row.granted_fen for row in session.execute(query)}
