"""GREEN-API keeps the contract of every gateway."""

import pytest

from tests.gateways.contract import OUR_ID, STRANGER, Contract
from widget.gateways.base import Ack, GatewayErrorCode, Sent
from widget.gateways.green.webhooks import GreenWebhooks

ID = "1101000001"


class TestGreen(Contract):
    name = ID
    kind = "green"
    webhooks = GreenWebhooks()
    goes_out = Sent.QUEUED
    keeps_pairs = False
    throttled = GatewayErrorCode.BUSY

    @pytest.fixture
    def adapter(self, green):
        return green

    @pytest.fixture
    def down(self, green, outside):
        outside.set_line(ID, "SCAN_QR_CODE")
        return green

    @pytest.fixture
    def broken(self, green_line, outside):
        def broken(fault):
            outside.break_gateway(fault, times=None)
            return green_line()

        return broken

    def test_nothing_is_sent_over_a_line_that_is_not_connected(self, down):
        """It is taken into the queue, and that is what it is called."""
        chat = down.chat_id_of(STRANGER.phone)
        result = down.send_text(chat, "hi", message_id=OUR_ID)
        assert result.outcome is Sent.QUEUED
        assert down.find_message(chat, result.message_id).ack is Ack.PENDING

    def test_typing_is_told_and_ends(self, adapter, outside):
        """By itself."""
        chat = adapter.chat_id_of(STRANGER.phone)
        adapter.typing(chat, on=True)
        adapter.typing(chat, on=False)
        assert outside.calls() == {"sendTyping": 1}
