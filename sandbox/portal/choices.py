"""What the address of a page chooses: who looks, in which language, and how the widget is
embedded."""

from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from .users import USERS, User
from .words import WORDS

NARROWEST, WIDEST = 280, 1200
# Each LANG that the cloud posts (B24LangList in github.com/bitrix24/b24jssdk). The simulator's own
# pages know two.
LANGS = (
    *("ru", "en", "de", "la", "br", "fr", "it", "pl", "ua", "kz"),
    *("tr", "sc", "tc", "ja", "vn", "id", "ms", "th", "in", "ar"),
)


@dataclass(frozen=True)
class Choices:
    """Anything unknown in the address falls back to what a rep usually sees."""

    role: str = "rep"
    lang: str = "ru"
    embed: str = "tab"
    mode: str = "view"
    width: int = 0  # 0: the whole column

    @classmethod
    def read(cls, args: MultiDict[str, str]) -> "Choices":
        return cls(
            role=_one_of(args.get("user"), tuple(USERS), "rep"),
            lang=_one_of(args.get("lang"), LANGS, "ru"),
            embed=_one_of(args.get("embed"), ("tab", "field"), "tab"),
            mode=_one_of(args.get("mode"), ("view", "edit"), "view"),
            width=_width(args.get("width")),
        )

    @property
    def user(self) -> User:
        return USERS[self.role]

    @property
    def words(self) -> dict[str, str]:
        """The texts of the simulator's own pages."""
        return WORDS.get(self.lang, WORDS["en"])

    def query(self, **changes: str | int) -> str:
        """The address's query with some choices changed; what is usual is not said."""
        usual = {"user": "rep", "lang": "ru", "embed": "tab", "mode": "view", "width": 0}
        now = {"user": self.role, "lang": self.lang, "embed": self.embed, "mode": self.mode, "width": self.width}
        said = {name: value for name, value in {**now, **changes}.items() if value != usual[name]}
        return f"?{urlencode(said)}" if said else ""


def _one_of(value: str | None, known: tuple[str, ...], usual: str) -> str:
    return value if value is not None and value in known else usual


def _width(value: str | None) -> int:
    return min(max(int(value), NARROWEST), WIDEST) if value and value.isascii() and value.isdigit() else 0
