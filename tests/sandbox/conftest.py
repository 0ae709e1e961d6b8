"""What real gateways really said is read where the adapters' tests read it."""

from tests.gateways.conftest import recorded

__all__ = ["recorded"]
