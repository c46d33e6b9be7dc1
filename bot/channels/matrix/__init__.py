"""The Matrix channel: rooms of any homeserver, and through its bridges other networks; the door of matrix-nio."""

from bot.channels.matrix.channel import MatrixChannel

__all__ = ["MatrixChannel"]
