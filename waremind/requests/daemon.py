"""Requests about the daemon as a whole: status, freeze, audit log."""

from msgspec import Struct

from waremind.objects import AuditEntry, CheckResult, Freeze, MisfireRule, StatusReport
from waremind.requests.core import Changed, Mutation, Request


class FreezeChanged(Changed, frozen=True, kw_only=True):
    """Whether outgoing messages are frozen now, everywhere or for `account`."""

    frozen: Freeze | None
    account: str | None = None
    released: int = 0


class FreezeSet(Mutation[FreezeChanged], frozen=True, kw_only=True):
    method = "freeze"
    account: str | None = None
    reason: str | None = None


class Thaw(Mutation[FreezeChanged], frozen=True, kw_only=True):
    method = "thaw"
    account: str | None = None
    held: MisfireRule = "skip"


class Audit(Struct, frozen=True):
    """Audit entries, newest first."""

    audit: list[AuditEntry]


class AuditList(Request[Audit], frozen=True, kw_only=True):
    """`since` is an RFC 3339 time or a duration; `limit` 0 means all."""

    method = "audit.list"
    since: str | None = None
    limit: int = 100


class Status(Request[StatusReport], frozen=True, kw_only=True):
    method = "status"


class MetricsResult(Struct, frozen=True):
    """Metrics in Prometheus' text format."""

    text: str


class Metrics(Request[MetricsResult], frozen=True, kw_only=True):
    method = "metrics"


class DoctorReport(Struct, frozen=True):
    """What the checks have found; `ok` when nothing needs a person."""

    ok: bool
    checks: list[CheckResult]

    @classmethod
    def of(cls, checks: list[CheckResult]) -> "DoctorReport":
        """Judge the results of some checks."""
        return cls(all(each.status == "ok" for each in checks), checks)


class Doctor(Request[DoctorReport], frozen=True, kw_only=True):
    method = "doctor"


class VersionResult(Struct, frozen=True):
    """The daemon's version."""

    version: str


class Version(Request[VersionResult], frozen=True, kw_only=True):
    method = "version"
