"""Builds what tells timelines of conversations, and marks cards whose client waits."""

from collections.abc import Callable
from dataclasses import dataclass

from widget.bitrix24.rest import Rest
from widget.storage.building import Repositories
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.timeline.badges import WaitingBadges
from widget.timeline.work import TimelineWork


@dataclass(frozen=True)
class TimelineParts:
    work: TimelineWork
    badges: WaitingBadges


def build_timelines(
    stored: Repositories, rest: Rest, writes_itself: Callable[[Portal, Line], bool], clock: Callable[[], float]
) -> TimelineParts:
    """`writes_itself`: whether the open line of a line of ours keeps its conversations in the
    CRM."""
    shared = stored.timelines, rest, stored.portals, stored.lines, stored.conversations
    return TimelineParts(
        TimelineWork(*shared, stored.mirrors, writes_itself=writes_itself), WaitingBadges(*shared, clock)
    )
