"""Messages that an operator sends now, read by the played phones of the groups."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from daemon_process import until
from postgres_fixtures import Postgres
from reminders.running import Running, running
from reminders.samples import LATER, adding, ago, ahead
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

from waremind.objects import MisfireRule, Reminder, Run
from waremind.requests.account import AccountSync
from waremind.requests.daemon import AuditList, FreezeSet, Status, Thaw
from waremind.requests.group import GroupShow
from waremind.requests.reminder import (
    ReminderDelete,
    ReminderNext,
    ReminderPause,
    ReminderShow,
)
from waremind.requests.run import ReminderRun, RunChanged, RunList, RunShow, Send

ME, BUDI = "628110000001", "628220000002"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stage:
    """A daemon whose account `ops` is connected, and its WhatsApp."""

    daemon: Running
    whatsapp: PlayedWhatsApp

    def group(self, name: str) -> str:
        """Add a group of the account and Budi; returns its JID."""
        jid = self.whatsapp.group(name, [ME, BUDI], admins=[BUDI])
        self.daemon.call(AccountSync(account="ops"))
        return jid

    def read(self, text: str) -> list[Message]:
        """List the messages with a text that reached WhatsApp."""
        return [one for one in self.whatsapp.messages() if text in one.texts.values()]

    def send(self, *options: str) -> tuple[int, str, str]:
        """Type `waremind send` to Team; returns its exit code, error code and run's id."""
        base = ["send", "--account", "ops", "--to", "Team"]
        ended = self.daemon.cli(*base, *options)
        if ended.code == 0:
            return 0, "", ended.document["run"]["id"]
        return ended.code, ended.error["code"], ended.error.get("run", "")

    def run(self, id_: str) -> Run:
        return self.daemon.call(RunShow(run=id_)).run


@contextlib.contextmanager
def staged(dsn: str) -> Generator[Stage]:
    """Pair the account by its QR."""
    with PlayedWhatsApp() as whatsapp:
        whatsapp.user(ME)
        whatsapp.user(BUDI, "Budi")
        with running(dsn, whatsapp, WAREMIND_GOVERNOR__ENABLED="false") as daemon:
            daemon.account("ops")
            daemon.process.pair("ops", whatsapp, ME)
            stage = Stage(daemon, whatsapp)
            stage.group("Team")
            stage.group("Friends")
            yield stage


@pytest.fixture(scope="module")
def stage(postgres: Postgres, migrated_template: str) -> Iterator[Stage]:
    """Give a stage to tests that send texts of their own."""
    with postgres.database(migrated_template) as dsn, staged(dsn) as stage:
        yield stage


@pytest.fixture
def text() -> str:
    """Give a text that no other test sends."""
    return f"text {next(_numbers)}"


def test_send_waits_until_every_group_has_it(stage: Stage, text: str) -> None:
    code, _, id_ = stage.send("--to", "Friends", "--text", text)
    run = stage.run(id_)
    assert (code, run.status, run.reminder) == (0, "sent", None)
    arrived = stage.read(text)
    assert {one.to for one in arrived} == {d.group.jid for d in run.deliveries}
    assert {one.id for one in arrived} == {d.message_id for d in run.deliveries}
    assert [d.attempts for d in run.deliveries] == [1, 1]
    assert run.started_at
    assert run.finished_at
    entry = stage.daemon.call(AuditList(limit=1)).audit[0]
    assert (entry.action, entry.target.name, entry.detail) == ("send", "ops", {"run": id_})


def test_a_key_sends_once_however_often_it_is_used(stage: Stage, text: str) -> None:
    def send(_: int) -> RunChanged:
        with stage.daemon.process.client() as client:
            return client.call(Send(account="ops", to=["Team"], text=text, key=text))

    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(send, range(8)))
    assert sorted(answer.changed for answer in answers) == [*[False] * 7, True]
    assert {answer.run.id if answer.run else None for answer in answers} == {
        answers[0].run and answers[0].run.id
    }
    assert len(stage.read(text)) == 1


