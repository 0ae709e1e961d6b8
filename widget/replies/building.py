"""Builds what quick replies need besides their texts."""

from dataclasses import dataclass

from widget.bitrix24.rest import Rest
from widget.infrastructure import Infrastructure
from widget.replies.access import ReplyAccess
from widget.replies.names import NameReader
from widget.storage.building import Repositories


@dataclass(frozen=True)
class ReplyParts:
    """What views use of the room."""

    names: NameReader
    access: ReplyAccess


def build_replies(infra: Infrastructure, stored: Repositories, rest: Rest) -> ReplyParts:
    return ReplyParts(NameReader(rest, stored.staff, infra.clock), ReplyAccess(rest, infra.clock))
