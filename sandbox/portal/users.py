"""The three people who work in the portal, and what one of them may not see."""

from dataclasses import dataclass


@dataclass(frozen=True)
class User:
    """`hidden` are the contacts that this user has no right to read."""

    id: int
    role: str
    name: str
    last_name: str
    gender: str
    is_admin: bool = False
    time_zone: str = ""
    hidden: frozenset[int] = frozenset()

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.last_name}"


USERS = {
    "admin": User(1, "admin", "Анна", "Админова", "F", is_admin=True),
    "rep": User(2, "rep", "Роман", "Продажин", "M", time_zone="Europe/Moscow"),
    "restricted": User(3, "restricted", "Ольга", "Новичкова", "F", hidden=frozenset({44, 105, 117})),
}
