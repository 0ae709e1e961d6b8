"""Builds what knows which phones have WhatsApp, and what may be asked and sent to find out."""

from dataclasses import dataclass

from ratelimit import Limiter, Rate, Window
from widget.config import Config
from widget.gateways.lines import Gateways
from widget.infrastructure import Infrastructure
from widget.presence.budget import DAY, Terms
from widget.presence.chat_index import ChatIndex
from widget.presence.check_budget import CheckBudget
from widget.presence.checker import Checker
from widget.presence.cooldown_policy import CooldownPolicy
from widget.presence.evidence import Evidence
from widget.presence.feedback import PresenceFeedback
from widget.presence.freshness import FreshnessPolicy
from widget.presence.outgoing import Outgoing, OutgoingTerms
from widget.presence.probe import PresenceProbe
from widget.presence.reveal_stats import RevealStats
from widget.presence.rounds import Rounds
from widget.presence.store import PresenceStore
from widget.singleflight.distributed import DistributedSingleFlight
from widget.storage.building import Repositories


@dataclass(frozen=True)
class PresenceParts:
    known: PresenceStore
    freshness: FreshnessPolicy
    chat_index: ChatIndex
    checker: Checker
    check_budget: CheckBudget
    cooldown_policy: CooldownPolicy
    outgoing: Outgoing
    evidence: Evidence
    reveal_stats: RevealStats
    feedback: PresenceFeedback
    rounds: Rounds


def build_presence(infra: Infrastructure, stored: Repositories, gateways: Gateways) -> PresenceParts:
    config, clock, cache = infra.config, infra.clock, infra.cache
    freshness = FreshnessPolicy(fresh=config.presence_ttl, unknown=config.unknown_ttl)
    known = PresenceStore(
        cache, stored.presences, stored.secret_box, key_of=infra.keys.key, freshness=freshness, clock=clock
    )
    cooldown_policy = CooldownPolicy(stored.line_health, clock)
    check_budget = CheckBudget(_limiter(infra), stored.usage, cooldown_policy, _terms(config), clock)
    chat_index = ChatIndex(
        gateways,
        known,
        freshness,
        infra.workers,
        clock,
        cache=cache,
        reports=lambda line: stored.line_health.of(line.portal_id, line.id).hook_at > 0,
    )
    checker = Checker(
        known,
        # Longer than the slowest honest answer: a look-up of three calls, a check and a call for
        # what it meant.
        DistributedSingleFlight(cache, lease_seconds=6 * config.check_timeout + 5, sleep=infra.sleep),
        check_budget,
        PresenceProbe(gateways, cooldown_policy, infra.workers, infra.metrics, clock),
        chat_index,
        freshness=freshness,
        clock=clock,
    )
    evidence, reveal_stats = Evidence(known, stored.chats, clock), RevealStats(cache, stored.usage, infra.keys)
    return PresenceParts(
        known=known,
        freshness=freshness,
        chat_index=chat_index,
        checker=checker,
        check_budget=check_budget,
        cooldown_policy=cooldown_policy,
        outgoing=_outgoing(infra, stored, check_budget, cooldown_policy),
        evidence=evidence,
        reveal_stats=reveal_stats,
        feedback=PresenceFeedback(
            evidence, cooldown_policy, check_budget, reveal_stats, stored.usage, stored.conversations.counted
        ),
        rounds=Rounds(stored.portals, stored.lines, gateways, chat_index, infra.workers, check_budget, cache),
    )


def _outgoing(
    infra: Infrastructure, stored: Repositories, check_budget: CheckBudget, cooldown_policy: CooldownPolicy
) -> Outgoing:
    config = infra.config
    firsts, sends = (infra.limiter(prefix, [Window(limit=1, seconds=DAY)]) for prefix in ("firsts", "sends"))
    terms = OutgoingTerms(
        config.firsts_per_day, config.young_firsts_per_day, config.sends_per_day, young_days=config.young_days
    )
    return Outgoing(firsts, sends, stored.usage, check_budget, cooldown_policy, terms, infra.clock)


def _limiter(infra: Infrastructure) -> Limiter:
    """The limits of each call come from the line (budget.py); these stand for calls that name
    none."""
    config = infra.config
    limits = (
        Rate(every=config.check_every, burst=config.check_burst),
        Window(limit=config.checks_per_day, seconds=DAY),
    )
    return infra.limiter("checks", limits)


def _terms(config: Config) -> Terms:
    """At most a card's worth at once, then one every few seconds, and no more a day than the line
    sends: whom it protects is the company's WhatsApp account, which is banned for checking numbers
    that get no message."""
    return Terms(
        burst=config.check_burst,
        every=config.check_every,
        per_day=config.checks_per_day,
        floor=config.checks_floor,
        young_per_day=config.young_checks_per_day,
        young_days=config.young_days,
    )
