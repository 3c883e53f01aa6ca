"""The wire: lines to objects and back, for both sides."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from waremind import protocol
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import StatusReport
from waremind.requests.account import AccountAdd, AccountPair, PairEvent, PairQr
from waremind.requests.core import Mutation, Request, checked, result_type
from waremind.requests.daemon import Status, Version, VersionResult
from waremind.requests.methods import REQUESTS

VERSION = b'{"jsonrpc": "2.0", "id": 1, "method": "version"}'


def bad(line: bytes) -> protocol.BadCallError:
    with pytest.raises(protocol.BadCallError) as refused:
        protocol.decode_call(line)
    return refused.value


@pytest.mark.parametrize("method", sorted(REQUESTS))
def test_every_method_is_written_and_read_as_itself(method: str) -> None:
    kind = REQUESTS[method]
    fields = {field.name: example(field) for field in msgspec.structs.fields(kind)}
    request = kind(**{name: value for name, value in fields.items() if value is not UNSET})
    call = protocol.decode_call(protocol.encode_call(5, request))
    assert call == protocol.Call(5, request)


def example(field: msgspec.structs.FieldInfo) -> object:
    """Make a value for what has no default."""
    if not field.required:
        return UNSET
    if field.type is int:
        return 7
    if choices := getattr(field.type, "__args__", ()):
        return [choices[0]("ops")] if isinstance(choices[0], type) else choices[0]
    return "ops"


@pytest.mark.parametrize("method", sorted(REQUESTS))
def test_every_method_names_its_result(method: str) -> None:
    assert result_type(REQUESTS[method])


def test_a_list_in_pieces_is_the_result_in_one() -> None:
    rows = [{"id": 1}, {"id": 2}]
    pieces = (
        protocol.begin_list(7, "rows"),
        protocol.encode_rows(rows[:1]),
        b",",
        protocol.encode_rows(rows[1:]),
        protocol.end_list({"truncated": False}),
    )
    whole = protocol.encode_result(7, {"rows": rows, "truncated": False})
    assert b"".join(pieces) == whole
    nothing = protocol.begin_list(7, "rows") + protocol.end_list({})
    assert nothing == protocol.encode_result(7, {"rows": []})


def test_every_request_says_what_it_needs_and_every_mutation_takes_check() -> None:
    reads = {"account.list", "account.show", "group.list", "group.show", "reminder.list"}
    reads |= {"reminder.show", "reminder.next", "run.list", "run.show", "audit.list"}
    reads |= {"status", "doctor", "version", "events", "metrics", "calendar.list", "calendar.show"}
    reads |= {"reminder.export", "node.list"}
    assert {m for m, kind in REQUESTS.items() if kind.access == "read"} == reads
    handed = {"upload"}  # which another request makes use of
    assert {m for m, kind in REQUESTS.items() if not issubclass(kind, Mutation)} == reads | handed


def test_a_request_that_names_no_result_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="names no result"):
        result_type(Request)


def test_a_result_says_that_nothing_was_done_when_so_it_was_asked() -> None:
    assert checked(AccountAdd(label="ops", check=True)) is True
    assert checked(AccountAdd(label="ops")) is UNSET


def test_a_request_without_parameters_needs_none() -> None:
    assert protocol.decode_call(VERSION) == protocol.Call(1, Version())


@pytest.mark.parametrize(
    ("line", "code", "id_"),
    [
        (b"", protocol.PARSE_ERROR, None),
        (b"\xff", protocol.PARSE_ERROR, None),
        (b"[" * 100_000, protocol.INVALID_REQUEST, None),
        (b"{}", protocol.INVALID_REQUEST, None),
        (b'{"id": {}}', protocol.INVALID_REQUEST, None),
        (b'{"id": "x"}', protocol.INVALID_REQUEST, "x"),
        (VERSION[:-1] + b', "parms": {}}', protocol.INVALID_REQUEST, 1),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "x"}', protocol.METHOD_NOT_FOUND, 1),
        (VERSION[:-1] + b', "params": {"x": 1}}', protocol.INVALID_PARAMS, 1),
        (VERSION[:-1] + rb', "params": {"x": "\u0000"}}', protocol.INVALID_PARAMS, 1),
        (VERSION[:-1] + b', "params": ' + b"[" * 100_000, protocol.PARSE_ERROR, None),
    ],
)
def test_what_is_no_request_says_why_and_for_which_id(line: bytes, code: int, id_: object) -> None:
    refused = bad(line)
    assert (refused.code, refused.id) == (code, id_)
    assert refused.failure.code is ErrorCode.INVALID_INPUT
    assert refused.failure.hint


def test_a_megabyte_that_is_wrong_is_not_quoted_in_full() -> None:
    refused = bad(VERSION[:-1] + b', "params": {"%s": 1}}' % (b"x" * 1_000_000))
    assert len(refused.failure.message) < 300


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_line_does_worse_than_being_refused(line: bytes) -> None:
    assert bad(line).failure.message.startswith("cannot ")


def test_a_line_that_is_not_finished_in_time_is_refused() -> None:
    refused = protocol.too_slow(30)
    assert refused.failure.message.endswith("not finished within 30 s")
    assert refused.failure.code is ErrorCode.TIMED_OUT


def test_a_line_that_is_too_long_is_refused() -> None:
    assert "longer than" in protocol.too_long().failure.message


def answered(line: bytes, request: Request[Any]) -> Any:
    return protocol.decode_answer(line, request)


def test_a_result_is_read_in_its_own_type() -> None:
    line = protocol.encode_result(1, VersionResult("1.2"))
    assert answered(line, Version()) == VersionResult("1.2")


def test_an_event_of_a_stream_is_read_as_one() -> None:
    qr = PairQr("code", "2026-12-01T09:00:00+00:00")
    line = protocol.encode_event(3, "account.pair", qr)
    event = answered(line, AccountPair(account="ops"))
    assert isinstance(event, protocol.StreamEvent)
    assert msgspec.json.decode(event.event, type=PairEvent) == qr


def test_an_error_arrives_as_it_was_raised() -> None:
    candidates = [{"id": "grp_0123456789ab", "name": "Ops"}]
    error = WaremindError(ErrorCode.AMBIGUOUS, "two", hint="choose", candidates=candidates)
    line = protocol.encode_error(1, protocol.FAILED, error)
    with pytest.raises(WaremindError) as raised:
        answered(line, Status())
    told = raised.value
    assert (told.code, told.message, told.hint) == (error.code, "two", "choose")
    assert told.details == {"candidates": candidates}


def test_an_error_s_details_are_absent_when_there_are_none() -> None:
    told = protocol.error_object(WaremindError(ErrorCode.TIMED_OUT, "slow", run="run_1"))
    fields = json.loads(msgspec.json.encode(told))
    assert fields["run"] == "run_1"
    assert "candidates" not in fields
    assert fields["retryable"] is True


def test_a_code_of_a_newer_daemon_is_internal() -> None:
    newer = protocol.ErrorObject(code="eclipse", message="dark", hint="wait", retryable=False)
    failure = protocol.failure_of(newer)
    assert (failure.code, failure.message) == (ErrorCode.INTERNAL, "dark")


def test_a_method_that_an_older_daemon_lacks_is_another_version() -> None:
    refused = bad(VERSION.replace(b"version", b"novelty"))
    line = protocol.encode_error(1, refused.code, refused.failure)
    with pytest.raises(WaremindError) as raised:
        answered(line, Version())
    assert raised.value.code is ErrorCode.VERSION_MISMATCH


@pytest.mark.parametrize("line", [b"", b"{}", b"nonsense", b'{"jsonrpc": "2.0", "result": 1}'])
def test_an_answer_that_makes_no_sense_is_another_version(line: bytes) -> None:
    with pytest.raises(WaremindError) as raised:
        answered(line, Status())
    assert raised.value.code is ErrorCode.VERSION_MISMATCH


def test_a_status_survives_the_wire(status: StatusReport) -> None:
    assert answered(protocol.encode_result(1, status), Status()) == status


@pytest.fixture
def status() -> StatusReport:
    fields = {field.name: None for field in msgspec.structs.fields(StatusReport) if field.required}
    daemon = {"pid": 1, "started_at": "2026-12-01T09:00:00+00:00", "database": "embedded"}
    runs = {"due": 1, "held": 0, "failed_24h": 0, "unknown": 0}
    fields |= {"ok": True, "version": "1", "daemon": daemon, "accounts": {}, "runs": runs}
    return msgspec.convert(fields, StatusReport)
