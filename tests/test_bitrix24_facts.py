"""docs/bitrix24.md names what the code relies on of Bitrix24, all of it and nothing else."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.house.sources import code
from widget.bitrix24.relied import CONFIRMABLE, DYNAMIC_TAB, EVENTS, FORM_FIELDS, METHODS, PLACEMENTS, not_confirmed
from widget.storage.confirmations import confirmed_by

ROOT = Path(__file__).resolve().parent.parent
SPACES = "app|crm|disk|event|im|imconnector|imopenlines|placement|user|userfieldconfig|userfieldtype"
METHOD = re.compile(rf"(?:{SPACES})(?:\.[a-zA-Z]+)+")
FORM_FIELD = re.compile(r"[A-Z]{4,}(?:_[A-Z]+)*|member_id")


def table(title: str) -> list[str]:
    text = (ROOT / "docs" / "bitrix24.md").read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| (.+) \| (.+) \|$", text, re.M)
    assert all(all(cell.strip() for cell in row) for row in rows)
    return [row[0] for row in rows]


@cache
def nodes() -> list[ast.AST]:
    trees = [tree for path, tree in code("widget") if not path.endswith("/relied.py")]
    return [node for tree in trees for node in ast.walk(tree)]


def used_methods() -> set[str]:
    """The name of every command: a text alone, first of a pair, or the third argument of a call of
    Rest."""
    found = set()
    for node in nodes():
        texts = [one.value for one in ast.iter_child_nodes(node) if isinstance(one, ast.Constant)]
        found |= {text for text in texts if isinstance(text, str) and METHOD.fullmatch(text)}
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[1], ast.Dict):
            found |= {text for text in texts if text in METHODS}
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("call", "batch"):
            found |= {text for text in texts if text in METHODS}
    return found


def used_fields() -> set[str]:
    """What is taken out of a posted form or its query."""
    calls = [node for node in nodes() if isinstance(node, ast.Call)]
    gets = [call for call in calls if getattr(call.func, "attr", "") == "get"]
    takes = [call for call in gets if re.fullmatch(r"(query|form|request\.(args|form))\.get", ast.unparse(call.func))]
    names = {str(call.args[0].value) for call in takes if isinstance(call.args[0], ast.Constant)}
    return {name for name in names if FORM_FIELD.fullmatch(name)}


@pytest.mark.parametrize(
    ("title", "names"),
    [("Methods", METHODS), ("Events", EVENTS), ("Placements", PLACEMENTS), ("Form fields", FORM_FIELDS)],
)
def test_the_table_names_everything_once_and_nothing_else(title: str, names: tuple[str, ...]) -> None:
    assert sorted(table(title)) == sorted(names)


def test_the_code_uses_these_methods_and_form_fields_and_no_others() -> None:
    assert used_methods() == set(METHODS)
    assert used_fields() == set(FORM_FIELDS)


def test_an_answer_confirms_the_commands_that_have_a_result_and_what_they_were_about() -> None:
    cmd = {
        "a": "event.bind?event=ONCRMDEALUPDATE&handler=https%3A%2F%2Fx.example",
        "b": "placement.bind?PLACEMENT=CRM_DYNAMIC_183_DETAIL_TAB",
        "c": "placement.get",
        "d": "crm.item.get?id=7",
    }
    answer = (
        b'{"result": {"result": {"a": true, "b": true, "c": [{"placement": "CRM_DEAL_DETAIL_TAB"}]},'
        b' "result_error": {"d": {"error": "ACCESS_DENIED"}}}}'
    )
    confirmed = confirmed_by("batch", {"cmd": cmd}, answer)
    assert confirmed == {
        *("batch", "event.bind", "placement.bind", "placement.get"),
        *("ONCRMDEALUPDATE", "CRM_DYNAMIC_183_DETAIL_TAB", "CRM_DEAL_DETAIL_TAB"),
    }
    left = not_confirmed(confirmed)
    assert len(left) == len(CONFIRMABLE) - len(confirmed)
    assert DYNAMIC_TAB not in left
    assert confirmed_by("profile", {}, b'{"error": "expired_token"}') == set()
    assert confirmed_by("profile", {}, b"<h1>") == set()
