"""Groups in the browser, over WebSocket; docs/web-channel.md describes every frame."""

from bot.channels.web.channel import WebChannel

__all__ = ["WebChannel"]
