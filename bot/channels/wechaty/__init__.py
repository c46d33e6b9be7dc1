"""WeChat groups through a Wechaty Puppet Service gateway; the only place that knows grpcio and wechaty-grpc."""

from bot.channels.wechaty.channel import WechatyChannel

__all__ = ["WechatyChannel"]
