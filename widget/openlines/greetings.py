"""What an open line's own settings would do to a mirrored chat, and where each is changed (pure).

The settings are those of imopenlines.config.get; where they are changed are the sections of a
line's page in the contact centre.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any


class Catch(Enum):
    """What an administrator should know of before messages are mirrored. The value is what the
    texts are keyed by."""

    OFF = "off"  # the open line takes no messages
    NO_QUEUE = "no_queue"  # it has no operators
    NEW_DEALS = "new_deals"  # each conversation makes another deal
    MAKES_DEALS = "makes_deals"  # a client without an open deal gets one
    MAKES_LEADS = "makes_leads"  # a client that the CRM does not know becomes a lead
    GREETS = "greets"
    BOT = "bot"  # a chat bot answers first
    OFF_HOURS = "off_hours"
    NO_ANSWER = "no_answer"
    AGREEMENT = "agreement"
    RATES = "rates"
    CLOSES = "closes"  # a conversation ends by itself


QUIET = (None, "", "none", "N", "0", "off")


def catches_of(config: Mapping[str, Any]) -> list[Catch]:
    """The worst first."""
    yes = {name for name, value in config.items() if value == "Y"}
    creates = config.get("CRM_CREATE") if "CRM" in yes else "none"
    again = config.get("CRM_CREATE_THIRD") == "N"
    found = {
        Catch.OFF: config.get("ACTIVE") == "N",
        Catch.NO_QUEUE: config.get("QUEUE") == [],
        Catch.NEW_DEALS: creates == "deal" and again,
        Catch.MAKES_DEALS: creates == "deal" and not again,
        Catch.MAKES_LEADS: creates == "lead",
        Catch.GREETS: "WELCOME_MESSAGE" in yes,
        Catch.BOT: "WELCOME_BOT_ENABLE" in yes,
        Catch.OFF_HOURS: "WORKTIME_ENABLE" in yes and config.get("WORKTIME_DAYOFF_RULE") not in QUIET,
        Catch.NO_ANSWER: config.get("NO_ANSWER_RULE") not in QUIET,
        Catch.AGREEMENT: "AGREEMENT_MESSAGE" in yes,
        Catch.RATES: "VOTE_MESSAGE" in yes,
        Catch.CLOSES: config.get("AUTO_CLOSE_RULE") not in QUIET,
    }
    return [catch for catch, is_so in found.items() if is_so]
