"""What an operator writes of a reminder: read from requests and rows, compared, put into rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self

from msgspec import UNSET, UnsetType, structs

from waremind.daemon.reminders.group_lookup import groups_for
from waremind.daemon.reminders.mentions import addresses
from waremind.daemon.reminders.options import options_of
from waremind.daemon.reminders.schedule import (
    Timing,
    When,
    edited,
    found_so,
    timing,
    timing_of,
)
from waremind.daemon.services import Services
from waremind.domain.days_off import DaysOffCalendar
from waremind.domain.duration import LONGEST
from waremind.domain.fields import named_by
from waremind.domain.ids import canonical, shown, valid_name
from waremind.domain.media import Attachment
from waremind.domain.misfire import Misfire
from waremind.domain.plan import Plan
from waremind.domain.plan_options import BARE, PlanOptions
from waremind.domain.quiet_hours import Lateness, QuietHours
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.reminder import ReminderAdd, ReminderEdit, ReminderSet
from waremind.store import calendars as calendars_table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.groups import GroupRow
from waremind.store.reminder_row import ReminderRow

LONGEST_TEXT = 4096
# What says when it fires, and what becomes of what falls into quiet hours.
PLANNED = ("timing", "options", "off", "misfire", "grace_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that makes a reminder what it is; two with the same are the same.

    `to` are JIDs; `groups` are the rows behind them, which may have changed in between.
    """

    name: str
    account: str
    to: tuple[str, ...]
    text: str
    timing: Timing
    misfire: Misfire
    grace_seconds: int
    mention_all: bool
    options: PlanOptions = BARE
    off: tuple[str, ...] = ()
    attachment: Attachment | None = None
    calendars: tuple[DaysOffCalendar, ...] = field(default=(), compare=False)
    groups: tuple[GroupRow, ...] = field(compare=False)

    @property
    def grace(self) -> timedelta:
        """How late is too late."""
        return timedelta(seconds=self.grace_seconds)

    def plan(self, quiet: QuietHours | None) -> Plan:
        """Return when it fires; `quiet` holds where it says nothing of its own."""
        lateness = Lateness(self.grace, self.misfire)
        return self.options.plan(self.timing.recurrence, self.calendars, quiet, lateness)

    def in_place_of(self, old: "Content", request: ReminderSet) -> Self:
        """Keep what `set` says nothing of: what was skipped and moved, and where a rule started."""
        kept = {"skipped": old.options.skipped, "moved": old.options.moved}
        timing = found_so(self.timing, old.timing, _when(request))
        return replace(self, timing=timing, options=structs.replace(self.options, **kept))

    def is_planned_as(self, other: "Content") -> bool:
        """Tell whether both fire at the same times."""
        is_bare = self.options == other.options == BARE and not (self.off or other.off)
        names = ("timing",) if is_bare else PLANNED
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def differing(self, other: "Content") -> list[str]:
        """Name what is not the same in both."""
        names = ("name", "account", "to", "text", "timing", "misfire", "grace_seconds")
        names += ("mention_all", "options", "off", "attachment")
        return [name for name in names if getattr(self, name) != getattr(other, name)]


async def content_of(services: Services, row: ReminderRow, groups: Sequence[GroupRow]) -> Content:
    """Read a stored reminder."""
    async with services.database.connection() as connection:
        kept = (await calendars_table.of_reminders(connection, [row.id])).get(row.id, ())
    return Content(
        name=row.name,
        account=row.account_id,
        to=tuple(group.jid for group in groups),
        groups=tuple(groups),
        text=row.text,
        timing=timing_of(row),
        misfire=row.misfire,
        grace_seconds=row.grace_seconds,
        mention_all=row.mention_all,
        options=row.options,
        off=tuple(each.name for each in kept),
        calendars=kept,
        attachment=row.attachment,
    )


async def _kept(connection: Connection, names: Sequence[str]) -> tuple[DaysOffCalendar, ...]:
    """Read the calendars that are named. Raises WaremindError `not_found`."""
    kept: dict[str, DaysOffCalendar] = {}  # one may be named twice, by its id too
    for name in dict.fromkeys(canonical(name) for name in names if name):
        rows = await calendars_table.select(connection, name)
        if not rows:
            message = f"cannot find calendar {shown(name)}: there is none with this id or name"
            hint = "waremind calendar list, or make it: waremind calendar add NAME --country DE"
            raise WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)
        days = await calendars_table.days_of(connection, rows[0].id)
        kept[rows[0].name] = DaysOffCalendar(rows[0].name, days, rows[0].ends_on)
    return tuple(kept.values())


