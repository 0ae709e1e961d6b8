"""One call of a method: its user, portal and parameters; and what a method checks before it
answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .batch import Answer
from .errors import RestError, admins_only, empty_argument
from .portals import SandboxPortals
from .state import SandboxPortalState
from .users import User


@dataclass(frozen=True)
class Asked:
    portals: SandboxPortals
    state: SandboxPortalState
    user: User
    params: dict[str, Any]

    def upper(self) -> dict[str, Any]:
        """The parameters of the old methods, whose names may come in any case."""
        return {name.upper(): value for name, value in self.params.items()}

    def need_admin(self) -> None:
        if not self.user.is_admin:
            raise admins_only()


Method = Callable[[Asked], Answer]


def text_of(params: dict[str, Any], name: str) -> str:
    """A parameter that must be there and be text."""
    value = params.get(name)
    if value in (None, ""):
        raise empty_argument(name)
    if not isinstance(value, str):
        raise RestError("ERROR_ARGUMENT", f"The value of an argument '{name}' must be of type string")
    return value


def address_of(params: dict[str, Any], name: str = "HANDLER") -> str:
    """The address of a handler (server module rest, lib/handlerhelper.php).

    One thing differs: a real portal wants a dot in the host and so refuses localhost, where the
    demo's widget lives.
    """
    address = text_of(params, name)
    try:
        split = urlsplit(address)
        host = split.hostname or ""
    except ValueError:
        host = ""
    if not ("." in host[1:] or host == "localhost"):
        raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if split.scheme not in ("http", "https"):
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
    return address


def rows_of(value: Any) -> list[Any]:
    """A parameter that is a list, a map of numbers, or one value."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [] if value in (None, "") else [value]
