"""WAHA keeps the contract of every gateway."""

import pytest

from tests.gateways.contract import Contract
from widget.gateways.waha_hooks import WahaWebhooks


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
