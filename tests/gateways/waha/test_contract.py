"""WAHA keeps the contract of every gateway."""

import pytest

from sandbox import people
from tests.gateways.contract import LETTER, OUR_ID, PICTURE, Contract
from widget.gateways.base import Ack, Sent
from widget.gateways.waha.webhooks import WahaWebhooks


class TestWaha(Contract):
    name = "sales"
    kind = "waha"
    webhooks = WahaWebhooks()

    @pytest.fixture
    def adapter(self, waha):
        return waha

    @pytest.fixture
    def down(self, line):
        return line("archive")

    @pytest.fixture
    def broken(self, line, outside):
        def broken(fault):
            outside.break_gateway(fault, times=None)
            return line()

        return broken


ORDERS = "79261112233@c.us"


@pytest.mark.parametrize("version", ["2026.2.1", "2026.7.1"])
@pytest.mark.parametrize("engine", ["NOWEB", "GOWS", "WEBJS"])
class TestEveryEngine:
    """What differs between WAHA's engines and versions, and must not differ for whoever reads the
    chat."""

    @pytest.fixture
    def adapter(self, waha, outside, engine, version):
        outside.set_up("sales", engine=engine, version=version, store=True)
        return waha

    def test_what_is_sent_is_one_message_under_the_id_that_was_given(self, adapter):
        sent = [
            adapter.send_text(ORDERS, "Здравствуйте", message_id=OUR_ID),
            adapter.send_file(ORDERS, PICTURE, message_id=OUR_ID, caption="План"),
            adapter.send_file(ORDERS, LETTER, message_id=OUR_ID),
        ]
        assert {one.outcome for one in sent} <= {Sent.SENT, Sent.QUEUED}
        shown = adapter.history([ORDERS], None, 10).messages
        assert {message.id for message in shown} == {one.message_id for one in sent}
        assert {message.media.kind for message in shown if message.media} == {"image", "document"}
        assert [message.media.name for message in shown if message.media] == [LETTER.name, PICTURE.name]

    def test_edits_and_deletions_are_seen(self, adapter):
        for text in ("Цена 14 900", "не туда"):
            adapter.send_text(ORDERS, text, message_id="")
        wrong, price = adapter.history([ORDERS], None, 10).messages
        adapter.edit(ORDERS, price.ref, "Цена 15 900")
        adapter.delete(ORDERS, wrong.ref)
        wrong, price = adapter.history([ORDERS], None, 10).messages
        assert (price.text, price.edited, wrong.deleted, wrong.text) == ("Цена 15 900", True, True, "")

    def test_chats_are_listed_and_proved_without_whatsapp(self, adapter, outside):
        listed = adapter.all_chats()
        assert {people.IVAN.phone, people.RUSTAM.phone} <= listed.keys()
        assert adapter.chats_of([people.IVAN.phone])[people.IVAN.phone].proves
        assert outside.heard() == {}

    def test_ticks_are_those_of_the_message(self, adapter, outside):
        outside.break_gateway("ack_pending", "sendText")
        adapter.send_text(ORDERS, "hi", message_id=OUR_ID)
        assert adapter.history([ORDERS], None, 1).messages[0].ack is Ack.PENDING
