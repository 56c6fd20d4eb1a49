"""The device class of a user agent: phone, tablet, desktop, bot or unknown (docs/decisions/0021)."""

import re
from functools import lru_cache

DEVICES = ("phone", "tablet", "desktop", "bot", "unknown")

# The first line that fits wins. Programs that say they are none of a person's come first, since they like to add the
# name of a browser; tablets before phones, since both say Android, and iPads say Mobile. Web views of the big apps
# carry the device's own words. iPads since iPadOS 13 call themselves a Macintosh: nothing in the text tells them.
_BOT = (
    r"bot\b|bot/|spider|crawl|slurp|fetcher|preview|monitor|pingdom|lighthouse|headless|facebookexternalhit|whatsapp/"
    r"|mediapartners|feedly|archiver|validator|scrap|python-|httpx|aiohttp|curl/|wget/|okhttp|java/|go-http-client"
    r"|axios|node-fetch|node\.js|libwww|apache-httpclient|guzzle|postman|insomnia|phantomjs|electron-fetch"
)
_TABLET = (
    r"ipad|tablet|kindle|silk/(?!.*mobile)|playbook|nexus (?:7|9|10)\b|sm-[tx]\d|android(?!.*(?:mobile|opera mini))"
)
_PHONE = r"iphone|ipod|android|windows phone|blackberry|bb10|opera mini|opera mobi|mobile|symbian|kaios"
_DESKTOP = r"windows nt|macintosh|mac os x|x11|cros |linux|freebsd|openbsd"
_CLASSES = (("bot", _BOT), ("tablet", _TABLET), ("phone", _PHONE), ("desktop", _DESKTOP))
_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _CLASSES)


@lru_cache(8_192)
def device_of(user_agent: str | None) -> str:
    """The class of a user agent."""
    if user_agent:
        text = user_agent.lower()
        for name, pattern in _PATTERNS:
            if pattern.search(text):
                return name
    return "unknown"
