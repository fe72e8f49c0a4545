"""Which addresses the service may fetch pictures from: public ones, and private networks that were allowed by name.

A URL comes from a stranger, who may point it at this machine, at the cloud's metadata address or into the private
network behind the service (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from tress.errors import InputError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
# Where clouds tell their machines' secrets.  Some count as public, others lie in networks that one may want to open.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            *("169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
            *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42"),
        ),
    )
)
_SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet, also when IPv4 hides inside IPv6."""
    if address in _METADATA:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None or address in _SITE_LOCAL:
            return False
        if (inner := _inner(address)) != address:
            return is_public(inner)
        if address.teredo is not None or int(address) < 2**32:
            return False
    return (
        address.is_global
        and not address.is_private
        and not address.is_loopback
        and not address.is_link_local
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


def _inner(address: Address) -> Address:
    """The IPv4 address that hides inside an IPv6 address; any other address itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class AddressGuard:
    """Decides about addresses.

    Args:
        networks: private networks (CIDR) that are fine all the same.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def is_listed(self, address: Address) -> bool:
        """Whether an address lies in a network that was allowed by name; the metadata of a cloud only by its own."""
        return any(
            address.version == network.version
            and address in network
            and (network.num_addresses == 1 or _inner(address) not in _METADATA)
            for network in self._networks
        )

    def judge(self, found: Iterable[str]) -> list[Address]:
        """The addresses that may be connected to, out of those that a name resolved to; each once, in their order.

        One bad address spoils the name: a name that points to both inside and outside is not an honest one.

        Raises:
            InputError: an address is not allowed, or there is none.
        """
        addresses = [ipaddress.ip_address(text) for text in found]
        if not addresses or not all(is_public(address) or self.is_listed(address) for address in addresses):
            raise InputError(
                "url_forbidden",
                "the URL does not lead to a public address",
                hint="give the URL of a picture on the internet, or send the picture itself",
            )
        return list(dict.fromkeys(addresses))
