"""The embedded retriever: FAQ entries and products as passages, found by what members ask."""

from content.knowledge.knowledge import SPEAK_ADDRESSED, SPEAK_UNADDRESSED, Knowledge
from content.knowledge.passages import Candidate, Passage, Spoken
from content.knowledge.questions import QUESTION_THRESHOLD, question_likelihood
from content.knowledge.text import normalise

__all__ = [
    "QUESTION_THRESHOLD",
    "SPEAK_ADDRESSED",
    "SPEAK_UNADDRESSED",
    "Candidate",
    "Knowledge",
    "Passage",
    "Spoken",
    "normalise",
    "question_likelihood",
]
