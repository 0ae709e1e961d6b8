"""Evolution's words for states and events. Message statuses are in messages.py, error bodies in
answers.py."""

from widget.gateways.base import LineState

STATES = {"open": LineState.READY, "connecting": LineState.CONNECTING, "close": LineState.OFFLINE}
# Evolution does not connect again by itself after these (whatsapp.baileys.service.ts,
# connectionUpdate).
REASONS = {
    401: LineState.SCAN_QR,  # logged out on the phone
    402: LineState.BANNED,
    403: LineState.BANNED,
    406: LineState.BANNED,
}
EVENTS = (
    *("MESSAGES_UPSERT", "SEND_MESSAGE", "MESSAGES_UPDATE", "MESSAGES_EDITED", "MESSAGES_DELETE"),
    "CONNECTION_UPDATE",
)
SECRET_HEADER = "X-Webhook-Secret"  # noqa: S105 - the name of it; sent with each report as configured
