"""What a worker has ready before its first card comes."""

from pathlib import Path

from tests.stand import Widget, app_for, config_for
from widget.gateways.base import LineState
from widget.icons import icon
from widget.warming import hear_of_lines, warm_up


def test_the_first_card_finds_templates_and_icons_ready(widget: Widget) -> None:
    icon.cache_clear()
    widget.app.jinja_env.cache.clear()
    warm_up(widget.app)
    assert set(widget.app.jinja_env.list_templates()) == {name for _loader, name in widget.app.jinja_env.cache}

    drawn = icon.cache_info().misses
    page = widget.open().reveal()
    assert page.rows
    assert icon.cache_info().misses - drawn <= 5  # those chosen by a state that only the card knows


def test_a_process_that_starts_hears_how_its_lines_are_and_starts_without_a_database_too(
    widget: Widget, tmp_path: Path
) -> None:
    hear_of_lines(widget.app)
    (line,) = widget.services.storage.lines.of(widget.portals[0])
    assert widget.services.gateways.known_state(line) is LineState.READY
    hear_of_lines(app_for(config_for(widget.outside, f"sqlite:///{tmp_path / 'no' / 'file'}")))


def test_warming_up_asks_nobody(widget: Widget) -> None:
    before = widget.outside.total("portal"), widget.outside.total("gateway")
    warm_up(widget.app)
    assert (widget.outside.total("portal"), widget.outside.total("gateway")) == before