def test_a_key_is_free_again_after_a_day(stage: Stage, text: str) -> None:
    first, second = (
        stage.send("--text", text, "--key", text),
        stage.send("--text", text, "--key", text),
    )
    assert first == second
    stage.daemon.sql(
        "UPDATE runs SET created_at = created_at - interval '25 hours' WHERE id = %s", first[2]
    )
    assert stage.send("--text", text, "--key", text)[2] != first[2]
    assert len(stage.read(text)) == 2


def test_a_key_that_was_used_is_answered_also_while_frozen(stage: Stage, text: str) -> None:
    sent = stage.send("--text", text, "--key", text)
    with frozen(stage):
        assert stage.send("--text", text, "--key", text) == sent
        assert stage.send("--text", text, "--key", text, "--check") == sent


@contextlib.contextmanager
def frozen(stage: Stage) -> Generator[None]:
    stage.daemon.call(FreezeSet())
    yield
    stage.daemon.call(Thaw())


def test_nothing_is_sent_while_frozen(stage: Stage, text: str) -> None:
    reminder = stage.daemon.call(adding(text=text)).reminder
    runs = len(stage.daemon.call(RunList(limit=0)).runs)
    with frozen(stage):
        assert stage.send("--text", text)[:2] == (7, "frozen")
        assert stage.daemon.cli("reminder", "run", reminder.name).error["code"] == "frozen"
        assert len(stage.daemon.call(RunList(limit=0)).runs) == runs
    assert stage.send("--text", text)[0] == 0


def test_a_freeze_ends_the_wait_after_at_most_one_more_message(stage: Stage, text: str) -> None:
    with slow(stage), ThreadPoolExecutor(1) as sender:
        sent = sender.submit(stage.send, "--to", "Friends", "--text", text)
        stage.daemon.until(
            lambda: stage.daemon.sql("SELECT 1 FROM deliveries WHERE status = 'sending'")
        )
        with frozen(stage):
            code, error, id_ = sent.result()
            assert (code, error) == (7, "frozen")
            assert [d.status for d in stage.run(id_).deliveries] == ["sent", "held"]
            assert len(stage.read(text)) == 1


def test_whoever_waits_for_a_run_hears_that_its_reminder_was_deleted(
    stage: Stage, text: str
) -> None:
    reminder = stage.daemon.call(adding(text=text)).reminder
    with slow(stage), ThreadPoolExecutor(1) as runner:
        ended = runner.submit(stage.daemon.cli, "reminder", "run", reminder.name)
        stage.daemon.until(lambda: last_runs(stage, reminder))
        deleted = stage.daemon.call(ReminderDelete(reminder=reminder.id))
        assert (deleted.runs, ended.result().error["code"]) == (1, "not_found")


@contextlib.contextmanager
def slow(stage: Stage) -> Generator[None]:
    """Let WhatsApp take its time to acknowledge."""
    stage.whatsapp.behave(ME, ack_delay=2)
    yield
    stage.whatsapp.behave(ME, ack_delay=0)


@pytest.mark.parametrize(("held", "status", "read"), [("skip", "missed", 0), ("all", "sent", 1)])
def test_what_fell_due_while_frozen_is_judged_by_the_thaw(
    stage: Stage, text: str, held: MisfireRule, status: str, read: int
) -> None:
    stage.daemon.call(FreezeSet())
    reminder = stage.daemon.call(adding(text=text, at=ago(seconds=5))).reminder
    stage.daemon.until(lambda: stage.daemon.call(Status()).runs.held)
    stage.daemon.sql(
        "UPDATE runs SET occurs_at = occurs_at - interval '1 hour' WHERE reminder_id = %s",
        reminder.id,
    )
    assert stage.daemon.call(Thaw(held=held)).released == read
    stage.daemon.until(lambda: last_run(stage, reminder).status == status)
    assert len(stage.read(text)) == read


def last_run(stage: Stage, reminder: Reminder) -> Run:
    shown = stage.daemon.call(ReminderShow(reminder=reminder.id)).reminder
    assert shown.last_run
    return shown.last_run


