"""The suite: short scenes against the real operator on real databases."""
