"""Every table in one place, for migrations and for comparing a database with the code."""

from storage import (
    answers,
    audit,
    clocks,
    demands,
    desk,
    faq,
    groups,
    handovers,
    hours,
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
    wecom,
)
from storage.base import Base

METADATA = Base.metadata
TABLES = (
    answers, audit, clocks, demands, desk, faq, groups, handovers, hours, inbox, jobs, learning, members, model,
    operators, outbox, products, proposals, question_sets, revisions, search, wecom,
)
