"""Employees who left: Bitrix24 is asked whether those who own chats still work there."""

from contextlib import suppress

from widget.bitrix24.employees import MAX_EMPLOYEES, READS_USERS, read_employees
from widget.bitrix24.rest import Rest
from widget.errors import Refused
from widget.storage.portals import Portal, Portals
from widget.storage.staff import Staff
from widget.storage.waits import Waits


class Leavers:
    def __init__(self, rest: Rest, portals: Portals, waits: Waits, staff: Staff) -> None:
        self._rest = rest
        self._portals = portals
        self._waits = waits
        self._staff = staff

    def look(self) -> None:
        """Ask Bitrix24 whether those who own chats still work there. One outside call for fifty of
        them, hourly."""
        owners = self._waits.owners()
        for portal in self._portals.all():
            known = sorted(owners.get(portal.id, set()))
            if not portal.is_served or not READS_USERS & portal.scopes:
                continue
            for begin in range(0, len(known), MAX_EMPLOYEES):
                with suppress(Refused):
                    self._see(portal, known[begin : begin + MAX_EMPLOYEES])

    def _see(self, portal: Portal, user_ids: list[int]) -> None:
        for employee in read_employees(self._rest, portal, portal.installer_id, user_ids):
            self._staff.seen(portal.id, employee.user_id, employee.name, active=employee.active)
