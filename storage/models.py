"""Every table in one place, for migrations and for comparing a database with the code."""

from storage import (
    audit,
    faq,
    groups,
    handovers,
    inbox,
    jobs,
    members,
    model,
    operators,
    outbox,
    products,
    revisions,
    search,
)
from storage.base import Base

METADATA = Base.metadata
TABLES = (
    audit, faq, groups, handovers, inbox, jobs, members, model, operators, outbox, products, revisions, search,
)
