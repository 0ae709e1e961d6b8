"""GREEN-API (green-api.com), a hosted gateway: one instance of it is a line."""

from widget.gateways.green.adapter import CAPABILITIES, Green
from widget.gateways.green.webhooks import GreenWebhooks
from widget.gateways.kind import GatewayKind

KIND = GatewayKind(
    name="green",
    title="GREEN-API",
    home=Green.home,
    capabilities=CAPABILITIES,
    open=Green,
    webhooks=GreenWebhooks(),
    address_example="https://1101.api.green-api.com",
    session_example="1101000001",
    session_is_number=True,  # its idInstance
    restarts_for_reports=True,
)
