"""What crosses a child's socketpair, line by line."""

from __future__ import annotations

import pytest

from waremind.whatsapp.reports import GroupLeft, SendUnknown
from waremind.whatsapp.requests import Answer, line, read_outcome, read_said, result


@pytest.mark.parametrize(
    ("said", "heard"),
    [("a\0b\0\0", "ab"), ("\\\0", "\\"), ("\\u0000", "\\u0000"), ("\\\\u0000\0", "\\\\u0000")],
)
def test_a_zero_byte_which_postgresql_takes_in_no_text_is_left_out(said: str, heard: str) -> None:
    assert read_said(line(GroupLeft(session=1, jid=said))) == GroupLeft(session=1, jid=heard)
    answer = read_said(line(Answer(1, result(SendUnknown(said)))))
    assert isinstance(answer, Answer)
    assert read_outcome(answer.result) == SendUnknown(heard)
