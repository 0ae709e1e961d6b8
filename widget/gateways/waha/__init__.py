"""WAHA (devlikeapro/waha): one session of it is a line."""

from widget.gateways.kind import GatewayKind
from widget.gateways.waha.adapter import CAPABILITIES, Waha
from widget.gateways.waha.webhooks import WahaWebhooks

KIND = GatewayKind(
    name="waha",
    title="WAHA",
    home=Waha.home,
    capabilities=CAPABILITIES,
    open=Waha,
    webhooks=WahaWebhooks(),
    address_example="https://waha.example.com",
    session_example="default",
    restarts_for_reports=True,
)
