"""Builds this room in two steps: chats and webhooks need the mirror, and the rest needs the
chats."""

from collections.abc import Callable
from dataclasses import dataclass

from widget.addresses import PublicOnly
from widget.bitrix24.building import Bitrix24
from widget.bitrix24.installer.userfield import names_of
from widget.chats.service import ChatService
from widget.gateways.lines import Gateways
from widget.http import make_client
from widget.infrastructure import Infrastructure
from widget.jobs.queue import Jobs
from widget.openlines.activities import LineActivities
from widget.openlines.calls import OpenLineCalls
from widget.openlines.desk import Desks
from widget.openlines.files import FileAddresses, PortalFiles
from widget.openlines.lost import Comparison, LostEvents
from widget.openlines.mirroring import OpenLineMirror
from widget.openlines.owners import LineOwners
from widget.openlines.replies import Replies
from widget.openlines.scenes import Scenes
from widget.openlines.setting_up import MirrorSetup
from widget.openlines.work import MirrorWork
from widget.storage.building import Repositories
from widget.storage.chats import Chat
from widget.storage.lines import Line


@dataclass(frozen=True)
class OpenLines:
    """What the rest of the house uses of this room."""

    work: MirrorWork
    setup: MirrorSetup
    addresses: FileAddresses
    desks: Desks
    lost: LostEvents
    owned: Callable[[Line, Chat, int, int], None]
    portal_files: PortalFiles
    activities: LineActivities


def build_mirror(infra: Infrastructure, stored: Repositories, bitrix24: Bitrix24, jobs: Jobs) -> OpenLineMirror:
    """The part that chats and webhooks report to."""
    return OpenLineMirror(
        stored.mirrors,
        stored.lines,
        stored.chats,
        connector_of(bitrix24),
        wake=lambda mirror_id: jobs.enqueue("mirror", mirror_id),
        clock=infra.clock,
    )


def build_open_lines(
    infra: Infrastructure,
    stored: Repositories,
    bitrix24: Bitrix24,
    gateways: Gateways,
    chats: ChatService,
    jobs: Jobs,
    mirror: OpenLineMirror,
) -> OpenLines:
    """The jobs are told who works on what is written down."""
    config = infra.config
    calls = OpenLineCalls(bitrix24.rest, connector_of(bitrix24))
    addresses = FileAddresses(stored.secret_box, config.public_url, infra.clock)
    client = infra.client() if config.allow_private_lines else make_client(backend=PublicOnly())
    portal_files = PortalFiles(client, allow_http=config.allow_http)
    replies = Replies(chats, gateways, portal_files)
    owners = LineOwners(stored.mirrors, stored.conversations, calls, infra.clock)
    scenes = Scenes(stored.mirrors, stored.portals, stored.lines, stored.conversations, calls.connector)
    work = MirrorWork(stored.mirrors, scenes, stored.conversations, calls, replies, addresses, owners)
    jobs.register("mirror", work.work)
    setup = MirrorSetup(
        calls, bitrix24.installer, stored.portals, stored.lines, stored.mirrors, public_url=config.public_url
    )
    comparison = Comparison(
        stored.mirrors, stored.chats, lambda mirror_id: jobs.enqueue("mirror", mirror_id), infra.clock
    )
    lost = LostEvents(stored.mirrors, stored.portals, stored.lines, calls, owners, comparison)
    desks, activities = Desks(calls, stored.mirrors, owners), LineActivities(calls, infra.clock)
    return OpenLines(work, setup, addresses, desks, lost, mirror.owned, portal_files, activities)


def connector_of(bitrix24: Bitrix24) -> str:
    """It is called as our custom field's type is: by a mark of our own client id."""
    return names_of(bitrix24.oauth.client_id).type_id
