"""What the errors of a send and of a question mean; the texts are whatsmeow's."""

from __future__ import annotations

import pytest

from waremind.errors import ErrorCode
from waremind.whatsapp.reports import NotInGroup, NotSent, SendRefused, SendUnknown
from waremind.whatsapp.responder import query_error
from waremind.whatsapp.sending import outcome_of


@pytest.mark.parametrize("code", [420, 463, 479])
def test_an_ack_with_an_error_is_a_refusal_with_its_code(code: int) -> None:
    text = f"server returned error {code}"
    assert outcome_of(text) == SendRefused(code, text)


@pytest.mark.parametrize(
    "text",
    [
        "the store doesn't contain a device JID",
        "failed to get group members: info query returned status 429: rate-overlimit",
        "failed to get group members: websocket disconnected before info query returned response",
        "failed to get device list: failed to send usync query: info query timed out",
        "failed to create sender key distribution message to send 3EB0 to 1@g.us: no such table",
        "failed to encrypt group message to send 3EB0 to 1@g.us: no session",
        "failed to send message node: websocket not connected",
    ],
)
def test_an_error_before_the_stanza_left_means_that_nothing_was_sent(text: str) -> None:
    assert outcome_of(text) == NotSent(text)


@pytest.mark.parametrize(
    "text",
    [
        "failed to get group members: you're not participating in that group",
        "failed to get group members: that group does not exist",
    ],
)
def test_a_group_that_is_not_ours_is_told_apart(text: str) -> None:
    assert outcome_of(text) == NotInGroup(text)


@pytest.mark.parametrize(
    "text",
    [
        "timed out waiting for message send response",
        "websocket disconnected before message send returned response",
        "websocket disconnected before message send (retry) returned response",
        "websocket not connected",  # when the frame was to be sent again
        "failed to send message node: failed to write: broken pipe",  # some of it may have left
        "an error that nobody has seen yet",
    ],
)
def test_any_other_error_leaves_the_outcome_unknown(text: str) -> None:
    assert outcome_of(text) == SendUnknown(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("info query returned status 429: rate-overlimit", ErrorCode.RATE_LIMITED),
        ("websocket not connected", ErrorCode.NOT_CONNECTED),
        (
            "websocket disconnected before info query returned response",
            ErrorCode.NOT_CONNECTED,
        ),
        ("info query timed out", ErrorCode.TIMED_OUT),
        ("info query returned status 500: internal-server-error", ErrorCode.REFUSED),
    ],
)
def test_a_failed_question_is_told_by_its_error(text: str, code: ErrorCode) -> None:
    assert query_error(text) is code
