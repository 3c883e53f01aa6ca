"""Connection strings: completed for sessions, redacted for people."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from waremind.errors import ErrorCode, WaremindError
from waremind.store.dsn import complete, redact


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:sesame@h/d?sslpassword=sesame",
        "host=h user=u password=sesame dbname=d",
        "host=h user=u password='sesame seeds' sslpassword=sesame",
    ],
)
def test_a_redacted_string_names_the_place_and_no_secret(dsn: str) -> None:
    shown = conninfo_to_dict(redact(dsn))
    assert (shown["host"], shown["user"]) == ("h", "u")
    assert "sesame" not in redact(dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        "sesame",
        "u:sesame@h",
        "postgresql://u:sesame%zz@h/d",
        "postgresql://u:ses@ame@h/d",
        "postgresql://u:ses/ame@h/d",
        "postgresql://u:12/ame@h/d",
    ],
)
def test_an_unreadable_string_is_refused_without_quoting_it(dsn: str) -> None:
    with pytest.raises(WaremindError) as caught:
        complete(dsn)
    assert caught.value.code is ErrorCode.INVALID_INPUT
    assert "%40" in caught.value.hint
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for secret in ("sesame", "ame@"):
        assert secret not in f"{caught.value}{caught.value.hint}{redact(dsn)}"


def test_what_the_operator_wrote_wins_over_what_we_add() -> None:
    given = conninfo_to_dict(
        complete(
            "postgresql://h/d?connect_timeout=60&application_name=x&options=-c%20work_mem%3D8MB"
        )
    )
    assert (given["connect_timeout"], given["application_name"]) == ("60", "x")
    assert str(given["options"]).endswith("-c work_mem=8MB")
    assert "timezone=UTC" in str(given["options"])


@pytest.mark.parametrize("dsn", ["postgresql://h1:1,h2:2/d", "host=@abstract", "", "service=x"])
def test_every_way_to_name_a_server_is_let_through(dsn: str) -> None:
    assert conninfo_to_dict(dsn).items() <= conninfo_to_dict(complete(dsn)).items()
