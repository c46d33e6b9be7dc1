"""One rising number for what the shop knows, so that a running process sees what another one changed."""

from __future__ import annotations

from sqlalchemy import Connection, Integer, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, table_of


class Revision(Base):
    """A counter by name."""

    __tablename__ = "revisions"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)


TABLE = table_of(Revision)
KNOWLEDGE, GROUPS, ACCOUNTS, LINKS, PEOPLE = "knowledge", "groups", "accounts", "links", "people"


def rise(session: Session, name: str = KNOWLEDGE) -> int:
    """The next number, held until the commit: two writers get different ones, in order."""
    return rise_on(session.connection(), name)


def rise_on(connection: Connection, name: str) -> int:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(TABLE).values(name=name, number=1)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"number": TABLE.c.number + 1}
    ).returning(TABLE.c.number)
    return int(connection.execute(statement).scalar_one())


def count(session: Session, name: str = KNOWLEDGE) -> int:
    return session.execute(select(TABLE.c.number).where(TABLE.c.name == name)).scalar() or 0


def find_all(session: Session) -> dict[str, int]:
    """Every counter by its name."""
    return {row.name: row.number for row in session.execute(select(TABLE.c.name, TABLE.c.number))}
