"""Which addresses count as one client."""

from __future__ import annotations

import ipaddress

# What one customer is given: whoever has one address of it has all of them.
_IPV6_PREFIX = 64


def client_of(address: str) -> str:
    """The address itself, or the /64 network of an IPv6 address; what is no address stays as it is."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)
