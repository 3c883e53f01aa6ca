"""Connection strings: completed for sessions, redacted for people."""

import os
import pwd

import pytest
from psycopg.conninfo import conninfo_to_dict

from waremind.errors import ErrorCode, WaremindError
from waremind.store.dsn import complete, ignore_environment, redact


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
    assert given["options"] == "-c work_mem=8MB"


def test_nothing_that_a_pooler_refuses_is_sent_at_the_start() -> None:
    assert conninfo_to_dict(complete("postgresql://h/d"))["options"] == ""


@pytest.mark.parametrize(
    ("part", "reason", "cure"),
    [
        ("sslmode=verify_full", "sslmode is 'verify_full'", "verify-full"),
        ("port=70000", "port is 70000", "65535"),
        ("port=5432,0", "port is 0", "65535"),
        ("connect_timeout=abc", "connect_timeout is 'abc'", "a whole number"),
        ("target_session_attrs=master", "target_session_attrs is 'master'", "primary"),
        ("sslrootcert=/nonexistent", "the file of sslrootcert is not there", "the path"),
        ("sslkey=/nonexistent", "the file of sslkey is not there", "the path"),
    ],
)
def test_a_part_that_can_be_none_is_named_before_anything_is_started(
    part: str, reason: str, cure: str
) -> None:
    with pytest.raises(WaremindError) as caught:
        complete(f"host=h {part}")
    assert caught.value.code is ErrorCode.INVALID_INPUT
    assert reason in caught.value.message
    assert cure in caught.value.hint


def test_white_space_around_a_string_belongs_to_the_file_that_it_came_from() -> None:
    assert conninfo_to_dict(complete("\tpostgresql://h/d\n"))["dbname"] == "d"


def test_the_embedded_server_is_spoken_to_without_a_shell_s_variables_yours_without_some() -> None:
    environment = {
        "PGHOST": "h",
        "PGPASSWORD": "p",
        "PGOPTIONS": "-c x=y",
        "PGTZ": "x",
        "LANG": "C",
    }
    yours = dict(environment)
    ignore_environment(yours, embedded=False)
    assert yours == {"PGHOST": "h", "PGPASSWORD": "p", "LANG": "C"}
    ignore_environment(environment, embedded=True)
    assert environment == {"LANG": "C"}


@pytest.mark.parametrize("dsn", ["postgresql://h1:1,h2:2/d", "host=@abstract", "", "service=x"])
def test_every_way_to_name_a_server_is_let_through(dsn: str) -> None:
    assert conninfo_to_dict(dsn).items() <= conninfo_to_dict(complete(dsn)).items()


def test_who_names_no_user_is_the_one_that_runs_it_as_libpq_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("PGUSER", "PGSERVICE"):
        monkeypatch.delenv(variable, raising=False)
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert conninfo_to_dict(complete("host=h"))["user"] == me
    assert conninfo_to_dict(complete("host=h user=u"))["user"] == "u"
    assert "user" not in conninfo_to_dict(complete("service=s"))
    monkeypatch.setenv("PGUSER", "u")
    assert "user" not in conninfo_to_dict(complete("host=h"))


def test_a_uid_without_a_name_must_name_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGUSER", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(WaremindError) as failure:
        complete("postgresql:///waremind?host=/run/postgresql")
    assert failure.value.code is ErrorCode.INVALID_INPUT
    assert "uid 12345 has no entry in /etc/passwd" in failure.value.message
    assert "postgresql://USER@" in failure.value.hint
    assert complete("postgresql://u@/waremind?host=/run/postgresql")
