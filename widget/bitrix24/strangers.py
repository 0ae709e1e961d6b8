"""How often one address may bring tokens that prove nothing: each of them is a call to the
authorisation server in our name, and a session is not needed to make one up."""

import logging
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from ratelimit import Limiter, Permits, Rate, StorageUnavailable
from widget.errors import ErrorCode, Refused

log = logging.getLogger(__name__)

# An office behind one address opens cards with tokens that prove something, and those are given
# back.
FAILURES = (Rate(every=2.0, burst=30),)


class Strangers:
    """`caller` is the address that the current request comes from, "" in background work."""

    def __init__(self, limiter: Limiter, caller: Callable[[], str]) -> None:
        self._limiter = limiter
        self._caller = caller

    def knock(self) -> Permits | None:
        """Take a permit before a token is proved. One round trip. Raises Refused for an address
        that failed too often."""
        key = network_of(self._caller())
        if not key:
            return None
        try:
            permits = self._limiter.acquire(key)
        except StorageUnavailable:
            return None  # this limit protects our name, and stopping all cards would cost more
        if not permits.granted:
            raise Refused(ErrorCode.PORTAL_BUSY, 429, "tokens that prove nothing")
        return permits

    def welcome(self, permits: Permits | None) -> None:
        """Give the permit back: the token was good, or the failure was not its fault. One round
        trip."""
        if permits is None:
            return
        try:
            self._limiter.refund(network_of(self._caller()), permits, 1)
        except StorageUnavailable:
            log.warning("strangers.permit_stays_spent")


def network_of(address: str) -> str:
    """The address, or the network of an IPv6 one, of which a subscriber has 2^64. "" for none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)
