from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.addresses import CLOSED, Opened, opened, refusal


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.19.255.255",
        "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1",
        "::", "::1", "fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
        "2001::1", "64:ff9b:1::1",
        # an IPv4 address inside
        "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::192.168.0.1",
        "2002:7f00:1::", "2002:c0a8:101::1",
        "no address", "", "127.1", "0x7f.1", "2130706433",
    ],
)  # fmt: skip
def test_addresses_that_lead_home_or_nowhere_are_refused(address: str) -> None:
    assert refusal(address) is not None


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "198.17.0.1",
     "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::808:808",
     "2002:808:808::1"],
)  # fmt: skip
def test_addresses_of_the_web_are_not(address: str) -> None:
    assert refusal(address) is None


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_whatever_it_is_wrapped_in(inside: IPv4Address) -> None:
    bare = refusal(str(inside))
    for prefix in ("::ffff:", "64:ff9b::"):
        wrapped = refusal(f"{prefix}{inside}")
        assert (wrapped is None) == (bare is None)
    six = IPv6Address(0x2002 << 112 | int(inside) << 80 | 1)
    assert (refusal(str(six)) is None) == (bare is None)


@given(st.ip_addresses())
def test_what_python_calls_private_or_multicast_is_refused_too(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_loopback or address.is_link_local:
        assert refusal(str(address)) is not None


@given(st.text(max_size=40))
def test_no_text_makes_it_raise(text: str) -> None:
    refusal(text)
    opened((text,))


def test_what_the_operator_opens_is_open_by_name_address_or_network() -> None:
    some = opened(("Intranet.example.org", "10.1.0.0/16", "::1", "127.0.0.1"))
    assert isinstance(some, Opened)
    assert some.covers("intranet.example.org", "192.168.0.1")
    assert some.covers("INTRANET.example.org.", "192.168.0.1")
    assert not some.covers("other.example.org", "192.168.0.1")
    assert not some.covers("evil.intranet.example.org", "192.168.0.1")
    assert some.covers("any.example.org", "10.1.255.1")
    assert some.covers("any.example.org", "::ffff:10.1.0.1")
    assert not some.covers("any.example.org", "10.2.0.1")
    assert some.covers("localhost", "::1")
    assert not CLOSED.covers("localhost", "127.0.0.1")


@pytest.mark.parametrize("item", ["10.0.0.0/33", "10.0.0.1/8", "a b", "http://intranet", "", "-/-", "fe80::/200"])
def test_what_is_none_of_these_is_named(item: str) -> None:
    assert repr(item) in str(opened((item,)))


def test_the_list_speaks_of_addresses_that_python_knows() -> None:
    assert ip_address("64:ff9b::7f00:1").is_global  # why there is a list
