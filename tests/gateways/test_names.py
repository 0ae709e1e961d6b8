"""A chat that one line's gateway named is called what the other line's gateway calls it."""

from dataclasses import replace

import pytest

from widget.gateways.lines import chat_ids_for
from widget.gateways.names import canonical_id
from widget.storage.lines import Line

JOAO, LID = "+5531988887777", "187234509871234@lid"
WAHA = Line(1, 1, "Sales", "waha", "https://gw.example", "sales", "key", "")


@pytest.mark.parametrize(
    ("told_by", "said", "asked", "spelled"),
    [
        ("evolution", "553188887777@s.whatsapp.net", "waha", ["553188887777@c.us"]),
        ("waha", "553188887777@c.us", "evolution", ["553188887777@s.whatsapp.net"]),
        ("green", "553188887777@c.us", "green", ["553188887777@c.us"]),
        ("waha", "5531988887777@c.us", "evolution", []),  # just the number's
        ("waha", LID, "waha", [LID]),
        ("waha", LID, "evolution", []),
        ("waha", "", "waha", []),
    ],
)
def test_an_id_is_spelled_for_the_line_that_uses_it(told_by, said, asked, spelled):
    assert chat_ids_for(replace(WAHA, gateway=asked), canonical_id(JOAO, told_by, said)) == spelled


def test_what_was_stored_with_a_gateways_own_ending_is_read_too():
    assert chat_ids_for(WAHA, "553188887777@s.whatsapp.net") == ["553188887777@c.us"]
