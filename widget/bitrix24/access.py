"""Which access lists hold a user: Bitrix24's own answer, since departments and groups change there.

Sources: bitrix24/b24restdocs, api-reference/common/users/user-access.md. Codes: U1 a user, D5 a
department, DR5 one with those below it, SG4_K a member of a group, AU all users.
"""

from collections.abc import Collection

from widget.bitrix24.commands import Command
from widget.bitrix24.rest import Batch

AccessList = tuple[str, ...]


def access_commands(lists: Collection[AccessList]) -> dict[str, Command]:
    """One command a list, for a batch. An administrator is in every list."""
    return {f"access{n}": ("user.access", {"ACCESS": list(codes)}) for n, codes in enumerate(lists)}


def granted(answer: Batch, lists: Collection[AccessList]) -> dict[AccessList, bool]:
    """Whether each list holds the user. Only a clear yes counts: a command that failed is a no."""
    return {codes: answer.results.get(f"access{n}") is True for n, codes in enumerate(lists)}
