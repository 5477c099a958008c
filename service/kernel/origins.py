"""Who could be one machine, by the address it comes from. Pure."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

NAT64 = ip_network("64:ff9b::/96")
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d+)?|(?P<four>[\d.]+):\d+")


def origin(address: str) -> str:
    """Under which name an address is counted: whoever has IPv6 has a whole network of addresses, and an IPv4 address
    is the same however it is carried."""
    if found := _WITH_PORT.fullmatch(address):
        address = found["six"] or found["four"] or ""
    try:
        # A zone may hold nearly anything: it is of the receiving machine, not of who sends.
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(read, IPv6Address):
        if read.ipv4_mapped is not None:
            return str(read.ipv4_mapped)
        if read in NAT64:
            return str(IPv4Address(int(read) & 0xFFFFFFFF))
        return str(ip_network((read, 64), strict=False))
    return str(read)
