"""What a message's tick says of the send that it was."""

from widget.gateways.base import Ack
from widget.storage.sends import SendState

STATES = {
    Ack.PENDING: SendState.QUEUED,
    Ack.SENT: SendState.SENT,
    Ack.DELIVERED: SendState.DELIVERED,
    Ack.READ: SendState.READ,
    Ack.FAILED: SendState.FAILED,
}
