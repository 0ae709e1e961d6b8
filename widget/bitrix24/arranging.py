"""The layouts that a portal shares among all users, read and written as one administrator.
layouts.py reads in them."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from widget.bitrix24.commands import Commands
from widget.bitrix24.installer.desired import DesiredField
from widget.bitrix24.installer.layouts import (
    FUNNELS,
    Layout,
    funnel_question,
    has_funnels,
    layouts_of,
    survives_writing,
)
from widget.bitrix24.rest import Batch
from widget.errors import Refused
from widget.untrusted import as_dict, as_positive_int, as_rows, as_str

log = logging.getLogger(__name__)

MAX_BATCH = 50  # the 51st command is refused
MAX_PAGES = 20  # of funnels
NOT_TOLD = object()  # an answer that did not come, where null is an answer
NO_FUNNELS = "entity_type_not_supported"  # the code for a kind of card that has none

Ask = Callable[[Commands], Batch]
Tell = Callable[[str, Mapping[str, Any]], Any]


class Written(Enum):
    DONE = "done"
    LEFT_ALONE = "left_alone"  # not written, since a part of it would be lost: to be changed by hand
    REFUSED = "refused"


@dataclass(frozen=True)
class Arranging:
    """`ask` sends a batch, `tell` one method; both raise Refused."""

    ask: Ask
    tell: Tell
    portal_id: int

    def read(self, fields: Sequence[DesiredField], *, all_of_it: bool = False) -> dict[Layout, Any]:
        """The shared layouts of some kinds of cards, NOT_TOLD where the portal refuses, also to
        name the funnels.

        `all_of_it`: raises Refused where a busy portal left one out. No call without fields; two
        batches, and more for more than 50 layouts or funnels.
        """
        ask = self._ask_firmly if all_of_it else self.ask
        funnels, untold = _funnels(ask, [field for field in fields if has_funnels(field)])
        layouts = [layout for field in fields for layout in layouts_of(field, funnels.get(field.entity, {}))]
        answer = ask_all(ask, {f"l{place}": layout.read for place, layout in enumerate(layouts)})
        findings = {layout: answer.results.get(f"l{place}", NOT_TOLD) for place, layout in enumerate(layouts)}
        return findings | {Layout(field.entity, field.entity_type_id): NOT_TOLD for field in untold}

    def write(self, layout: Layout, sections: Sequence[Any]) -> Written:
        """Write one layout. One outside call, not in a batch: that would read a title like
        `$result[x]` as a reference. Raises Refused."""
        if not survives_writing(sections):
            log.warning("layout.left_alone portal=%s entity=%s", self.portal_id, layout.entity)
            return Written.LEFT_ALONE
        try:
            self.tell(*layout.write(sections))
        except Refused as refusal:
            log.warning("layout.failed portal=%s entity=%s reason=%s", self.portal_id, layout.entity, refusal.reason)
            return Written.REFUSED
        return Written.DONE

    def _ask_firmly(self, commands: Commands) -> Batch:
        answer = self.ask(commands)
        if answer.busy:
            raise answer.refused(answer.busy)
        return answer


def _funnels(ask: Ask, fields: Sequence[DesiredField]) -> tuple[dict[str, dict[int, str]], list[DesiredField]]:
    """Names by id of each entity, and the kinds of cards of which the portal did not name all."""
    funnels: dict[str, dict[int, str]] = {field.entity: {} for field in fields}
    untold: list[DesiredField] = []
    asked = list(fields)
    for page in range(MAX_PAGES):
        answer = ask_all(ask, {field.entity: funnel_question(field, page) for field in asked})
        for field in asked:
            if field.entity in answer.results:
                funnels[field.entity] |= _named(answer.results[field.entity])
            elif answer.errors.get(field.entity, "").lower() != NO_FUNNELS:
                untold.append(field)
        full = (page + 1) * FUNNELS  # more than that is all of them at once
        asked = [field for field in asked if len(funnels[field.entity]) == full and field not in untold]
    return funnels, [*untold, *asked]


def ask_all(ask: Ask, commands: Commands) -> Batch:
    """Any number of commands, 50 in a batch; no call without one."""
    whole = Batch({}, {})
    pairs = list(commands.items())
    for start in range(0, len(pairs), MAX_BATCH):
        whole = whole.with_more(ask(dict(pairs[start : start + MAX_BATCH])))
    return whole


def _named(answer: Any) -> dict[int, str]:
    """The default funnel of deals has the id 0."""
    rows = [row for row in as_rows(as_dict(answer).get("categories")) if isinstance(row, dict)]
    return {as_positive_int(row.get("id")): as_str(row.get("name"), 100) for row in rows}
