"""The application's services, for views. What they are is in parts.py."""

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from widget.parts import Services


__all__ = ["Services", "services"]  # the first for annotations alone


def services() -> "Services":
    found: Services = current_app.extensions["widget"]
    return found
