"""The state of a send by the tick of its message."""

from widget.gateways.base import Ack
from widget.storage.sends import SendState

STATES = {
    Ack.PENDING: SendState.QUEUED,
    Ack.SENT: SendState.SENT,
    Ack.DELIVERED: SendState.DELIVERED,
    Ack.READ: SendState.READ,
    Ack.FAILED: SendState.FAILED,
}
