"""What every installed portal is to have is hashed, so that nothing is added without telling those
that are there."""

import hashlib
import json

from widget.bitrix24.events import WANTED
from widget.bitrix24.installer import desired
from widget.bitrix24.installer.actual import ActualState, Process
from widget.bitrix24.installer.userfield import names_of

# By the version of what it is about. A version that was released keeps its hash for ever.
HASHES = {2: "b71079756b4bb5d3"}


def wanted_parts() -> str:
    """All commands for an empty portal that allows everything, with one smart process."""
    kinds = (*desired.KINDS, "DYNAMIC_183")
    found = ActualState(
        app_id="1",
        licence="",
        status="",
        days_left=None,
        user_id=1,
        admin=True,
        scopes=desired.SCOPES,
        available=frozenset(map(desired.tab, kinds)),
        placements=(),
        types={},
        known_types=None,
        handlers=(),
        processes=(Process(7, 183, "", clients=True),),
        fields=(),
    )
    steps = desired.missing(found, desired.wanted_of(found, names_of("app"), "https://widget.example.com"))
    commands = [json.dumps([str(step.what), step.command], sort_keys=True) for step in steps]
    return json.dumps([sorted(desired.SCOPES), sorted(WANTED), sorted(commands)])


def test_a_changed_installation_comes_with_a_new_app_version() -> None:
    now = hashlib.sha256(wanted_parts().encode()).hexdigest()[:16]

    assert HASHES.get(desired.APP_VERSION) == now, (
        "What is put into portals has changed: tabs, field type, fields, events, titles, options or permissions. "
        "Raise APP_VERSION in widget/bitrix24/installer/desired.py by one, so that installed portals get it within an "
        f'hour, and write its hash here beside the older ones: {desired.APP_VERSION + 1}: "{now}". '
        "What a portal does not tell of a part (a type's height, a tab's description) needs a step in `missing` too."
    )
    assert max(HASHES) == desired.APP_VERSION
