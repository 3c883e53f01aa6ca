"""Phone numbers as people write and copy them, and what is none."""

from __future__ import annotations

import pytest

from waremind.daemon.accounts.pairing import phone_digits
from waremind.errors import ErrorCode, WaremindError


@pytest.mark.parametrize(
    "written",
    [
        "+6281100000002",
        "6281100000002",
        "+62 811-0000-0002",
        "+62 (0)811-0000-0002",
        "+62 (0) 811 0000 0002",
        "+62[0]811.0000.0002",
        "+62 (811) 0000/0002",
        "+62\u00a0811\u20110000\u20130002",
        "\u202a+62 811-0000-0002\u202c",
    ],
)
def test_a_number_is_its_digits_without_the_zero_that_is_dialled_at_home(written: str) -> None:
    assert phone_digits(written) == "6281100000002"


@pytest.mark.parametrize(
    "written",
    ["", "+", "(0)", "0811-0000-0002", "+62 811 ext 2", "+62 811 0000 0002 0003", "call me", "12"],
)
def test_what_is_no_number_in_international_form_is_refused(written: str) -> None:
    with pytest.raises(WaremindError, match="it is not in international form") as refused:
        phone_digits(written)
    assert refused.value.code is ErrorCode.INVALID_INPUT
