"""What a browser says of itself: a person's browser, a robot, or what a chat app sends to look at a link beforehand."""

from __future__ import annotations

import re
from functools import lru_cache

from storage.clicks import BOT, COUNTED, PREVIEW

LONGEST = 400
# Names as these programs state them in User-Agent. Chat apps' own browsers (MicroMessenger, DingTalk, Lark, Line) carry a
# person; only what the apps' servers send is named here.
_PREVIEWS = (
    "facebookexternalhit", "facebot", "whatsapp/", "telegrambot", "twitterbot", "slackbot", "slack-imgproxy", "discordbot",
    "linkedinbot", "skypeuripreview", "synapse", "line-poker", "kakaotalk-scrap", "viber", "redditbot", "vkshare", "embedly",
    "iframely", "mastodon", "bitlybot", "dingtalkbot", "larkbot", "feishubot", "wechatbot", "google-pagerenderer",
    "googlemessages", "applebot", "microsoftpreview", "bingpreview", "urlpreview", "url-preview", "linkpreview", "link-preview",
    "prefetch", "tencenttraveler/link",
)
_BOTS = (
    "spider", "crawler", "crawl", "slurp", "curl/", "wget/", "python-requests", "python-urllib", "aiohttp", "httpx", "go-http-client",
    "java/", "libwww", "scrapy", "axios", "node-fetch", "undici", "headlesschrome", "phantomjs", "okhttp", "apache-httpclient",
    "monitor", "uptime", "pingdom", "lighthouse", "125la", "zgrab", "masscan", "nuclei", "sqlmap", "wrk/", "postmanruntime",
)
# «Cubot» is a maker of phones; a robot's name ends in bot, or says so in a word of its own.
_BOT_WORD = re.compile(r"(?<!cu)bot(?![a-z])|\brobot\b")
_BROWSERS = (
    ("wechat", "micromessenger"), ("wecom", "wxwork"), ("dingtalk", "dingtalk"), ("feishu", "lark"), ("qq", "qq/"),
    ("alipay", "alipayclient"), ("edge", "edg"), ("firefox", "firefox"), ("chrome", "chrome"), ("safari", "safari"),
)


@lru_cache(maxsize=8_192)
def judge(agent: str) -> tuple[str, str]:
    """(verdict, short name): counted for a person's browser, preview, or bot; whoever says nothing is no browser."""
    said = agent[:LONGEST].lower()
    for name in _PREVIEWS:
        if name in said:
            return PREVIEW, name.strip("/")[:24]
    for name in _BOTS:
        if name in said:
            return BOT, name.strip("/")[:24]
    if not said.strip():
        return BOT, "nameless"
    if _BOT_WORD.search(said) is not None:
        return BOT, "bot"
    name = next((name for name, sign in _BROWSERS if sign in said), "other")
    return COUNTED, name


def is_only_looking(purpose: str, dest: str) -> bool:
    """Was a page asked for beforehand, or as part of another page, rather than opened by somebody? By the headers
    Sec-Purpose (or Purpose) and Sec-Fetch-Dest."""
    return "prefetch" in purpose or "preview" in purpose or dest not in ("", "document", "empty")
