"""Builds what talks with portals."""

from collections.abc import Callable
from dataclasses import dataclass

from widget.bitrix24.adding import PhoneAdder
from widget.bitrix24.authentication import Authenticator
from widget.bitrix24.exchanges import Exchanges
from widget.bitrix24.installer.installer import Installer
from widget.bitrix24.oauth import OAuth, OwnApplication
from widget.bitrix24.renewal import Renewal
from widget.bitrix24.rest import Rest
from widget.bitrix24.strangers import FAILURES, Strangers
from widget.http import of_kind
from widget.infrastructure import Infrastructure
from widget.storage.building import Repositories

PORTAL_CLIENTS = 8  # of 16 connections each, shared by all portals


@dataclass(frozen=True)
class Bitrix24:
    oauth: OAuth
    rest: Rest
    authenticator: Authenticator
    installer: Installer
    phones: PhoneAdder


def build_bitrix24(infra: Infrastructure, stored: Repositories, caller: Callable[[], str]) -> Bitrix24:
    """`caller` says the address that a request comes from, "" in a job."""
    config, clock, metrics = infra.config, infra.clock, infra.metrics
    oauth = OAuth(
        of_kind("oauth", infra.client()),
        config.auth_servers,
        OwnApplication(config.bitrix_client_id, config.bitrix_client_secret),
        allow_http=config.allow_http,
        timeout=config.portal_timeout,
        clock=clock,
        strangers=Strangers(infra.limiter("strangers", FAILURES), caller),
    )
    # Both authorisation servers may be asked in turn, and the answer has to be stored.
    renewal = Renewal(oauth, stored.portals, stored.tokens, metrics, lease_seconds=2 * config.portal_timeout + 5)
    exchanges = Exchanges(
        [of_kind("portal", infra.client()) for _ in range(PORTAL_CLIENTS)],
        stored.rest_log,
        timeout=config.portal_timeout,
        patience=config.portal_patience,
        clock=clock,
        sleep=infra.sleep,
    )
    rest = Rest(exchanges, oauth, renewal, stored.portals, stored.tokens, metrics)
    installer = Installer(
        oauth,
        rest,
        stored.portals,
        stored.tokens,
        stored.events,
        public_url=config.public_url,
        clock=clock,
    )
    authenticator = Authenticator(oauth, stored.portals, stored.tokens, clock)
    return Bitrix24(oauth, rest, authenticator, installer, PhoneAdder(rest, infra.cache))
