"""How people reach it: the address, its certificate, and the web servers in front that say who asks."""

import http.client
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from deploy.doctor.findings import Finding, ok, warning
from service.kernel.i18n import gettext as _
from service.kernel.settings import Settings, proxies

PATIENCE_S = 5.0
LEAST_DAYS = 21
HSTS = "Strict-Transport-Security"
MOST_PROXIES = 2**16  # addresses of public networks that anybody's may be among


@dataclass(frozen=True)
class Answer:
    """`days`: for which the certificate is good."""

    days: float
    hsts: Sequence[str]


def address(settings: Settings) -> Iterator[Finding]:
    url = settings.public_url
    where = urlsplit(url)
    if not url or (where.scheme != "https" and is_loopback(where.hostname or "")):
        yield ok("address", _("for this machine alone ({url})").format(url=url or "127.0.0.1"))
    elif where.scheme != "https":
        yield warning(
            "address",
            _("passwords and recordings cross the network unencrypted ({url})").format(url=url),
            _(
                "Put nginx with a certificate in front (deploy/nginx), and its https address in ZHENGLU_PUBLIC_URL."
            ),
        )
    elif settings.insecure_cookie:
        yield warning(
            "address",
            _("browsers send the session's cookie unencrypted, too"),
            _("Leave out {name}.").format(name="ZHENGLU_INSECURE_COOKIE"),
        )
    else:
        yield _encrypted(url, where)


def _encrypted(url: str, where: SplitResult) -> Finding:
    try:
        answer = ask(where)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
        return warning(
            "address",
            _("{url} cannot be asked from here: {reason}").format(url=url, reason=reason),
            _("Look whether browsers reach it, and whether its certificate is good."),
        )
    if answer.days < LEAST_DAYS:
        return warning(
            "address",
            _("its certificate ends in {days} days").format(days=int(answer.days)),
            _("Have it renewed, and nginx reloaded."),
        )
    if len(answer.hsts) != 1:
        return warning(
            "address",
            _("{name} is said {n} times").format(name=HSTS, n=len(answer.hsts)),
            _("Let one say it, as in deploy/nginx: without it a browser may be led away from encryption."),
        )
    return ok("address", _("{url}, certificate good for {days} days").format(url=url, days=int(answer.days)))


def ask(where: SplitResult) -> Answer:
    """By the certificates that this machine trusts."""
    trusted = ssl.create_default_context()
    connection = http.client.HTTPSConnection(
        where.hostname or "", where.port or 443, timeout=PATIENCE_S, context=trusted
    )
    try:
        connection.request("GET", "/healthz")
        shown = connection.sock.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(shown["notAfter"]))
        headers = connection.getresponse().headers
    finally:
        connection.close()
    return Answer((ends - datetime.now(UTC).timestamp()) / 86_400, headers.get_all(HSTS, []))


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def web_servers(settings: Settings) -> Iterator[Finding]:
    """One that is not believed makes all people one address: custody says so, and what is counted by address counts
    them all. One believed too easily lets anybody be anybody."""
    from service.kernel.forwarded import unheard

    believed = proxies(settings.trusted_proxies)
    behind_one = settings.public_url.startswith("https://")
    not_heard = [peer for peer in unheard(settings.redis_url) if not among(peer, believed)]
    set_it = _("If they are web servers of yours, set ZHENGLU_TRUSTED_PROXIES={names}.")
    if wide := [network for network in believed if too_wide(network)]:
        yield warning(
            "proxies",
            _("anybody in {networks} may say who calls").format(networks=", ".join(map(str, wide))),
            _("Name in ZHENGLU_TRUSTED_PROXIES only the addresses of your web servers."),
        )
    elif not_heard:
        names = ",".join(not_heard)
        yield warning(
            "proxies",
            _("requests from {names} name other callers, and are not believed").format(names=names),
            set_it.format(names=names),
        )
    elif behind_one and not believed:
        yield warning(
            "proxies",
            _("a web server must stand in front ({url}), and none is believed on who calls").format(
                url=settings.public_url
            ),
            _("Set ZHENGLU_TRUSTED_PROXIES to its address, as this machine sees it."),
        )
    elif believed:
        yield ok("proxies", _("{names} say who calls").format(names=settings.trusted_proxies))
    else:
        yield ok("proxies", _("none: whoever connects is who calls"))


def among(peer: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(ip_address(peer) in network for network in networks)


def too_wide(network: IPv4Network | IPv6Network) -> bool:
    return network.prefixlen == 0 or (not network.is_private and network.num_addresses > MOST_PROXIES)
