"""Builds the gateways of all lines."""

from ratelimit import Rate
from widget.addresses import AddressRules, PublicOnly
from widget.gateways.calls import Timeouts
from widget.gateways.lines import Gateways
from widget.gateways.pace import Pace
from widget.gateways.states import States
from widget.http import make_client
from widget.infrastructure import Infrastructure


def build_gateways(infra: Infrastructure) -> Gateways:
    config = infra.config
    return Gateways(
        infra.client if config.allow_private_lines else lambda: make_client(backend=PublicOnly()),
        Timeouts(config.check_timeout, config.history_timeout, config.send_timeout),
        rules=AddressRules(config.allow_http, config.allow_private_lines),
        clock=infra.clock,
        file_hosts=config.file_hosts,
        pace=Pace(infra.limiter("pace", [Rate(every=1)]), infra.sleep),
        states=States(infra.clock, infra.cache, infra.behind),
    )
