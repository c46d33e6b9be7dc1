"""The rules of the house, checked by reading it."""
