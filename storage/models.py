"""Every table in one place, for migrations and for comparing a database with the code."""

from storage import (
    answers,
    audit,
    clocks,
    desk,
    faq,
    groups,
    handovers,
    hours,
    inbox,
    jobs,
    members,
    operators,
    outbox,
    products,
    revisions,
    search,
)
from storage.base import Base

METADATA = Base.metadata
TABLES = (
    answers, audit, clocks, desk, faq, groups, handovers, hours, inbox, jobs, members, operators, outbox, products,
    revisions, search,
)