async def asked_for(
    services: Services,
    connection: Connection,
    request: ReminderAdd,
    attachment: Attachment | None,
) -> Content:
    """Read what `add` and `set` ask for. Raises WaremindError."""
    settings = services.settings
    name = valid_name(request.name, "a reminder")
    account = await services.accounts.row(request.account, connection)
    text = valid_text(request.text, attachment)
    fires = timing(_when(request), settings.default_tz, services.now())
    grace = request.grace_seconds
    groups = await groups_for(connection, account, request.to)
    kept = await _kept(connection, () if request.off is UNSET else request.off)
    options = options_of(request, BARE, text)
    await addresses(connection, groups, named_by(options))
    return Content(
        name=name,
        account=account.id,
        to=tuple(group.jid for group in groups),
        groups=groups,
        text=text,
        timing=fires,
        misfire=Misfire(request.misfire),
        grace_seconds=valid_grace(settings.delivery.grace_seconds if grace is None else grace),
        mention_all=request.mention_all,
        options=options,
        off=tuple(each.name for each in kept),
        calendars=kept,
        attachment=attachment,
    )


async def edited_content(
    connection: Connection,
    old: Content,
    account: AccountRow,
    request: ReminderEdit,
    attachment: Attachment | None,
) -> Content:
    """Read what `edit` makes of a reminder: only what is given changes. Raises WaremindError."""
    attachment = old.attachment if request.media is UNSET else attachment
    text = valid_text(old.text if request.text is UNSET else request.text, attachment)
    new = replace(
        old,
        attachment=attachment,
        name=old.name if request.name is UNSET else valid_name(request.name, "a reminder"),
        text=text,
        timing=edited(old.timing, _when(request)),
        misfire=Misfire(_given(request.misfire) or old.misfire),
        grace_seconds=valid_grace(
            old.grace_seconds if request.grace_seconds is UNSET else request.grace_seconds
        ),
        mention_all=old.mention_all if request.mention_all is UNSET else request.mention_all,
        options=options_of(request, old.options, text),
    )
    if request.off is not UNSET:
        kept = await _kept(connection, request.off)
        new = replace(new, off=tuple(each.name for each in kept), calendars=kept)
    if request.to is not UNSET:
        groups = await groups_for(connection, account, request.to)
        new = replace(new, to=tuple(group.jid for group in groups), groups=groups)
    if any(each is not UNSET for each in (request.to, request.mention, request.rotate)):
        await addresses(connection, new.groups, named_by(new.options))
    return new


def _when(request: ReminderAdd | ReminderEdit) -> When:
    return When(
        at=_given(request.at),
        rrule=_given(request.rrule),
        crontab=_given(request.crontab),
        on_calendar=_given(request.on_calendar),
        start=_given(request.start),
        tz=_given(request.tz),
    )


def _given(value: str | UnsetType | None) -> str | None:
    return None if value is UNSET else value


def valid_text(text: str, attachment: Attachment | None = None) -> str:
    """Return the text of a message if it can be sent; an image or a document needs none.

    Raises WaremindError `invalid_input`.
    """
    lines = text.replace("\r\n", "\n")
    if not lines.strip():
        if attachment:
            return ""
        raise _bad_text("it is empty")
    if len(lines) > LONGEST_TEXT:
        raise _bad_text(f"it has {len(lines)} characters, more than {LONGEST_TEXT}")
    return lines


def _bad_text(reason: str) -> WaremindError:
    hint = f"send 1 to {LONGEST_TEXT} characters of UTF-8 text"
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot send this text: {reason}", hint=hint)


def valid_grace(seconds: int) -> int:
    """Return a grace if it is one. Raises WaremindError `invalid_input`."""
    if not 0 <= seconds <= LONGEST.total_seconds():
        message = f"cannot use a grace of {seconds} seconds: it is not within 0 and ten years"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="write it like --grace 10m")
    return seconds
