"""What the application is made of, for views and commands. wiring.py puts it together."""

from dataclasses import dataclass
from datetime import UTC, datetime

from widget.bitrix24.building import Bitrix24
from widget.bitrix24.crm import Viewer
from widget.card.building import CardParts
from widget.chats.building import ChatParts
from widget.entrance import Entrance
from widget.gateways.lines import Gateways
from widget.infrastructure import Infrastructure
from widget.jobs.queue import Jobs
from widget.later.work import LaterWork
from widget.openlines.building import OpenLines
from widget.phones.building import PhoneParts
from widget.presence.building import PresenceParts
from widget.replies.building import ReplyParts
from widget.storage.building import Repositories
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.webhooks.building import WebhookParts


@dataclass(frozen=True)
class Prepared:
    """What is written before it is sent."""

    replies: ReplyParts
    later: LaterWork


@dataclass(frozen=True)
class Services:
    """Everything a view may use, room by room."""

    infra: Infrastructure
    entrance: Entrance
    storage: Repositories
    jobs: Jobs
    phones: PhoneParts
    gateways: Gateways
    bitrix24: Bitrix24
    presence: PresenceParts
    chats: ChatParts
    card: CardParts
    open_lines: OpenLines
    prepared: Prepared
    webhooks: WebhookParts

    def saw(self, portal_id: int, viewer: Viewer) -> None:
        """Note that this employee is here, under this name. One statement where that is news, else
        none."""
        self.storage.staff.seen(portal_id, viewer.user_id, viewer.name, admin=viewer.admin)

    def own(self, line: Line, chat: Chat, user_id: int, by: int, *, typed: bool = False) -> Chat | None:
        """Make an employee the owner of a chat (0 for none) by the word of `by`. Returns the chat,
        None if nothing changed. Its open line follows in a job. `typed`: a typed number is all that
        brought them to it."""
        owned = self.storage.conversations.waits.own(chat, user_id, at=self.infra.clock(), typed=typed)
        if owned:
            self.open_lines.owned(line, owned, user_id, by)
        return owned

    def staff_names(self, portal_id: int) -> dict[int, str]:
        """Names of employees as last seen here, by user id. One query where they are not
        remembered."""
        return {user_id: employee.name for user_id, employee in self.storage.staff.of(portal_id).items()}

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.infra.clock(), UTC)
