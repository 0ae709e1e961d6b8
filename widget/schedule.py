"""What is done by the clock, each minute, hour or night: in a worker, by one process at a time."""

from collections.abc import Callable

from widget.cardfields.building import build_card_fields
from widget.jobs.queue import EVERY_HOUR, EVERY_MINUTE, EVERY_NIGHT
from widget.parts import Services
from widget.storage.events import UNPROVED
from widget.timeline.building import build_timelines

DAY = 86_400


def schedule(here: Services) -> None:
    """Register it with the queue. No call."""
    stored, received = here.storage, here.webhooks
    timelines = build_timelines(stored, here.bitrix24.rest, here.open_lines.activities.are_kept, here.infra.clock)
    card_fields = build_card_fields(
        stored, here.bitrix24.rest, here.presence.known, here.phones.numbering, here.infra.cache, here.infra.clock
    )

    def texts_end() -> float:
        return here.infra.clock() - here.infra.config.send_texts_days * DAY

    minutely: dict[str, Callable[[], object]] = {
        "events-left": received.event_work.work_on_what_was_left,
        "webhooks-left": received.ingest.work_on_what_was_left,
        "lines": here.presence.rounds.go,
        "unclear-sends": here.chats.unclear_ends.look,
        "later": here.prepared.later.go,
        "mirrors-left": here.open_lines.work.work_on_what_was_left,
        "mirrors-read": here.open_lines.lost.go,
        "timelines": timelines.work.go,
        "badges": timelines.badges.go,
        "notices": here.chats.notifying.go,
        "card-fields": card_fields.go,
    }
    hourly: dict[str, Callable[[], object]] = {
        "update-portals": received.event_work.update_outdated,
        "who-left": here.chats.leavers.look,
        "timelines-behind": stored.timelines.backlog.reopen,
        "card-fields-behind": stored.card_fields.backlog.reopen,
    }
    nightly: dict[str, Callable[[], object]] = {
        "unveiling": here.chats.unveiling.go,
        "subscriptions": received.event_work.look_at_subscriptions,
        "forget-events": stored.events.forget_done,
        "forget-unproved": lambda: stored.events.forget_all(UNPROVED),
        "forget-webhooks": stored.inbox.forget_old,
        "forget-changes": stored.changes.forget_old,
        "wipe-texts": lambda: stored.sends.wipe_texts(texts_end()),
        "forget-messages": lambda: stored.messages.wipe(texts_end()),
        "forget-counted": lambda: stored.conversations.counted.forget(texts_end()),
        "forget-mirrored": lambda: stored.mirrors.forget(texts_end() - here.infra.config.send_texts_days * DAY),
        "forget-marks": stored.timelines.forget_marks,
        "forget-usage": stored.usage.purge,
        "forget-presences": stored.presences.purge,
        "update-numbering": here.phones.updater.update_weekly,
        "forget-rest-log": lambda: stored.rest_log.wipe(here.infra.clock() - here.infra.config.rest_log_days * DAY),
    }
    for times, works in ((EVERY_MINUTE, minutely), (EVERY_HOUR, hourly), (EVERY_NIGHT, nightly)):
        for name, work in works.items():
            here.jobs.schedule(times, name, work)
