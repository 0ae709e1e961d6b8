"""Evolution API (EvolutionAPI/evolution-api): one instance of it is a line."""

from widget.gateways.evolution.adapter import CAPABILITIES, Evolution
from widget.gateways.evolution.webhooks import EvolutionWebhooks
from widget.gateways.kind import GatewayKind

KIND = GatewayKind(
    name="evolution",
    title="Evolution API",
    home=Evolution.home,
    capabilities=CAPABILITIES,
    open=Evolution,
    webhooks=EvolutionWebhooks(),
    address_example="https://evolution.example.com",
    session_example="sales",
)
