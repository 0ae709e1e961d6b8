"""The portal's own pages in a real Chromium."""

from pathlib import Path

import pytest

from tests.chromium import base_url, browser_type_launch_args, context, last_of_all

__all__ = ["base_url", "browser_type_launch_args", "context"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    last_of_all(items, Path(__file__).parent)
