"""Evolution keeps the contract of every gateway."""

import pytest

from tests.gateways.contract import STRANGER, Contract, everything
from widget.gateways.base import Sent
from widget.gateways.evolution.webhooks import EvolutionWebhooks


class TestEvolution(Contract):
    name = "branch"
    kind = "evolution"
    webhooks = EvolutionWebhooks()
    goes_out = Sent.QUEUED

    @pytest.fixture
    def adapter(self, instance):
        return instance()

    @pytest.fixture
    def down(self, instance, outside):
        outside.set_line("branch", "FAILED")
        return instance()

    @pytest.fixture
    def broken(self, instance, outside):
        def broken(fault):
            outside.break_gateway(fault, times=None)
            return instance()

        return broken

    def test_typing_is_told_and_ends(self, adapter, outside):
        """By itself: a second call would cost a second check and say nothing new."""
        adapter.typing(adapter.chat_id_of(STRANGER.phone), on=True)
        adapter.typing(adapter.chat_id_of(STRANGER.phone), on=False)
        assert outside.calls() == {"sendPresence": 1}

    def test_messages_that_arrive_meanwhile_neither_shift_nor_repeat_the_older_ones(self, adapter, outside):
        """Evolution's database leaves the order within a second open. So a message that arrives in
        the very second where a page ended may come with the next page: leaving it out could leave
        out an old one."""
        said = [f"сообщение {number}" for number in range(15)]
        for text in said:
            self.hear(outside, text)
        found = everything(adapter, self.ids(adapter), 4, between=lambda: self.hear(outside, "ещё одно"))
        assert [message.text for message in found if message.text != "ещё одно"] == said[::-1]
        assert len({message.id for message in found}) == len(found)
