"""PURE: which addresses may not be connected to, whatever a feed, a page or a redirect names.

`ipaddress` alone does not tell (reference: polling 4.1): in Python 3.11 it calls 100.64/10, 6to4 and NAT64 addresses
public that lead to this machine or its network. Hence a list, and IPv4 addresses taken out of what they are wrapped in.
"""

import re
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


_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


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


def literal(host: str) -> str | None:
    """The IP address that a host spells, None for a name.

    Resolvers take `2130706433`, `0x7f.1` and `0177.0.0.1` for 127.0.0.1 (inet_aton), and `localhost` is never anything
    but loopback (RFC 6761); whoever does not resolve names must know that too.
    """
    host = host.lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) and len(part) < 40 for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    *head, last = numbers
    if any(each > 255 for each in head) or last >= 256 ** (5 - len(parts)):
        return None
    return str(IPv4Address(sum(each << 8 * (3 - i) for i, each in enumerate(head)) + last))


def _number(part: str) -> int:
    if part[:2] == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") and part != "0" else int(part)


def _unwrapped(address: Address) -> tuple[IPv4Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    return tuple(IPv4Address(int(address) >> behind & 0xFFFFFFFF) for network, behind in _WRAPPED if address in network)
