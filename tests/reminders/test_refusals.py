"""Wrong input: each kind with its code, its sentence and its cure."""

from __future__ import annotations

import re

import pytest
from command import Ended
from postgres_fixtures import Postgres
from reminders.running import Running, running

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.daemon import FreezeSet
from waremind.requests.reminder import ReminderShow
from waremind.requests.run import RunShow

LATER = "2099-12-01T09:00"
AT = ("--at", LATER)
RULE = ("--start", "2026-01-01T09:00", "--rrule")
EXIT_CODES = {"usage": 2, "invalid_input": 2, "ambiguous": 2, "not_found": 6, "already_exists": 7}
EXIT_CODES |= {"conflict": 7, "not_paired": 7}


@pytest.fixture(scope="module")
def crowded(shared: Running) -> Running:
    """Give a daemon with a second account, two groups of one name, and a reminder."""
    shared.account("sales")
    shared.group("sales", "Deals")
    shared.group("ops", "Twins")
    shared.group("ops", "Twins")
    added = add(shared, *AT, name="taken")
    assert added.code == 0, added.err
    return shared


def add(daemon: Running, *options: str, name: str = "wrong", stdin: bytes = b"") -> Ended:
    """Add a reminder to Team that says hi, unless the options say otherwise."""
    defaults = {"--account": "ops", "--to": "Team", "--text": "hi"}
    if "--text-file" in options:
        del defaults["--text"]
    given = [part for key, value in defaults.items() if key not in options for part in (key, value)]
    return daemon.cli("reminder", "add", *given, *options, "--", name, stdin=stdin)


def check(ended: Ended, code: str, message: str, hint: str) -> None:
    """Compare what was said, by regular expressions."""
    error = ended.error
    assert (ended.code, error["code"]) == (EXIT_CODES[code], code), error
    assert ended.out == ""
    assert re.search(message, error["message"]), error
    assert re.search(hint, error["hint"]), error


@pytest.mark.parametrize(
    ("rule", "message", "hint"),
    [
        ("", "it is empty", "FREQ=DAILY"),
        ("FREQ=WEKLY", "FREQ=WEKLY", "WEEKLY"),
        ("FREQ=WEEKLY;BYDAI=MO", "'BYDAI' is not a part", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX is not a weekday", "MO, TU"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY", "MINUTELY"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0", "1 to"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0", "1 to"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20991231", "COUNT and UNTIL", "keep the one"),
        ("FREQ=DAILY;BYHOUR=1;BYHOUR=2", "BYHOUR is there twice", "commas"),
        ("FREQ=YEARLY;BYEASTER=0", "BYEASTER", "--at"),
        ("FREQ=MONTHLY;RSCALE=GREGORIAN", "RSCALE", "leave it out"),
        ("FREQ=MONTHLY;SKIP=FORWARD", "SKIP", "BYMONTHDAY=-1"),
        ("FREQ=DAILY;X-WKDY=1", "X-WKDY", "leave it out"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH=13", "1 to 12"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "BYMONTHDAY=30 never falls", "BYMONTHDAY=-1"),
        ("FREQ=DAILY;UNTIL=20260105", "never fires after", "end later"),
        ("FREQ=YEARLY;INTERVAL=100", "not fire within 10 years", "INTERVAL"),
        ("FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1", "100 ms of CPU", "longer FREQ"),
    ],
)
def test_a_rule_is_refused_with_its_part_named(
    crowded: Running, rule: str, message: str, hint: str
) -> None:
    check(add(crowded, *RULE, rule), "invalid_input", message, hint)


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--tz", "Europe/Berln", *AT], "'Europe/Berln'.* not an IANA", "Europe/Berlin"),
        (["--at", "2026-12-01"], "no time", "2026-12-01T09:00"),
        (["--at", "09:00"], "no date", "T09:00"),
        (["--at", "tomorrow"], "not a date and time", "2026-12-01T09:00"),
        (["--at", "2099-02-30T09:00"], "day is out of range", "write it like"),
        (["--at", "2020-01-01T09:00"], "past by more than the grace of 10m", "waremind send"),
        ([*AT, "--rrule", "FREQ=DAILY"], "exclude each other", "leave one"),
        ([*AT, "--cron", "@daily"], "--at and --cron exclude each other", "leave one"),
        (["--cron", "0 9 1 * 1"], "both restricted", "second reminder"),
        (["--cron", "0 9 30 2 *"], "BYMONTHDAY=30 never falls", "BYMONTHDAY=-1"),
        (["--on-calendar", "2027-01-01"], "the year '2027' has no rule", "--at"),
        ([], "neither --at nor --rrule", "--at 20"),
        (["--rrule", "FREQ=DAILY"], "--rrule needs a start", "--start 20"),
        ([*AT, "--start", LATER], "--start goes with --rrule", "leave one"),
        (["--rrule", "FREQ=DAILY", "--start", LATER + "Z"], "carries no offset", "--tz"),
        ([*AT, "--grace", "soon"], "--grace 'soon'", "10m"),
    ],
)
def test_a_time_is_refused_with_its_flag_named(
    crowded: Running, options: list[str], message: str, hint: str
) -> None:
    check(add(crowded, *options), "invalid_input", message, hint)


