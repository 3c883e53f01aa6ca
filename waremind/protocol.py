"""The wire: JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one object a line.

Bytes to objects and back, for both sides, without I/O. A notification carries one event of a
stream: its `params` are the request's id and the event.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.core import Request, result_type
from waremind.zero_bytes import has_zero_byte

MAX_LINE = 1024 * 1024  # bytes, the newline included
LONGEST_REASON = 200

Id = int | str | None

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
FAILED = -32000  # what went wrong stands in `data`


class ErrorObject(Struct, frozen=True, kw_only=True):
    """An error as scripts read it: `data` of the wire, `error` of `--json`."""

    code: str
    message: str
    hint: str
    retryable: bool
    candidates: list[dict[str, str]] | UnsetType = UNSET
    run: str | UnsetType = UNSET


class WireError(Struct, frozen=True):
    """An error as JSON-RPC wants it."""

    code: int
    message: str
    data: ErrorObject


class Call(Struct, frozen=True):
    """A request that was read, with the id that its answer must carry."""

    id: Id
    request: Request[Any]


class BadCallError(Exception):
    """A line that is not a request that we know: what to answer, and for which id."""

    def __init__(self, id: Id, code: int, failure: WaremindError) -> None:  # noqa: A002 - the standard's word
        super().__init__(failure.message)
        self.id = id
        self.code = code
        self.failure = failure


class _Envelope(Struct, forbid_unknown_fields=True):
    jsonrpc: Literal["2.0"]
    method: str
    id: int | str
    params: Raw | UnsetType = UNSET


class _Answer(Struct):
    jsonrpc: Literal["2.0"]
    id: Id = None
    method: str | UnsetType = UNSET
    params: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: WireError | UnsetType = UNSET


class StreamEvent(Struct, frozen=True):
    """One event of the stream that request `id` opened."""

    id: Id
    event: Raw


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(_Envelope)
_answers = msgspec.json.Decoder(_Answer)

# RecursionError: nested too deep. UnicodeDecodeError is a ValueError.
_UNREADABLE = (msgspec.DecodeError, RecursionError, ValueError)


def error_object(failure: WaremindError) -> ErrorObject:
    """Make the stable form of a failure."""
    return ErrorObject(
        code=failure.code.value,
        message=failure.message,
        hint=failure.hint,
        retryable=failure.code.retryable,
        **failure.details,  # pyright: ignore[reportArgumentType] - `details` are such keys by definition
    )


def failure_of(error: ErrorObject) -> WaremindError:
    """Turn the stable form back into the failure; a code of a newer daemon is `internal`."""
    known = error.code in ErrorCode.__members__.values()
    code = ErrorCode(error.code) if known else ErrorCode.INTERNAL
    details = {
        key: value for key in ("candidates", "run") if (value := getattr(error, key)) is not UNSET
    }
    return WaremindError(code, error.message, hint=error.hint, **details)


def _line(fields: dict[str, Any]) -> bytes:
    return _encoder.encode({"jsonrpc": "2.0", **fields}) + b"\n"


def encode_call(id: int, request: Request[Any]) -> bytes:  # noqa: A002 - the standard's word
    """Write a request as a line."""
    return _line({"id": id, "method": request.method, "params": request})


def encode_result(id: Id, result: object) -> bytes:  # noqa: A002 - the standard's word
    """Write a result as a line."""
    return _line({"id": id, "result": result})


def begin_list(id: Id, name: str) -> bytes:  # noqa: A002 - the standard's word
    """Write a result up to where the rows of its list `name` begin."""
    return encode_result(id, {name: []}).removesuffix(b"]}}\n")


def encode_rows(rows: Iterable[object]) -> bytes:
    """Write rows of a list, with commas between them."""
    return b",".join(map(_encoder.encode, rows))


def end_list(rest: Mapping[str, object]) -> bytes:
    """Write a result from the end of its list on; `rest` are its further keys."""
    keys = _encoder.encode(rest)[1:-1]
    return b"]" + (b"," + keys if keys else b"") + b"}}\n"


def encode_event(id: Id, method: str, event: object) -> bytes:  # noqa: A002 - the standard's word
    """Write one event of a stream as a line."""
    return _line({"method": method, "params": {"id": id, "event": event}})


def encode_error(id: Id, code: int, failure: WaremindError) -> bytes:  # noqa: A002 - the standard's word
    """Write an error as a line."""
    return _line({"id": id, "error": WireError(code, failure.message, error_object(failure))})


def decode_call(line: bytes) -> Call:
    """Read a request.

    Raises BadCallError, with the id of the line where it can be read.
    """
    from waremind.requests.methods import REQUESTS  # noqa: PLC0415 - a client needs few of them

    try:
        envelope = _envelopes.decode(line)
    except _UNREADABLE as error:
        raise _bad_envelope(line, error) from None
    request = REQUESTS.get(envelope.method)
    if request is None:
        raise BadCallError(envelope.id, METHOD_NOT_FOUND, _unknown_method(envelope.method))
    params = b"{}" if envelope.params is UNSET else bytes(envelope.params)
    if has_zero_byte(params):
        raise _bad_params(envelope, "a text has a zero byte", "leave it out; UTF-8 texts have none")
    try:
        return Call(envelope.id, msgspec.json.decode(params, type=request))
    except _UNREADABLE as error:
        hint = "docs/protocol.md lists each method's parameters"
        raise _bad_params(envelope, _reason(error), hint) from None


def _bad_params(envelope: _Envelope, reason: str, hint: str) -> BadCallError:
    message = f"cannot read the parameters of {envelope.method}: {reason}"
    failure = WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    return BadCallError(envelope.id, INVALID_PARAMS, failure)


def _reason(error: Exception) -> str:
    """Say what is wrong; msgspec quotes names and values, however long they are."""
    reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"


def _unknown_method(method: str) -> WaremindError:
    return WaremindError(
        ErrorCode.INVALID_INPUT,
        f"cannot call {method[:64]!r}: there is no such method",
        hint="docs/protocol.md lists the methods; a newer client needs a newer daemon",
    )


def _bad_envelope(line: bytes, error: Exception) -> BadCallError:
    hint = 'send one object a line: {"jsonrpc": "2.0", "id": 1, "method": "status"}'
    failure = WaremindError(
        ErrorCode.INVALID_INPUT, f"cannot read the request: {_reason(error)}", hint=hint
    )
    if not isinstance(error, msgspec.ValidationError):
        return BadCallError(None, PARSE_ERROR, failure)
    return BadCallError(_id_of(line), INVALID_REQUEST, failure)


def _id_of(line: bytes) -> Id:
    """Find the id of a request that is otherwise wrong."""

    class OnlyId(Struct):
        id: int | str | None = None

    try:
        return msgspec.json.decode(line, type=OnlyId).id
    except _UNREADABLE:
        return None


def too_long() -> BadCallError:
    """Say that a line was longer than `MAX_LINE`."""
    failure = WaremindError(
        ErrorCode.INVALID_INPUT,
        f"cannot read the request: the line is longer than {MAX_LINE} bytes",
        hint="send less in one request",
    )
    return BadCallError(None, INVALID_REQUEST, failure)


def too_slow(seconds: float) -> BadCallError:
    """Say that a line was begun, and not finished within so many seconds."""
    failure = WaremindError(
        ErrorCode.TIMED_OUT,
        f"cannot read the request: its line was not finished within {seconds:g} s",
        hint="send each request in one go",
    )
    return BadCallError(None, INVALID_REQUEST, failure)


def decode_answer(line: bytes, request: Request[Any]) -> Any:
    """Read what the daemon says to `request`: a StreamEvent, or the result in its own type.

    Raises WaremindError when the answer is an error, or of another version.
    """
    try:
        answer = _answers.decode(line)
        if answer.error is not UNSET:
            raise _failure(answer.error)
        if answer.params is not UNSET:
            return msgspec.json.decode(answer.params, type=StreamEvent)
        return msgspec.json.decode(answer.result or b"", type=result_type(type(request)))
    except _UNREADABLE as error:
        message = f"cannot read the daemon's answer: {_reason(error)}"
        raise WaremindError(ErrorCode.VERSION_MISMATCH, message) from None


def _failure(error: WireError) -> WaremindError:
    if error.code == METHOD_NOT_FOUND:
        return WaremindError(ErrorCode.VERSION_MISMATCH, error.message)
    return failure_of(error.data)