def test_check_sends_nothing(stage: Stage, text: str) -> None:
    checked = stage.daemon.cli(
        "send", "--account", "ops", "--to", "Team", "--text", text, "--check"
    )
    assert (checked.code, checked.document) == (10, {"changed": True, "check": True, "run": None})
    reminder = stage.daemon.call(adding(text=text)).reminder
    assert stage.daemon.cli("reminder", "run", reminder.name, "--check").code == 10
    assert last_runs(stage, reminder) == []
    assert stage.read(text) == []


def last_runs(stage: Stage, reminder: Reminder) -> list[Run]:
    return stage.daemon.call(RunList(reminder=reminder.id)).runs


def test_what_whatsapp_refuses_has_failed_and_says_so(stage: Stage, text: str) -> None:
    stage.whatsapp.behave(ME, ack_error=420)
    try:
        code, error, id_ = stage.send("--text", text)
    finally:
        stage.whatsapp.behave(ME, ack_error=None)
    assert (code, error) == (1, "send_failed")
    run = stage.run(id_)
    assert (run.status, run.reason) == ("failed", "refused_420")
    assert "420" in (run.reason_text or "")
    told = f"delivery ended account=ops run={run.id}"
    until(lambda: told in stage.daemon.process.log, "the log to tell of it")


def test_a_wait_that_is_too_long_ends_with_the_runs_id_and_goes_on(stage: Stage, text: str) -> None:
    with slow(stage):
        code, error, id_ = stage.send("--text", text, "--timeout", "1s")
        assert (code, error) == (8, "timed_out")
        stage.daemon.until(lambda: stage.run(id_).status == "sent")


def test_without_waiting_the_answer_is_the_run_as_it_begins(stage: Stage, text: str) -> None:
    code, _, id_ = stage.send("--text", text, "--no-wait")
    assert code == 0
    stage.daemon.until(lambda: stage.run(id_).status == "sent")


def test_a_reminder_runs_now_beside_its_rule(stage: Stage, text: str) -> None:
    rule = {"rrule": "FREQ=DAILY", "start": LATER}
    reminder = stage.daemon.call(adding(text=text, mention_all=True, **rule)).reminder
    stage.daemon.call(ReminderPause(reminder=reminder.id))
    ended = stage.daemon.cli("reminder", "run", reminder.name)
    assert (ended.code, ended.document["run"]["status"]) == (0, "sent")
    run = ended.document["run"]
    assert (run["reminder"], run["reminder_id"]) == (reminder.name, reminder.id)
    assert (run["account"], run["account_id"]) == (reminder.account, reminder.account_id)
    (arrived,) = stage.read(text)
    assert len(arrived.mentions) == 2
    shown = stage.daemon.call(ReminderShow(reminder=reminder.id)).reminder
    assert (shown.state, shown.last_run and shown.last_run.status) == ("paused", "sent")


def test_what_was_listed_fires_then_and_only_once(stage: Stage, text: str) -> None:
    at = ahead(seconds=3)
    added = stage.daemon.call(adding(text=text, at=at, to=["Team", "Friends"])).reminder
    (listed,) = stage.daemon.call(ReminderNext(reminder=added.id)).occurrences
    stage.daemon.until(lambda: len(stage.read(text)) == 2)
    stage.daemon.until(lambda: last_run(stage, added).status == "sent")
    (run,) = last_runs(stage, added)
    assert run.occurs_at == listed.at == added.at
    assert len(stage.read(text)) == 2


def test_receipts_are_counted_once_a_person(stage: Stage, text: str) -> None:
    _, _, id_ = stage.send("--text", text)
    (message,) = stage.read(text)
    stage.whatsapp.receipt(message, by=BUDI, kind="delivered")
    stage.daemon.until(lambda: stage.run(id_).deliveries[0].delivered)
    stage.whatsapp.receipt(message, by=BUDI, kind="read")
    stage.daemon.until(lambda: stage.run(id_).deliveries[0].read)
    (delivery,) = stage.run(id_).deliveries
    assert (delivery.delivered, delivery.read) == (1, 1)