def test_a_reminder_needs_a_zone_and_the_clients_counts_for_nothing(
    postgres: Postgres, migrated_template: str
) -> None:
    with (
        postgres.database(migrated_template) as dsn,
        running(dsn, WAREMIND_DEFAULT_TZ="", TZ="Asia/Tokyo") as daemon,
    ):
        daemon.account("ops")
        daemon.group("ops", "Team")
        check(add(daemon, *AT), "invalid_input", "without a zone", "--tz Europe/Berlin.*default_tz")
        check(add(daemon), "invalid_input", "neither --at nor --rrule", "--at 20")
        assert add(daemon, *AT, "--tz", "Asia/Jakarta").code == 0


@pytest.mark.parametrize(
    ("group", "code", "message", "hint"),
    [
        ("Deals", "invalid_input", "it is one of account 'sales'", "group list --account ops"),
        ("grp_000000000003", "invalid_input", "it is one of account 'sales'", "group list"),
        ("Nobody", "not_found", "'ops' has none", "waremind account sync ops"),
        ("628111@s.whatsapp.net", "invalid_input", "digits@g.us", "group list"),
        ("status@broadcast", "invalid_input", "digits@g.us", "group list"),
        ("", "not_found", "''", "group list"),
    ],
)
def test_a_group_that_is_not_the_accounts_is_refused(
    crowded: Running, group: str, code: str, message: str, hint: str
) -> None:
    check(add(crowded, *AT, "--to", group), code, message, hint)


def test_two_groups_of_one_name_are_both_listed_with_their_ids(crowded: Running) -> None:
    ended = add(crowded, *AT, "--to", "Twins")
    twins = [id_ for (id_,) in crowded.sql("SELECT id FROM whatsapp_groups WHERE name = 'Twins'")]
    check(ended, "ambiguous", "2 have this name", f"{twins[0]}, {twins[1]}")
    assert [candidate["id"] for candidate in ended.error["candidates"]] == twins
    assert add(crowded, *AT, "--to", twins[0], name="to-a-twin").code == 0


def test_of_two_groups_of_one_name_the_one_not_left_is_meant(crowded: Running) -> None:
    crowded.group("ops", "Moved", left_at="2026-01-02T00:00:00Z")
    there = crowded.group("ops", "Moved")
    added = add(crowded, *AT, "--to", "Moved", name="to-the-new-one")
    assert [group["id"] for group in added.document["reminder"]["to"]] == [there]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        ("é".encode() * 4097, "4097 characters, more than 4096"),
        (b"a\0b", "zero byte"),
        (b"a\xff", "byte 2 is not UTF-8"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(crowded: Running, text: bytes, message: str) -> None:
    check(add(crowded, *AT, "--text-file", "-", stdin=text), "invalid_input", message, "UTF-8")


def test_a_zero_byte_is_refused_wherever_it_stands_but_not_its_spelling(crowded: Running) -> None:
    for request in (ReminderShow(reminder="a\0"), RunShow(run="\0"), FreezeSet(reason="\0")):
        with pytest.raises(WaremindError, match="zero byte") as refused:
            crowded.call(request)
        assert refused.value.code is ErrorCode.INVALID_INPUT
    added = add(crowded, *AT, "--text", r"\u0000 \\u0000", name="spelled")
    assert added.document["reminder"]["text"] == r"\u0000 \\u0000"


def test_a_text_comes_from_one_place_that_is_there(crowded: Running) -> None:
    both = add(crowded, *AT, "--text-file", "-", "--text", "b", stdin=b"a")
    check(both, "usage", "exclude each other", "leave one")
    check(add(crowded, *AT, "--text-file", "/nowhere"), "not_found", "no such file", "another")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "it is empty"),
        ("x" * 65, "longer than 64"),
        ("rem_x", "the form of an id"),
        ("123", "all digits"),
        ("-x", "begins with a dash"),
        ("a\nb", "control"),
        (" a", "space"),
    ],
)
def test_a_name_that_could_be_mistaken_is_refused(
    crowded: Running, name: str, message: str
) -> None:
    check(add(crowded, *AT, name=name), "invalid_input", message, "1-64 printable")


