"""PURE: which IP addresses may be connected to, and what the operator opened.

`ipaddress.is_private` and `is_global` of Python 3.11 let multicast, shared, 6to4 and NAT64 addresses pass (reference:
polling 4.1), so the list is written out: the special-purpose registries of IANA (RFC 6890 and its updates). An IPv4
address inside an IPv6 one is judged too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The first that holds gives the reason, so what is narrower comes before what is wider.
_REFUSED_4 = {
    "0.0.0.0/8": "this network itself",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared behind a carrier's NAT",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved for protocols",
    "192.0.2.0/24": "for documentation",
    "192.88.99.0/24": "a 6to4 relay",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "for documentation",
    "203.0.113.0/24": "for documentation",
    "224.0.0.0/4": "multicast",
    "255.255.255.255/32": "broadcast",
    "240.0.0.0/4": "reserved",
}
_REFUSED_6 = {
    "::/128": "unspecified",
    "::1/128": "loopback",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64",
    "100::/64": "discarded",
    "2001::/32": "Teredo",
    "2001:2::/48": "for benchmarks",
    "2001::/23": "reserved for protocols",
    "2001:db8::/32": "for documentation",
    "2002::/16": "6to4",
    "3fff::/20": "for documentation",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
_Range = tuple[int, int, str]


def _ranges(refused: dict[str, str]) -> tuple[_Range, ...]:
    networks = ((ip_network(text), reason) for text, reason in refused.items())
    return tuple((int(each.network_address), int(each.broadcast_address), reason) for each, reason in networks)


_RANGES_4, _RANGES_6 = _ranges(_REFUSED_4), _ranges(_REFUSED_6)
_GLOBAL = IPv6Network("2000::/3")
# IPv4 in the last 32 bits: mapped, compatible (RFC 4291), translated (RFC 2765).
_WRAPPING = (IPv6Network("::ffff:0:0/96"), IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96"))
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_6TO4, _TEREDO = IPv6Network("2002::/16"), IPv6Network("2001::/32")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


def refusal(address: str) -> str | None:
    """Why an IP address may not be connected to, such as "loopback"; None: it may. A zone (`%eth0`) is left aside."""
    try:
        return _refusal(ip_address(address.partition("%")[0]))
    except ValueError:
        return "no IP address"


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


@dataclass(frozen=True, slots=True)
class Opened:
    """What the operator opened although it would be refused: host names as they are asked for, addresses, networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, items: Iterable[str]) -> "Opened | str":
        """From `feeds.intern`, `192.168.1.5`, `10.0.0.0/8`, `fd00::/8`; or a sentence on what is none of these."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for item in items:
            opened = _opened(item.strip())
            if opened is None:
                return f"{item!r} is neither a host name, an IP address nor a network such as 192.168.0.0/16"
            if isinstance(opened, str):
                hosts.add(opened)
            else:
                networks.append(opened)
        return cls(frozenset(hosts), tuple(networks))

    def refusal(self, host: str, address: str) -> str | None:
        """Why the address may not be connected to for the sake of this host; None: it may."""
        reason = refusal(address)
        if reason is None or plain(host) in self.hosts:
            return None
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return reason
        return None if self._admits(parsed) else reason

    def _admits(self, address: Address) -> bool:
        inner = _inside(address)
        if inner is None:
            return any(address in each for each in self.networks)
        # Whoever opens NAT64 means the web behind it, not the loopback of the translator.
        wrapped = _wraps(address) or any(address in each for each in self.networks)
        return wrapped and (_refusal(inner) is None or self._admits(inner))


def plain(host: str) -> str:
    """A host name as it is compared: small letters, ASCII (IDNA), no dot at the end."""
    host = host.lower().removesuffix(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _opened(item: str) -> str | Network | None:
    try:
        network = ip_network(item if "%" not in item else "")
    except ValueError:
        name = plain(item)
        return name if _NAME.fullmatch(name) and (literal(name) is None or name.endswith("localhost")) else None
    # `::ffff:10.0.0.1` is the same place as 10.0.0.1.
    inner = _inside(network.network_address) if network.prefixlen == network.max_prefixlen else None
    return ip_network(inner) if inner is not None and _wraps(network.network_address) else network


def _refusal(address: Address) -> str | None:
    number = int(address)
    for first, last, reason in _RANGES_4 if address.version == 4 else _RANGES_6:
        if first <= number <= last:
            return reason
    if isinstance(address, IPv4Address) or address in _GLOBAL:
        return None
    inner = _inside(address)
    if inner is None:
        return "outside of what is given out to the world"
    why = _refusal(inner)
    return f"{why}, as {inner} inside IPv6" if why else None


def _wraps(address: Address) -> bool:
    return isinstance(address, IPv6Address) and any(address in each for each in _WRAPPING)


def _inside(address: Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 one, for the forms that have one."""
    if not isinstance(address, IPv6Address) or int(address) < 2:
        return None
    number = int(address)
    if _wraps(address) or any(address in each for each in _NAT64):
        return IPv4Address(number & 0xFFFFFFFF)
    if address in _6TO4:
        return IPv4Address(number >> 80 & 0xFFFFFFFF)
    # Teredo holds the client's address inverted (RFC 4380).
    return IPv4Address(~number & 0xFFFFFFFF) if address in _TEREDO else None


def _number(part: str) -> int:
    if part[:2] == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") and part != "0" else int(part)
