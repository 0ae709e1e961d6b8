"""Fields that are made anew under their name, because a field cannot change its type, stay where
they stood.

A portal may forget the place of a field that is deleted, and we may be interrupted after any step.
So names and places are written down before the first field goes, and kept until every one of them
is back.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from widget.bitrix24.arranging import NOT_TOLD, Arranging, Written
from widget.bitrix24.installer.desired import DesiredField
from widget.bitrix24.installer.layouts import FieldPlace, Layout, in_layout, place_of, put_back
from widget.bitrix24.installer.report import InLayout


@dataclass(frozen=True)
class Kept:
    """A field's name, and its places by the key of the layout."""

    name: str
    places: Mapping[str, FieldPlace]


Moving = Mapping[str, Kept]  # by entity


def kept_of(names: Mapping[str, str], layouts: Mapping[Layout, Any]) -> Moving:
    """What is to be written down of fields that are about to go (pure)."""
    return {
        entity: Kept(
            name,
            {
                layout.key: place
                for layout, sections in layouts.items()
                if layout.entity == entity and (place := place_of(sections, name))
            },
        )
        for entity, name in names.items()
    }


def text_of(moving: Moving) -> str:
    return json.dumps({entity: asdict(kept) for entity, kept in moving.items()}) if moving else ""


def read_moving(text: str) -> Moving:
    return {
        entity: Kept(kept["name"], {key: FieldPlace(**place) for key, place in kept["places"].items()})
        for entity, kept in json.loads(text or "{}").items()
    }


def put_all_back(moving: Moving, fields: Iterable[DesiredField], arranging: Arranging) -> bool:
    """Put made fields where they stood, in layouts that have lost them. Whether there is nothing
    left to try again.

    Raises Refused. Two batches, more for over 50 layouts, and one call for each layout that lost
    one.
    """
    done = True
    placed = [field for field in fields if field.entity in moving and moving[field.entity].places]
    for layout, sections in arranging.read(placed, all_of_it=True).items():
        kept = moving[layout.entity]
        place = kept.places.get(layout.key)
        if sections is NOT_TOLD:
            done = False
        elif place and in_layout(sections, kept.name) is InLayout.NO:
            done &= arranging.write(layout, put_back(sections, kept.name, place)) is not Written.REFUSED
    return done
