"""How many messages of a line may wait for one hour: an administrator's choice."""

from flask import render_template
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.forms import FieldFault, Typed, Wrong, is_within, typed
from widget.admin.pages import pages
from widget.forms import json_body
from widget.services import services
from widget.storage.changes import ChangeKind

LATER_PER_HOUR = (1, 200)


@pages.post("/later")
def save_later() -> ResponseReturnValue:
    """Save the limit. What waits already stays."""
    values = typed(json_body(), "later_per_hour")
    text = values["later_per_hour"]
    user = administrator()
    if not is_within(text, LATER_PER_HOUR):
        wrong = {"later_per_hour": Wrong(FieldFault.OUT_OF_RANGE, *LATER_PER_HOUR)}
        return sections.drawn(later_settings(user, form=Typed(values, wrong)), status=422)
    services().storage.portals.set_later_per_hour(user.portal.id, int(text))
    user.note(ChangeKind.LATER, old=str(user.portal.later_per_hour), new=str(int(text)))
    user = user.again()
    return sections.drawn(later_settings(user, said="saved"), sections.log(user))


def later_settings(user: CurrentUser, *, form: Typed | None = None, said: str = "") -> str:
    form = form or Typed({"later_per_hour": str(user.portal.later_per_hour)})
    return render_template("later/_settings.html", form=form, said=said)
