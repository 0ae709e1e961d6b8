"""Another process of the service remembers the portal as it was before it was installed again."""

from sandbox.portal.credentials import PORTALS
from tests.installing import Site
from tests.stand import Widget
from widget.storage.portals import REMEMBERED_SECONDS


def installed_and_remembered(make_widget) -> tuple[Site, Widget]:
    """A portal with the application, and a process that knows it."""
    site = Site.empty(make_widget)
    site.set_up()
    twin = site.widget.twin()
    assert opens_in(twin, site)
    return site, twin


def opens_in(twin: Widget, site: Site) -> bool:
    settings = twin.post_opening(site.outside.opening("/app/", user="admin"))
    return (settings.answer.status_code, twin.open().reveal().answer.status_code) == (200, 200)


def test_a_portal_that_was_cleared_and_installed_again_opens_in_every_process(make_widget):
    site, twin = installed_and_remembered(make_widget)
    site.market("uninstall", clean="1")
    site.deliver()
    site.set_up()

    assert opens_in(twin, site)


def test_a_portal_that_is_remembered_as_removed_opens_as_soon_as_it_is_installed_again(make_widget):
    site, twin = installed_and_remembered(make_widget)
    site.market("uninstall")
    site.deliver()
    twin.clock.forward(REMEMBERED_SECONDS)
    twin.services.storage.portals.find(PORTALS[0].member_id)
    site.set_up()

    assert opens_in(twin, site)
