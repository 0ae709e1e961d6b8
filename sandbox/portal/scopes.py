"""Which permission a method needs: bitrix24/b24restdocs, api-reference/scopes/permissions.md."""

from .errors import known
from .state import SandboxPortalState

EVERY = (
    *(
        "bizproc",
        "contact_center",
        "crm",
        "department",
        "disk",
        "entity",
        "im",
        "imconnector",
        "imopenlines",
        "placement",
    ),
    *("pull", "task", "user", "user_basic", "user_brief", "userfieldconfig"),
)
_NEEDED = {
    "crm.": ("crm",),
    "placement.": ("placement",),
    "userfieldtype.": ("placement",),
    "userfieldconfig.": ("userfieldconfig",),
    "department.": ("department",),
    "disk.": ("disk",),
    "im.": ("im",),
    "imconnector.": ("imconnector", "imopenlines"),
    "imopenlines.": ("imopenlines",),
    "user.get": ("user", "user_basic", "user_brief"),
    "user.current": ("user", "user_basic", "user_brief"),
}


def is_granted(state: SandboxPortalState, method: str) -> bool:
    """One of the permissions a method asks for is enough."""
    needed = next((scopes for start, scopes in _NEEDED.items() if method.startswith(start)), ())
    return not needed or any(state.has_scope(scope) for scope in needed)


def need_scope(state: SandboxPortalState, method: str) -> None:
    if not is_granted(state, method):
        raise known("insufficient_scope")
