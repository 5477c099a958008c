"""Addresses that could be one machine's count together, others never."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.origins import origin


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("2001:DB8::1", "2001:db8:0:0::2", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("64:ff9b::192.0.2.1", "192.0.2.1", True),
        ("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", False),
        ("192.0.2.1:4711", "192.0.2.1", True),
        ("[2001:db8::1]:4711", "2001:db8::2", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "testclient", True),
        ("testclient", "another", False),
    ],
)
def test_addresses_count_together_of_whoever_could_be_one_machine(
    one: str, other: str, together: bool
) -> None:
    assert (origin(one) == origin(other)) == together


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0x2000 << 48, (0x4000 << 48) - 1),
    st.lists(st.integers(0, 2**64 - 1)),
)
def test_an_ipv4_address_is_one_however_carried_and_an_ipv6_network_is_one(
    four: int, network: int, hosts: list[int]
) -> None:
    plain = str(IPv4Address(four))
    assert origin(plain) == origin(f"::ffff:{plain}") == plain
    assert len({origin(str(IPv6Address(network << 64 | host))) for host in hosts}) <= 1
    assert origin(str(IPv6Address(network << 64))) != origin(str(IPv6Address((network ^ 1) << 64)))


@given(st.text(max_size=200))
def test_whatever_a_proxy_says_has_a_name_of_bounded_length(said: str) -> None:
    assert len(origin(said)) <= 64
