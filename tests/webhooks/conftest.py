"""An administrator with an empty portal, and the events it sends."""

from collections.abc import Callable

import pytest

from tests.installing import Site
from tests.stand import Widget

MakeWidget = Callable[..., Widget]


@pytest.fixture
def site(make_widget: MakeWidget) -> Site:
    """A portal that never had the application."""
    return Site.empty(make_widget)
