"""A card's timeline tells of each message once: by the open line's own activity, or by a comment of
ours."""

from typing import Any

import pytest

from tests.installing import ADMIN
from tests.openlines.conftest import Circle
from widget.storage.timelines import TimelineMode, TimelineSettings


@pytest.fixture
def told(circle: Circle) -> "Told":
    circle.services.storage.timelines.save(circle.site.portal.id, TimelineSettings(TimelineMode.END))
    return Told(circle)


class Told:
    """The circle, with transcripts wanted."""

    def __init__(self, circle: Circle) -> None:
        self.circle = circle

    def after(self, hours: float) -> list[list[str]]:
        """The texts of every comment then, without its first lines."""
        self.circle.widget.clock.forward(hours * 3600)
        (work,) = (work for name, _times, work in self.circle.services.jobs._timed if name == "timelines")
        work()
        timeline: list[dict[str, Any]] = self.circle.site.there["timeline"]
        comments = [one["text"].splitlines() for one in timeline if one["kind"] == "comment"]
        return [[line.partition(": ")[2] for line in lines if line[2] == "."] for lines in comments]


def test_what_an_open_line_writes_into_the_crm_is_told_by_no_comment(told: Told) -> None:
    told.circle.client_writes("Добрый день")
    assert told.after(5) == []
    told.circle.services.open_lines.setup.switch_off(told.circle.site.portal, ADMIN, told.circle.line)
    told.circle.client_writes("Ещё вопрос")
    assert told.after(5) == [["Ещё вопрос"]]


def test_every_part_of_a_long_reply_stands_in_the_open_line(told: Told) -> None:
    told.circle.client_writes("Добрый день")
    told.circle.operator_writes("окно " * 2000)
    assert len(told.circle.sent) > 1
    told.circle.services.open_lines.setup.switch_off(told.circle.site.portal, ADMIN, told.circle.line)
    assert told.after(5) == []


def test_a_portal_that_does_not_tell_its_settings_is_asked_again_in_a_minute(told: Told) -> None:
    told.circle.site.change(open_line={"id": 1, "config": {"CRM": "N"}})
    told.circle.client_writes("Добрый день")
    for fault in ("http_500", "ACCESS_DENIED"):
        told.circle.site.outside.break_portal(fault, "imopenlines.config.get")
        assert told.after(5) == []
    assert told.after(0.02) == [["Добрый день"]]


def test_a_session_that_ends_ends_the_conversation_of_a_line_that_writes_nothing(told: Told) -> None:
    told.circle.site.change(open_line={"id": 1, "config": {"CRM": "N"}})
    told.circle.open_card()
    told.circle.client_writes("Добрый день")
    told.circle.rep_writes("Здравствуйте", "k1")
    assert told.after(1) == []
    told.circle.act("close")
    assert told.after(0.02) == [["Добрый день", "Здравствуйте"]]
    told.circle.client_writes("Ещё вопрос")
    assert len(told.after(1)) == 1
    assert told.after(4) == [["Добрый день", "Здравствуйте"], ["Ещё вопрос"]]
