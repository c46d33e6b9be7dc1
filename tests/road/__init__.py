"""The road of an event: kept, in order, once."""
