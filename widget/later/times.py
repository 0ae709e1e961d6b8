"""When a message is due (pure). A time on the client's clock is one in every zone that their number
may be in."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from widget.phones.hours import Hours, Light, local_time

MORNING = "09:00"
MAX_AHEAD = 180 * 86_400.0  # seconds ahead
DAYS = 3  # that are looked at: the clocks may skip one morning, not two
STEP = 1800.0  # seconds: clocks differ by half hours
HALF_A_DAY = 43_200.0


def at_wall(zones: tuple[str, ...], wall: str, now: float, hours: Hours) -> float | None:
    """The next moment at which it is `wall` in the client's zone, or has just become so in the last
    of several; later that day where a client would sleep then. None without a zone, or where every
    hour is night."""
    known = _known(zones)
    if not known:
        return None
    first = min(datetime.fromtimestamp(now, zone).date() for zone in known)
    for day in range(DAYS):
        due = max(moment_of(first + timedelta(days=day), time.fromisoformat(wall), zone) for zone in known)
        if due > now:
            return awake_from(zones, due, hours)
    return None


def awake_from(zones: tuple[str, ...], at: float, hours: Hours) -> float | None:
    """This moment, or the first full or half hour after it when it is night in none of the zones;
    None if there is none within two days."""
    known = _known(zones)
    while_night = (at, *(at - at % STEP + STEP * step for step in range(1, 97)))
    return next((due for due in while_night if not any(_asleep(zone, due, hours) for zone in known)), None)


def moment_of(day: date, at: time, zone: ZoneInfo) -> float:
    """The moment (unix seconds) of a time on the zone's clock. A time that the clocks skip is a
    moment after the gap, one that they show twice is the first."""
    return datetime.combine(day, at, zone).timestamp()


def is_night(zones: tuple[str, ...], at: float, hours: Hours) -> bool:
    """Whether it is night in every zone of the client at this moment (unix seconds)."""
    local = local_time(zones, datetime.fromtimestamp(at, UTC), hours)
    return local is not None and local.asleep


def is_early(zones: tuple[str, ...], wall: str, planned: float, now: float) -> bool:
    """Whether a client's clock has not reached the time that was meant: their zone, or what is
    known of it, has changed since. `planned` is the moment that it was worked out to be."""
    clocks = [datetime.fromtimestamp(now, zone).time() for zone in _known(zones)]
    return now < planned + HALF_A_DAY and any(clock < time.fromisoformat(wall) for clock in clocks)


def _asleep(zone: ZoneInfo, at: float, hours: Hours) -> bool:
    return hours.light_at(datetime.fromtimestamp(at, zone).hour) is Light.RED


def _known(zones: tuple[str, ...]) -> list[ZoneInfo]:
    """The zones that this machine's zone data knows."""
    found = []
    for name in zones:
        try:
            found.append(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return found
