"""The whole product: the real process, a real browser, a newcomer's first evening."""
