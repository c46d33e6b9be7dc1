"""A member's own page of referring: who sees it, what it says, and what it does."""
