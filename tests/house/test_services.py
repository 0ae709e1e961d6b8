"""Views, pages and commands ask for the application's services; every part below them is given what
it needs."""

import ast
import re

from tests.house.sources import code

MAY = re.compile(
    r"widget/(?:__init__|current|warming|services|wiring|commands/\w+)\.py"
    r"|widget/.*(?:views|sections)\.py"
    r"|widget/admin/(?:asking|current_user)\.py"  # what sections of the page begin with
    r"|widget/chats/context\.py"  # the door of every view of a chat
)


def test_only_views_pages_and_commands_reach_for_the_services() -> None:
    asking = [path for path, tree in code("widget") if asks(tree)]
    assert len(asking) > 30  # or nothing was read
    assert [path for path in asking if not MAY.fullmatch(path)] == []


def asks(tree: ast.Module) -> bool:
    """Whether it imports `services`, or Flask's own way to them."""
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names}
    return bool(names & {"services", "current_app"})
