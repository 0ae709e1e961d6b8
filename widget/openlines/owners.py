"""One chat, one employee who answers it: ours follows the open line's session, and the other way
round."""

from collections.abc import Callable
from dataclasses import dataclass

from widget.openlines.calls import OpenLineCalls
from widget.storage.conversations import Conversations
from widget.storage.mirrors import Mirror, Mirrors
from widget.storage.portals import Portal


@dataclass(frozen=True)
class LineOwners:
    mirrors: Mirrors
    conversations: Conversations
    calls: OpenLineCalls
    clock: Callable[[], float]

    def on_operator(self, mirror: Mirror, operator: int) -> Mirror:
        """Take over who answers the chat in Bitrix24 now, 0 without an operator: then its owner
        here stays. Two statements at most, none where it is not news."""
        if operator == mirror.operator:
            return mirror
        mirror = self.mirrors.learn(mirror, operator=operator)
        chat = self.conversations.chats.get(mirror.portal_id, mirror.chat_id)
        if chat and operator:
            self.conversations.waits.own(chat, operator, at=self.clock())
        return mirror

    def give(self, portal: Portal, mirror: Mirror, user_id: int, by: int) -> Mirror:
        """Make the chat's owner its operator in Bitrix24: with their own token where they took it,
        else it is handed over. Five outside calls at most, one where it is so already. Raises
        Refused."""
        chat, owner = mirror.portal_chat, self.calls.owner(portal, by, mirror.portal_chat)
        if owner != user_id and by == user_id:
            self.calls.join(portal, by, chat)
            owner = (self.calls.take_over if owner else self.calls.answer)(portal, by, chat)
        elif owner != user_id:
            owner = self.calls.hand_over(portal, by, chat, user_id)
        return self.mirrors.learn(mirror, operator=owner)
