"""The form for a new line speaks each vendor's own words."""

import re

import pytest

from tests.admin.conftest import AppPage, OpenApp
from tests.stand import Widget


def shown(html: str) -> str:
    """What is read, without the words of the kinds that are not chosen."""
    form = html.split('id="line-add"')[1].partition("</form>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<span[^>]* hidden>.*?</span>", "", form)).split())


def test_all_kinds_are_offered_by_name_and_the_first_is_chosen(admin: AppPage, open_app: OpenApp) -> None:
    page = open_app()

    for name in ("WAHA", "Evolution API", "GREEN-API"):
        assert f">{name}</option>" in page.html
    assert "Session" in shown(page.html)
    assert "idInstance" not in shown(page.html)
    assert 'data-example-green="https://1101.api.green-api.com"' in page.html


@pytest.mark.parametrize(
    ("kind", "session", "key"),
    [("waha", "Session", "API key"), ("evolution", "Instance", "apikey"), ("green", "idInstance", "apiTokenInstance")],
)
def test_a_refused_form_keeps_its_kind_and_its_words(admin: AppPage, kind: str, session: str, key: str) -> None:
    values = {"address": "https://gw.example", "session": "7103000000", "key": "my-key", "number": ""}

    admin.save("lines", name="", gateway=kind, **values)

    assert (admin.status, admin.faults) == (422, ["add-name"])
    assert f'<option value="{kind}" selected>' in admin.html
    assert session in shown(admin.html)
    assert key in shown(admin.html)
    assert 'value="7103000000"' in admin.html
    assert "my-key" not in admin.html


def test_an_id_instance_is_a_number(admin: AppPage, widget: Widget) -> None:
    line = {"name": "G", "gateway": "green", "address": "https://gw.example", "key": "k", "number": ""}

    for session in ("sales", "1101 000001", "１１０１", "-1"):
        admin.save("lines", **line, session=session)
        assert (admin.status, admin.faults) == (422, ["add-session"]), session
    assert "Only digits" in admin.words

    admin.save("lines", **{**line, "gateway": "evolution"}, session="sales")
    assert admin.status == 200