def test_a_group_that_was_left_keeps_its_reminders_and_says_why(stage: Stage, text: str) -> None:
    jid = stage.group("Gone")
    reminder = stage.daemon.call(adding(text=text, to=["Gone"])).reminder
    assert reminder.attention == []
    stage.whatsapp.remove_member(jid, ME, by=BUDI)
    stage.daemon.until(lambda: stage.daemon.call(GroupShow(group="Gone")).group.left)
    shown = stage.daemon.call(ReminderShow(reminder=reminder.id)).reminder
    assert [entry.code for entry in shown.attention] == ["group_left"]
    ended = stage.daemon.cli("reminder", "run", reminder.name)
    assert (ended.code, ended.error["code"]) == (1, "send_failed")
    run = stage.run(ended.error["run"])
    assert (run.status, run.reason) == ("missed", "group_left")
    assert stage.read(text) == []


def test_what_trips_the_breaker_is_held(dsn: str) -> None:
    with staged(dsn) as stage:
        stage.whatsapp.behave(ME, ack_error=463)
        code, error, id_ = stage.send("--to", "Friends", "--text", "hi")
        assert (code, error) == (7, "held")
        run = stage.run(id_)
        assert (run.status, run.reason) == ("held", "restricted")
        assert [delivery.status for delivery in run.deliveries] == ["held", "held"]
        assert [e.code for e in stage.daemon.call(Status()).attention] == ["restricted"]
        stage.whatsapp.behave(ME, ack_error=None)
        assert stage.send("--text", "more")[:2] == (7, "held")


def test_a_reminder_may_be_run_without_waiting(stage: Stage, text: str) -> None:
    reminder = stage.daemon.call(adding(text=text)).reminder
    begun = stage.daemon.call(ReminderRun(reminder=reminder.id, wait=False))
    assert begun.run is not None
    assert begun.run.status in {"scheduled", "sending", "sent"}
    stage.daemon.until(lambda: last_run(stage, reminder).status == "sent")


def test_what_nobody_has_received_is_told_and_what_few_have_read_is_said_once_more(
    stage: Stage, text: str
) -> None:
    reminder = stage.daemon.call(
        adding(text=text, follow_up_seconds=60, unless_read_percent=50)
    ).reminder
    assert reminder
    stage.daemon.cli("reminder", "run", reminder.name, "--to", "Friends")
    assert [run.kind for run in _runs_of(stage, reminder)] == ["rehearsal"]
    friends = stage.daemon.call(GroupShow(group="Friends")).group.jid
    assert [message.to for message in stage.read(text)] == [friends]

    run = stage.daemon.call(ReminderRun(reminder=reminder.name)).run
    assert run
    stage.daemon.sql(
        "UPDATE deliveries SET finished_at = finished_at - interval '16 minutes' WHERE run_id = %s",
        run.id,
    )
    assert stage.daemon.until(lambda: _is_unreceived(stage, reminder))
    message = next(each for each in stage.read(text) if each.id == run.deliveries[0].message_id)
    stage.whatsapp.receipt(message, by=BUDI, kind="delivered")
    stage.daemon.until(lambda: not _is_unreceived(stage, reminder))

    stage.daemon.sql("UPDATE runs SET follow_up_at = now() WHERE id = %s", run.id)
    stage.send("--text", f"wakes what follows {text}")
    followed = stage.daemon.until(
        lambda: [each for each in _runs_of(stage, reminder) if each.kind == "follow_up"]
    )
    assert [each.follows for each in followed] == [run.id]
    stage.daemon.until(lambda: stage.run(followed[0].id).status == "sent")
    assert len(stage.read(text)) == 3


def _runs_of(stage: Stage, reminder: Reminder) -> list[Run]:
    return stage.daemon.call(RunList(reminder=reminder.id)).runs


def _is_unreceived(stage: Stage, reminder: Reminder) -> bool:
    needs = stage.daemon.call(Status()).attention
    return any(each.id == reminder.id and each.code == "nobody_received" for each in needs)
