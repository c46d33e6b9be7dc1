"""What is written and read: words, masks."""
