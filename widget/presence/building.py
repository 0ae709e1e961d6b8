"""Builds what knows which phones have WhatsApp, and what may be asked and sent to find out."""

from dataclasses import dataclass

from ratelimit import Limiter, Rate, Window
from widget.config import Config
from widget.gateways.lines import Gateways
from widget.infrastructure import Infrastructure
from widget.metrics import Metrics
from widget.presence.asking import Asker
from widget.presence.budget import DAY, Terms
from widget.presence.checker import Checker
from widget.presence.cooling import Cooling
from widget.presence.evidence import Evidence
from widget.presence.feedback import Learning
from widget.presence.flights import Flights
from widget.presence.lifetimes import Lifetimes
from widget.presence.listings import Listings
from widget.presence.memory import Memory
from widget.presence.outgoing import Outgoing, OutgoingTerms
from widget.presence.purse import Purse
from widget.presence.reveal_stats import Reveals
from widget.presence.rounds import Rounds
from widget.storage.building import Repositories


@dataclass(frozen=True)
class PresenceParts:
    known: Memory
    lifetimes: Lifetimes
    listings: Listings
    checker: Checker
    purse: Purse
    cooling: Cooling
    outgoing: Outgoing
    evidence: Evidence
    reveals: Reveals
    learning: Learning
    rounds: Rounds


def build_presence(infra: Infrastructure, stored: Repositories, gateways: Gateways, metrics: Metrics) -> PresenceParts:
    config, clock, answers = infra.config, infra.clock, infra.answers
    lifetimes = Lifetimes(fresh=config.presence_ttl, unknown=config.unknown_ttl)
    known = Memory(answers, stored.presences, stored.vault, key_of=infra.keys.key, lifetimes=lifetimes, clock=clock)
    cooling = Cooling(stored.line_health, clock)
    purse = Purse(_limiter(infra), stored.usage, cooling, _terms(config), clock)
    listings = Listings(
        gateways,
        known,
        lifetimes,
        infra.workers,
        clock,
        answers=answers,
        reports=lambda line: stored.line_health.of(line.portal_id, line.id).hook_at > 0,
    )
    checker = Checker(
        known,
        # Longer than the slowest honest answer: a look-up of three calls, a check and a call for what it meant.
        Flights(answers, lease_seconds=6 * config.check_timeout + 5, sleep=infra.sleep),
        purse,
        Asker(gateways, cooling, infra.workers, metrics, clock),
        listings,
        lifetimes=lifetimes,
        clock=clock,
    )
    evidence, reveals = Evidence(known, stored.chats, clock), Reveals(answers, stored.usage, infra.keys)
    return PresenceParts(
        known=known,
        lifetimes=lifetimes,
        listings=listings,
        checker=checker,
        purse=purse,
        cooling=cooling,
        outgoing=_outgoing(infra, stored, purse, cooling),
        evidence=evidence,
        reveals=reveals,
        learning=Learning(evidence, cooling, purse, reveals, stored.usage, stored.conversations.counted),
        rounds=Rounds(stored.portals, stored.lines, gateways, listings, infra.workers, purse, answers),
    )


def _outgoing(infra: Infrastructure, stored: Repositories, purse: Purse, cooling: Cooling) -> Outgoing:
    config = infra.config
    firsts, sends = (infra.limiter(prefix, [Window(limit=1, seconds=DAY)]) for prefix in ("firsts", "sends"))
    terms = OutgoingTerms(
        config.firsts_per_day, config.young_firsts_per_day, config.sends_per_day, young_days=config.young_days
    )
    return Outgoing(firsts, sends, stored.usage, purse, cooling, terms, infra.clock)


def _limiter(infra: Infrastructure) -> Limiter:
    """The limits of each call come from the line (budget.py); these stand for calls that name none."""
    config = infra.config
    limits = (
        Rate(every=config.check_every, burst=config.check_burst),
        Window(limit=config.checks_per_day, seconds=DAY),
    )
    return infra.limiter("checks", limits)


def _terms(config: Config) -> Terms:
    """At most a card's worth at once, then one every few seconds, and no more a day than the line sends: whom it
    protects is the company's WhatsApp account, which is banned for checking numbers that get no message."""
    return Terms(
        burst=config.check_burst,
        every=config.check_every,
        per_day=config.checks_per_day,
        floor=config.checks_floor,
        young_per_day=config.young_checks_per_day,
        young_days=config.young_days,
    )
