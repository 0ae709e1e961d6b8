"""A simulated Bitrix24: CRM cards that frame the widget, REST, the auth server and the bridge
between frame and page.

Two portals live in one process and are told apart by the port they are asked at.
"""

from .app import create_portal

__all__ = ["create_portal"]
