"""Every table in one place, for migrations and for comparing a database with the code."""

from storage import (
    audit,
    demands,
    faq,
    groups,
    handovers,
    inbox,
    jobs,
    learning,
    members,
    model,
    operators,
    outbox,
    products,
    proposals,
    question_sets,
    revisions,
    search,
)
from storage.base import Base

METADATA = Base.metadata
TABLES = (
    audit, demands, faq, groups, handovers, inbox, jobs, learning, members, model, operators, outbox, products,
    proposals, question_sets, revisions, search,
)
