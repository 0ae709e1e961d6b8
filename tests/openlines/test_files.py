"""Clients' files by an address of ours that dies soon; operators' files from the portal and nowhere
else."""

from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from sandbox.portal.background import free_port, served
from tests.openlines.conftest import Circle, MakeCircle
from tests.webhooks.gateways import CLIENT, written
from widget.errors import ErrorCode, Refused
from widget.gateways.base import Media
from widget.openlines.files import LIVES_SECONDS, FileRef, short_name

PHOTO = Media("image", "image/jpeg", "окно.jpg")


def photo_of(circle: Circle) -> str:
    """The name at the gateway of a message with a file."""
    page = circle.services.gateways.of(circle.line).history([CLIENT], None, 100)
    return next(message.ref for message in page.messages if message.media)


def test_the_portal_fetches_a_clients_file_by_itself(make_circle: MakeCircle) -> None:
    port = free_port()
    circle = make_circle(public_url=f"http://localhost:{port}")
    with ExitStack() as stack:
        stack.enter_context(served(circle.widget.app, port, "localhost"))
        event = written("C1", "Вот окно", at=circle.widget.clock.now, media=PHOTO)
        assert event.message
        object.__setattr__(event.message, "ref", photo_of(circle))
        circle.hear(event)
    (message,) = circle.mirrored["messages"]
    (file,) = message["files"]
    assert (message["text"], file["name"]) == ("Вот окно", "окно.jpg")
    assert file["size"] > 100


def test_an_address_dies_and_cannot_be_made_up(circle: Circle) -> None:
    addresses = circle.services.open_lines.addresses
    ref = FileRef(circle.site.portal.id, 1, "m1")
    token = urlsplit(addresses.of(ref, "a.jpg")).path.split("/")[3]
    assert addresses.read(token) == ref
    client = circle.widget.app.test_client()
    assert client.get(f"/openlines/files/{token}/a.jpg").status_code == 404  # no such chat
    for wrong in (token[:-4] + "AAAA", "x", "x" * 3000):
        assert client.get(f"/openlines/files/{wrong}/a.jpg").status_code == 404
    circle.widget.clock.forward(LIVES_SECONDS + 1)
    with pytest.raises(Refused):
        addresses.read(token)


def test_a_file_is_not_given_in_the_name_of_a_portal_that_is_closed(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    ref = FileRef(circle.site.portal.id, circle.chat.id, photo_of(circle))
    path = urlsplit(circle.services.open_lines.addresses.of(ref, "a.jpg")).path
    client = circle.widget.app.test_client()
    assert client.get(path).status_code == 200
    circle.services.storage.portals.close(circle.site.portal.id, "PAYMENT_REQUIRED")
    assert client.get(path).status_code == 404


def test_a_long_name_keeps_its_ending() -> None:
    assert short_name("a" * 80 + ".pdf") == "a" * 38 + ".pdf"
    assert short_name("план.pdf") == "план.pdf"


def test_an_operators_file_goes_out_once(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.operator_writes("Вот план", file="plan.txt")
    circle.site.delivered -= 1
    circle.site.deliver()  # once more
    assert circle.sent == ["Вот план", "📎 plan.txt"]


def test_of_a_message_that_went_out_in_part_nothing_says_that_it_did_not(circle: Circle) -> None:
    """Who reads «not delivered» writes it again, and the client reads its text twice."""
    circle.client_writes("Добрый день")
    circle.operator_writes("Вот план", file="plan.exe")
    circle.later()
    assert circle.sent == ["Вот план"]
    notes = [text for _author, text in circle.said if "WhatsApp" in text]
    assert notes == ["В WhatsApp отправлена только часть, посмотрите на телефоне: такой тип файла отправить нельзя."]


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/secret", "https://evil.example/x", "file:///etc/passwd", ""])
def test_a_file_that_lies_elsewhere_is_not_fetched_and_the_operator_is_told(circle: Circle, address: str) -> None:
    files = circle.services.open_lines.work._replies._files
    with pytest.raises(Refused) as refused:
        files.fetch(circle.site.portal, "x", address)
    assert refused.value.code is ErrorCode.FILE_ELSEWHERE
