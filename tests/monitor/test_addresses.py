from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.addresses import Opened, literal, refusal


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("8.8.8.8", None),
        ("0.0.0.0", "this network itself"),
        ("0.1.2.3", "this network itself"),
        ("10.0.0.1", "private"),
        ("100.63.255.255", None),
        ("100.64.0.1", "shared behind a carrier's NAT"),
        ("100.127.255.255", "shared behind a carrier's NAT"),
        ("100.128.0.0", None),
        ("127.0.0.1", "loopback"),
        ("127.255.3.4", "loopback"),
        ("169.254.169.254", "link-local"),
        ("172.15.255.255", None),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", None),
        ("192.0.0.8", "reserved for protocols"),
        ("192.0.2.1", "for documentation"),
        ("192.88.99.1", "a 6to4 relay"),
        ("192.168.1.1", "private"),
        ("198.17.255.255", None),
        ("198.18.0.1", "for benchmarks"),
        ("198.19.255.255", "for benchmarks"),
        ("198.51.100.7", "for documentation"),
        ("203.0.113.7", "for documentation"),
        ("223.255.255.255", None),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("2606:4700:4700::1111", None),
        ("2001:4860:4860::8888", None),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::1%lo", "loopback"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "site-local"),
        ("fc00::1", "private"),
        ("fd12:3456::1", "private"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "for documentation"),
        ("3fff::1", "for documentation"),
        ("2002:7f00:1::", "6to4"),
        ("2002:808:808::", "6to4"),
        ("2001::1", "Teredo"),
        ("2001:2::1", "for benchmarks"),
        ("2001:10::1", "reserved for protocols"),
        ("64:ff9b::7f00:1", "NAT64"),
        ("64:ff9b::808:808", "NAT64"),
        ("64:ff9b:1::1", "NAT64"),
        ("100::1", "discarded"),
        ("4000::1", "outside of what is given out to the world"),
        ("::ffff:127.0.0.1", "loopback, as 127.0.0.1 inside IPv6"),
        ("::ffff:8.8.8.8", None),
        ("::10.0.0.1", "private, as 10.0.0.1 inside IPv6"),
        ("::ffff:0:169.254.169.254", "link-local, as 169.254.169.254 inside IPv6"),
        ("example.org", "no IP address"),
        ("", "no IP address"),
        ("127.1", "no IP address"),
    ],
)
def test_an_address_is_refused_with_its_reason(address, reason):
    assert refusal(address) == reason


@given(st.ip_addresses(v=4))
def test_what_python_calls_private_is_refused_with_or_without_ipv6_around_it(address):
    wrapped = [str(IPv6Address(prefix + int(address))) for prefix in (0xFFFF << 32, 0xFFFF << 48)]
    if address.is_private or address.is_reserved or address.is_multicast or address.is_unspecified:
        assert refusal(str(address))
        assert all(refusal(each) for each in wrapped)
    for prefix in ("64:ff9b::", "64:ff9b:1::"):
        assert refusal(str(IPv6Address(int(IPv6Address(prefix)) + int(address))))
    assert refusal(str(IPv6Address((0x2002 << 112) + (int(address) << 80))))


@given(st.ip_addresses(v=6))
def test_only_what_is_given_out_is_connected_to(address):
    if refusal(str(address)) is None:
        assert address in ip_network("2000::/3") or address.ipv4_mapped or int(address) < 1 << 80


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0X7F000001", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::ffff:127.0.0.1", "::ffff:7f00:1"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST.", "127.0.0.1"),
        ("feeds.localhost", "127.0.0.1"),
        ("4294967296", None),
        ("1.2.3.4.5", None),
        ("256.1.1.1", None),
        ("0899.1.1.1", None),
        ("example.org", None),
        ("10.example.org", None),
        ("notlocalhost", None),
        ("", None),
        ("." * 300, None),
        ("9" * 5000, None),
    ],
)
def test_a_host_that_spells_an_address_is_known_for_it(host, address):
    assert literal(host) == address


@given(st.text(max_size=40))
def test_no_host_and_no_address_raises(text):
    refusal(text)
    literal(text)
    Opened.parse([text])


@pytest.mark.parametrize(
    "item",
    ["", " ", "http://intern/", "intern:80", "192.168.1.5/16", "2130706433", "0x7f.1", "10.0.0.0/33", "*.intern",
     "fe80::1%eth0", "a b", "-a.intern", "user@intern"],
)  # fmt: skip
def test_what_opens_nothing_is_told(item):
    told = Opened.parse(["10.0.0.0/8", item])
    assert isinstance(told, str)
    assert repr(item) in told


OPENED = Opened.parse(
    ["Feeds.Intern.", "münchen.intern", "192.168.1.5", "10.1.0.0/16", "fd00::/8", "64:ff9b::/96", "localhost"]
)


@pytest.mark.parametrize(
    ("host", "address", "open_"),
    [
        ("feeds.intern", "10.9.9.9", True),
        ("FEEDS.intern.", "127.0.0.1", True),
        ("xn--mnchen-3ya.intern", "10.9.9.9", True),
        ("localhost", "::1", True),
        ("other.intern", "10.9.9.9", False),
        ("not.feeds.intern", "10.9.9.9", False),
        ("other.intern", "10.1.2.3", True),
        ("other.intern", "::ffff:10.1.2.3", True),
        ("other.intern", "::ffff:10.9.2.3", False),
        ("other.intern", "192.168.1.5", True),
        ("other.intern", "192.168.1.6", False),
        ("other.intern", "fd00::7", True),
        ("other.intern", "fc00::7", False),
        ("example.org", "64:ff9b::808:808", True),
        ("example.org", "64:ff9b::7f00:1", False),
        ("example.org", "64:ff9b::a01:203", True),
        ("example.org", "2002:a01:203::", False),
        ("example.org", "8.8.8.8", True),
        ("example.org", "nonsense", False),
    ],
)
def test_the_operator_opens_hosts_addresses_and_networks(host, address, open_):
    assert (OPENED.refusal(host, address) is None) is open_


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_opens_itself_and_nothing_else(address, length):
    network = ip_network(f"{address}/{min(length, address.max_prefixlen)}", strict=False)
    opened = Opened.parse([str(network)])
    assert isinstance(opened, Opened)
    for each in ("127.0.0.1", "10.0.0.1", "fd00::1", "fe80::1", "224.0.0.1"):
        inside = ip_address(each).version == network.version and ip_address(each) in network
        assert (opened.refusal("example.org", each) is None) is inside
