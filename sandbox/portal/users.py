"""The people who work in the portal, and what one of them may not see."""

from dataclasses import dataclass

DEPARTMENTS = {1: ("", 0), 5: ("Отдел продаж", 1), 7: ("Поддержка", 1)}  # name and parent; the root is the company


@dataclass(frozen=True)
class User:
    """`hidden` are the contacts that this user has no right to read, `locked` those that they may
    read only."""

    id: int
    role: str
    name: str
    last_name: str
    gender: str
    is_admin: bool = False
    time_zone: str = ""
    hidden: frozenset[int] = frozenset()
    locked: frozenset[int] = frozenset()
    departments: tuple[int, ...] = (1,)

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.last_name}"


USERS = {
    "admin": User(1, "admin", "Анна", "Админова", "F", is_admin=True),
    "rep": User(2, "rep", "Роман", "Продажин", "M", time_zone="Europe/Moscow", departments=(1, 5)),
    "restricted": User(
        *(3, "restricted", "Ольга", "Новичкова", "F"),
        hidden=frozenset({44, 105, 117}),
        locked=frozenset({43}),
        departments=(5,),
    ),
    "chief": User(4, "chief", "Виктор", "Главный", "M", is_admin=True),
}
FORMER = User(9, "former", "Павел", "Уволенный", "M", departments=(5,))  # in lists only; dismissed long ago
