"""What can be learned from talk: questions that belong together, wishes, and texts without personal data."""
