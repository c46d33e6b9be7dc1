"""The web channel over real sockets, and its pages in a real browser."""
