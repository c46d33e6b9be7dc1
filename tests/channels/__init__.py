"""Channels against peers that speak their networks' wire formats over real sockets."""
