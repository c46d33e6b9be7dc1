"""WeCom (企业微信): customer groups and 微信客服 through the official HTTP APIs and encrypted callbacks."""

from bot.channels.wecom.channel import WecomChannel

__all__ = ["WecomChannel"]
