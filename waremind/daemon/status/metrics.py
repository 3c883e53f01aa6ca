"""How all is, in Prometheus' text format."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from waremind.daemon.services import Services
from waremind.daemon.status.report import status_report
from waremind.errors import WaremindError
from waremind.objects import StatusReport
from waremind.whatsapp.engine_age import read_engine

DAY_SECONDS = 86_400
STATUSES = ("unpaired", "pending", "connected", "disconnected", "banned")


async def metrics_text(services: Services) -> str:
    """Write what was counted, and how all is now; also while the database is away."""
    with suppress(WaremindError):  # the report says so; what was counted so far stands
        await services.instruments.catch_up()
    gauges = CollectorRegistry()
    gauges.register(_Gauges(list(_gauges(services, await status_report(services)))))
    counted = generate_latest(services.instruments.registry)
    return (generate_latest(gauges) + counted).decode()


class _Gauges:
    """Metrics that were read before, as a collector."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _gauges(services: Services, report: StatusReport) -> Iterator[Metric]:
    accounts = {status: report.accounts.get(status, 0) for status in STATUSES}
    yield _by("accounts", "Accounts by status.", "status", accounts)
    yield _one("up", "Whether the daemon could read its database.", report.runs is not None)
    if runs := report.runs:
        yield _one("due_messages", "Messages that are due and not sent yet.", runs.due)
        yield _one("held_messages", "Messages that are held.", runs.held)
        yield _one("unknown_messages", "Messages that nobody knows of.", runs.unknown)
        yield _one("failed_messages", "Messages that failed in the last 24 h.", runs.failed_24h)
    severities = Counter(need.severity for need in report.attention)
    needs = {severity: severities[severity] for severity in ("warning", "critical")}
    yield _by("attention", "What needs a person, by severity.", "severity", needs)
    codes = {need.code for need in report.attention}
    yield _one(
        "overdue", "Whether something active is late by more than a minute.", "overdue" in codes
    )
    yield _one("frozen", "Whether everything is frozen.", report.frozen is not None)
    yield _one("paced_accounts", "Accounts that the governor lets wait.", _paced(services))
    days = read_engine().days(services.now().date())
    if days is not None:
        yield _one("engine_age_seconds", "How old the WhatsApp engine is.", days * DAY_SECONDS)


def _paced(services: Services) -> int:
    now = services.now()
    return sum(services.sender.pace.ready_at(row.id, now) > now for row in services.accounts.rows())


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"waremind_{name}", text, value=value)


def _by(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    metric = GaugeMetricFamily(f"waremind_{name}", text, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric
