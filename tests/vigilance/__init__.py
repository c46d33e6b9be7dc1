"""What looks like cheating: the rules, what is held, the queue, and what members see of it."""