def test_a_name_that_is_taken_is_a_conflict(crowded: Running) -> None:
    check(add(crowded, *AT, name="taken"), "already_exists", "'taken'", "reminder set")
    assert add(crowded, *AT, name="free").code == 0
    renamed = crowded.cli("reminder", "edit", "free", "--name", "taken")
    check(renamed, "already_exists", "'taken'", "choose another")


@pytest.mark.parametrize(
    "command",
    [
        ["reminder", "show", "nothing"],
        ["reminder", "next", "nothing"],
        ["reminder", "edit", "nothing", "--text", "x"],
        ["reminder", "pause", "nothing"],
        ["reminder", "resume", "nothing"],
        ["reminder", "run", "nothing"],
        ["reminder", "delete", "nothing", "--yes"],
        ["reminder", "list", "--account", "nothing"],
        ["reminder", "add", "x", "--account", "nothing", "--to", "Team", "--text", "x", *AT],
        ["run", "show", "nothing"],
        ["run", "resolve", "nothing", "--as", "sent"],
        ["run", "list", "--reminder", "nothing"],
        ["run", "list", "--account", "nothing"],
        ["send", "--account", "nothing", "--to", "Team", "--text", "x"],
        ["freeze", "--account", "nothing"],
        ["thaw", "--account", "nothing"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_not_found(crowded: Running, command: list[str]) -> None:
    check(crowded.cli(*command), "not_found", "'nothing'", "list")


@pytest.mark.parametrize(
    "command",
    [
        ["group", "list", "--account"],
        ["reminder", "list", "--account"],
        ["run", "list", "--account"],
        ["run", "list", "--reminder"],
        ["freeze", "--account"],
        ["thaw", "--account"],
    ],
    ids=" ".join,
)
def test_a_variable_that_a_script_left_empty_does_not_mean_all(
    crowded: Running, command: list[str]
) -> None:
    check(crowded.cli(*command, ""), "not_found", "''", "list")


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        (["reminder", "next"], "neither a reminder nor a rule", "--rrule"),
        (["reminder", "next", "taken", "--tz", "UTC"], "has its own rule", "leave out"),
        (["reminder", "next", "taken", "-n", "1001"], "1001", "1 to 1000"),
        (["reminder", "next", "--rrule", "FREQ=DAILY"], "needs a start", "--start"),
        (["reminder", "next", "taken", "--from", "2026-01-01"], "no time", "T09:00"),
        (["reminder", "edit", "taken", "--start", LATER], "fires once", "--rrule"),
        (["reminder", "edit", "taken", "--tz", "Mars/Base"], "'Mars/Base'", "area and city"),
        (["reminder", "edit", "taken", "--at", "2020-01-01T09:00"], "is past", "waremind send"),
        (["run", "list", "--since", "soon"], "--since 'soon'", "1d"),
        (["run", "list", "--since", "yesterday"], "--since 'yesterday'", "1d"),
        (["send", "-a", "ops", "--to", "Team", "--text", "x", "--key", ""], "key ''", "--key"),
        (["send", "-a", "ops", "--to", "Team", "--text", "x", "--timeout", "0s"], "0 sec", "60s"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_options_that_make_no_sense_are_refused(
    crowded: Running, command: list[str], message: str, hint: str
) -> None:
    check(crowded.cli(*command), "invalid_input", message, hint)


def test_nothing_can_be_sent_before_the_account_is_paired(crowded: Running) -> None:
    sent = crowded.cli("send", "--account", "ops", "--to", "Team", "--text", "hi")
    check(sent, "not_paired", "account ops is not paired", "waremind account pair ops")
    assert add(crowded, *AT, name="unpaired").code == 0
    check(crowded.cli("reminder", "run", "unpaired"), "not_paired", "not paired", "account pair")
    assert crowded.cli("run", "list").document["runs"] == []
