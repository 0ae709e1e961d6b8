"""What the pages, REST and the auth server of one sandbox share."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from flask import request

from ..control import Control, InjectedFault
from .credentials import ALIAS, PORTALS, PortalCredentials
from .delivery import Delivery
from .state import SandboxPortalState, start_state
from .tokens import IssuedTokens


@dataclass
class SandboxPortals:
    widget_url: str
    port: int
    tokens: IssuedTokens
    control: Control = field(init=False)
    commands: Counter[str] = field(default_factory=Counter)  # what was called inside of batches
    delivery: Delivery = field(default_factory=Delivery)
    _states: dict[int, SandboxPortalState] = field(default_factory=dict)  # each begins when it is first asked for
    _beginning: threading.Lock = field(default_factory=threading.Lock)

    def portal_here(self) -> PortalCredentials:
        """The portal that this request came to, by its Host header: the port, or the first portal's
        other name."""
        if request.host.partition(":")[0] == ALIAS:
            return PORTALS[0]
        second = PORTALS[1]
        return second if request.host.endswith(f":{self.port + second.port_offset}") else PORTALS[0]

    def state_of(self, portal: PortalCredentials) -> SandboxPortalState:
        with self._beginning:
            if portal.number not in self._states:
                self._states[portal.number] = start_state(portal, self.widget_url)
            return self._states[portal.number]

    def state_here(self) -> SandboxPortalState:
        return self.state_of(self.portal_here())

    def command_called(self, name: str) -> InjectedFault | None:
        """Count a command inside a batch; a fault whose `match` is `batch:<method>`, or `batch:*`,
        answers it.

        Other patterns do not reach in here, or "*" would strike twice in one request.
        """
        self.commands[name] += 1
        return self.control.spend(lambda fault: fault.match in (f"batch:{name}", "batch:*"))

    def forget(self) -> None:
        """Called by the reset. Tokens stay good: an open card does not become a stranger when
        counters are cleared."""
        self.commands.clear()
        self.delivery.forget()
        with self._beginning:
            self._states.clear()
