"""Each field of a real opening and of a real event altered, one at a time: none gets another's
data, none makes us call another host."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.installing import ADMIN, Site
from tests.stand import Outside, Widget

OWN = "+7 961 951-00-00"  # a number of the card that the rep really has open


class Trap:
    """A port where nobody should come."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.visits = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    yield trap
    trap.close()


def altered(opening: dict[str, Any], name: str, value: str) -> dict[str, Any]:
    """The opening with one field changed, in the address or in the body, wherever it stands."""
    address = urlsplit(opening["action"])
    parts = dict(part.split("=", 1) for part in address.query.split("&"))
    if name in parts:
        query = "&".join(f"{key}={value if key == name else old}" for key, old in parts.items())
        return {**opening, "action": address._replace(query=query).geturl()}
    return {**opening, "fields": {**opening["fields"], name: value}}


@pytest.mark.parametrize("name", ["AUTH_ID", "member_id"])
def test_a_forged_identity_gets_no_data_and_calls_nobody_else(
    widget: Widget, outside: Outside, trap: Trap, name: str
) -> None:
    forged = {"AUTH_ID": "a" * 60, "member_id": "f" * 32}[name]
    page = widget.post_opening(altered(widget.outside.opening(), name, forged))

    if page.answer.status_code == 200:  # the page of one button: nothing is proved before the press
        page.reveal()

    assert page.answer.status_code in (401, 403)
    assert OWN not in page.text
    assert (trap.visits, outside.total("gateway"), page.session) == (0, 0, "")
    assert outside.calls("portal").get("batch", 0) == (name == "AUTH_ID")  # beside the proof, with that token alone


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOMAIN", "127.0.0.1:{trap}"),
        ("PROTOCOL", "1"),
        ("LANG", "../../etc"),
        ("APP_SID", "x" * 500),
        ("AUTH_EXPIRES", "-1"),
        ("REFRESH_ID", "r" * 60),
        ("SERVER_ENDPOINT", "http://127.0.0.1:{trap}/rest/"),
        ("APPLICATION_TOKEN", "t" * 32),
        ("APPLICATION_SCOPE", "everything"),
        ("status", "P"),
        ("URI", "http://127.0.0.1:{trap}/"),
    ],
)
def test_a_field_that_proves_nothing_changes_nothing(widget: Widget, trap: Trap, name: str, value: str) -> None:
    page = widget.post_opening(altered(widget.outside.opening(), name, value.replace("{trap}", str(trap.port))))

    page.reveal()

    assert page.answer.status_code == 200
    assert len(page.rows) == 6
    assert trap.visits == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLACEMENT", "CRM_CONTACT_DETAIL_TAB"),
        ("PLACEMENT_OPTIONS", '{"ID":"7048"}'),
    ],
)
def test_another_card_is_read_with_the_askers_own_rights(widget: Widget, name: str, value: str) -> None:
    opening = widget.outside.opening(user="restricted")
    page = widget.post_opening(altered(opening, name, value))

    page.reveal()

    assert "+380" not in page.text
    assert page.answer.status_code in (200, 403)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("domain", "127.0.0.1:{trap}"),
        ("client_endpoint", "http://127.0.0.1:{trap}/rest/"),
        ("server_endpoint", "http://127.0.0.1:{trap}/rest/"),
        ("user_id", "2"),
        ("access_token", "a" * 70),
        ("refresh_token", "r" * 70),
        ("expires_in", "999999999"),
        ("expires", "-1"),
        ("scope", "everything"),
        ("status", "P"),
    ],
)
@pytest.mark.parametrize("event", ["ONAPPUPDATE", "ONCRMTYPEUPDATE", "ONCRMDEALUPDATE"])
def test_a_forged_field_of_an_event_changes_nothing_that_is_stored(
    make_widget: Callable[..., Widget], trap: Trap, event: str, name: str, value: str
) -> None:
    site = Site.empty(make_widget)
    site.set_up()
    services, before = site.widget.services, site.portal
    pair = services.storage.tokens.find(before.id, ADMIN)

    assert site.send(event, auth={name: value.replace("{trap}", str(trap.port))}) == [200]

    assert (site.portal.domain, site.portal.endpoint, site.portal.installer_id) == (
        before.domain,
        before.endpoint,
        before.installer_id,
    )
    after = services.storage.tokens.find(before.id, ADMIN)
    if name in ("access_token", "refresh_token", "user_id"):
        assert after and pair
        assert after.access not in ("a" * 70, "")
    assert trap.visits == 0
