import pytest

from widget.errors import ErrorCode, Refused
from widget.session import Launch
from widget.storage.tokens import Tokens


@pytest.fixture
def opening_of(outside):
    """What the portal posted, as the page's opening; changes are what a forger would write."""

    def make(*, portal=1, user="rep", **changes):
        opening = outside.opening(portal=portal, user=user)
        fields = opening["fields"]
        values = {
            "member_id": fields["member_id"],
            "domain": opening["frame"].split("|")[0],
            "access_token": fields["AUTH_ID"],
            "refresh_token": fields["REFRESH_ID"],
            "expires_in": 3600,
            "entity_type_id": 2,
            "entity_id": 7045,
            "language": "ru",
        }
        return Launch(**{**values, **changes})

    return make


@pytest.fixture
def entry(widget):
    return widget.services.bitrix24.authenticator


def refusal(call):
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_the_portal_of_an_honest_form_is_found_without_a_call(entry, widget, opening_of, outside):
    opening = opening_of()
    outside.reset()
    assert entry.portal_of(opening).id == widget.portals[0]
    assert outside.total("portal") == 0


def test_a_portal_that_nobody_added_is_refused_without_a_call(entry, opening_of, outside):
    opening = opening_of(member_id="unknown")
    outside.reset()
    assert refusal(lambda: entry.portal_of(opening)) is ErrorCode.UNKNOWN_PORTAL
    assert refusal(lambda: entry.prove(opening)) is ErrorCode.UNKNOWN_PORTAL
    assert outside.total("portal") == 0


def test_another_name_of_the_portal_is_proved_at_once_and_the_stored_address_stays(entry, widget, opening_of, outside):
    opening = opening_of(domain="crm.company.ru")
    outside.reset()
    assert entry.portal_of(opening).id == widget.portals[0]
    assert outside.calls("portal") == {"oauth:app.info": 1}
    assert "company" not in widget.services.storage.portals.get(widget.portals[0]).endpoint
    forged = opening_of(domain="crm.company.ru", access_token="0" * 70)
    assert refusal(lambda: entry.portal_of(forged)) is ErrorCode.NO_AUTH


def test_a_token_of_another_portal_is_refused(entry, opening_of):
    stranger = opening_of(portal=2)
    forged = opening_of(access_token=stranger.access_token)
    assert refusal(lambda: entry.prove(forged)) is ErrorCode.NO_AUTH


@pytest.mark.parametrize("token", ["", "0" * 70])
def test_a_token_that_proves_nothing_is_refused(entry, opening_of, token):
    assert refusal(lambda: entry.prove(opening_of(access_token=token))) is ErrorCode.NO_AUTH


@pytest.mark.parametrize("fault", ["wrong_member", "wrong_client", "expired_token", "invalid_token"])
def test_a_proof_that_does_not_fit_stores_nothing(entry, widget, opening_of, outside, fault):
    outside.break_portal(fault, "oauth:app.info")
    assert refusal(lambda: entry.prove(opening_of())) is ErrorCode.NO_AUTH
    services = widget.services
    assert Tokens(services.storage.engine, services.storage.secret_box).find(widget.portals[0], 2) is None


def test_a_proved_user_is_stored_with_their_own_tokens(entry, widget, opening_of):
    rep, admin = opening_of(), opening_of(user="admin")
    assert entry.prove(rep)[1] == 2
    assert entry.prove(admin)[1] == 1
    services = widget.services
    tokens = Tokens(services.storage.engine, services.storage.secret_box)
    assert tokens.find(widget.portals[0], 2).access == rep.access_token
    assert tokens.find(widget.portals[0], 1).access == admin.access_token


def test_a_second_look_at_the_same_opening_calls_nobody(entry, opening_of, outside):
    opening = opening_of()
    outside.reset()
    assert entry.prove(opening) == entry.prove(opening)
    assert outside.calls("portal") == {"oauth:app.info": 1}


def test_a_renewed_token_is_not_overwritten_by_the_old_opening(entry, widget, opening_of, outside):
    opening = opening_of()
    portal, user = entry.prove(opening)
    outside.break_portal("expired_token", "profile")
    widget.services.bitrix24.rest.call(portal, user, "profile", {})
    services = widget.services
    tokens = Tokens(services.storage.engine, services.storage.secret_box)
    renewed = tokens.find(portal.id, user)
    entry.prove(opening)
    assert renewed.access != opening.access_token
    assert tokens.find(portal.id, user) == renewed


def test_a_renamed_portal_is_corrected_from_the_authorisation_servers_word(entry, widget, opening_of):
    services = widget.services
    services.storage.portals.move(widget.portals[0], domain="old.example", endpoint="http://old.example/rest/")
    opening = opening_of()
    portal = entry.portal_of(opening)
    assert portal.domain == opening.domain
    assert portal.endpoint == f"http://{opening.domain}/rest/"
    assert services.storage.portals.get(widget.portals[0]) == portal
