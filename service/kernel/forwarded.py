"""Who names another caller (X-Forwarded-For) and is not believed: a web server that the settings forgot, or a liar.

Kept for some days in Redis, where `zhenglu doctor` finds it: it is a hint, and may be lost.
"""

import logging
import time
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address

from redis import Redis
from redis.exceptions import RedisError

from service.kernel.settings import get_settings

log = logging.getLogger(__name__)

KEY = "zhenglu.forwarded-unheard"
KEPT = timedelta(days=3)
MOST = 20
SAY_AGAIN_AFTER_S = 3600.0
_said: dict[str, float] = {}


def not_heard(peer: str) -> None:
    """Once an hour for each, and for so many: strangers shall neither fill the log nor the broker."""
    at = time.monotonic()
    if at - _said.get(peer, -SAY_AGAIN_AFTER_S) < SAY_AGAIN_AFTER_S or (
        len(_said) >= MOST and peer not in _said
    ):
        return
    _said[peer] = at
    try:
        ip_address(peer)
    except ValueError:  # no peer of a network
        return
    log.warning("%s names other callers, and is not believed: see ZHENGLU_TRUSTED_PROXIES", peer)
    with suppress(RedisError, ValueError), _broker(get_settings().redis_url) as broker:
        if broker.scard(KEY) < MOST:
            broker.sadd(KEY, peer)
            broker.expire(KEY, KEPT)


def unheard(redis_url: str) -> list[str]:
    """Peers of the last days, sorted; none where they cannot be asked for."""
    with suppress(RedisError, ValueError), _broker(redis_url) as broker:
        return sorted(broker.smembers(KEY))
    return []


def _broker(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)
