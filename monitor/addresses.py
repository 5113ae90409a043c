"""PURE: which addresses may not be connected to, whatever a feed, a page or a redirect names.

`ipaddress` alone does not tell (reference: polling 4.1): in Python 3.11 it calls 100.64/10, 6to4 and NAT64 addresses
public that lead to this machine or its network. Hence a list, and IPv4 addresses taken out of what they are wrapped in.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The registries of special addresses (RFC 6890 and what followed it); the first that fits names the reason.
_CLOSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a carrier's private network"),
        ("127.0.0.0/8", "this machine"),
        ("169.254.0.0/16", "a link-local network"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "this host"),
        ("::1/128", "this machine"),
        ("64:ff9b:1::/48", "a private translation to IPv4"),
        ("100::/64", "discarded by every router"),
        ("2001::/23", "reserved for protocols, such as Teredo"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
        ("5f00::/16", "a segment-routing network"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "a link-local network"),
        ("fec0::/10", "a private network"),
        ("ff00::/8", "multicast"),
    )
)
# Where an IPv4 address stands inside an IPv6 one: how many bits follow it.
_WRAPPED: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::/96"), 0),  # compatible
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (IPv6Network("::ffff:0:0:0/96"), 0),  # translated
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What an operator opens all the same: hosts by name, and networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def covers(self, host: str, address: str) -> bool:
        """Whether the host, or the address that it leads to, is open. A ValueError for what is no address."""
        if host.lower().rstrip(".") in self.names:
            return True
        parsed = ip_address(address.partition("%")[0])
        inside = (parsed, *_unwrapped(parsed))
        return any(each.version == network.version and each in network for network in self.networks for each in inside)


CLOSED = Opened()


def opened(items: tuple[str, ...]) -> Opened | str:
    """Host names, addresses and networks (`10.1.0.0/16`) as one record, or which of them is none of these."""
    names: set[str] = set()
    networks: list[Network] = []
    for item in items:
        text = item.strip().strip("[]")
        try:
            networks.append(ip_network(text))
            continue
        except ValueError as error:
            if "/" in text or ":" in text:
                return f"{item!r} is no network: {error}"
        name = text.lower().rstrip(".")
        parts = name.split(".")
        if not name or not all(part and part.replace("-", "").replace("_", "").isalnum() for part in parts):
            return f"{item!r} is no host name, address or network; write intranet.example.org or 10.1.0.0/16"
        names.add(name)
    return Opened(frozenset(names), tuple(networks))


def refusal(address: str) -> str | None:
    """Why an address may not be connected to, None when it may. What is no address may not be."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "no address"
    for each in (parsed, *_unwrapped(parsed)):
        for network, why in _CLOSED:
            if each.version == network.version and each in network:
                return why
    return None


def _unwrapped(address: Address) -> tuple[IPv4Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    return tuple(IPv4Address(int(address) >> behind & 0xFFFFFFFF) for network, behind in _WRAPPED if address in network)
