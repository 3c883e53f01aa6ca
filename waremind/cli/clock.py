"""The machine's clock, asked of the kernel: the daemon's sandbox would not let it ask."""

import ctypes
from datetime import UTC, datetime

from waremind.objects import CheckResult

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
TIMEX_BYTES = 512  # struct timex of adjtimex(2) is smaller everywhere
TIME_ERROR = 5


def clock() -> CheckResult:
    """Say whether the clock can be right, and whether anybody keeps it so."""
    now = datetime.now(UTC)
    if now < NOT_BEFORE:
        text = f"it is not {now:%Y-%m-%d}: this program is younger"
        fix = "timedatectl set-ntp true"
        return CheckResult(check="clock", status="critical", text=text, fix=fix)
    return CheckResult(
        check="clock", status="ok", text=f"{now:%Y-%m-%dT%H:%M:%SZ}, {kept()}", fix=None
    )


def kept() -> str:
    """Say who keeps the clock. In a container or a virtual machine that may be the host."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)  # all zero: only to be filled
    state = ctypes.CDLL(None).adjtimex(timex)
    if state not in {-1, TIME_ERROR}:
        return "kept by a time service"
    return "kept by no time service that the kernel knows of (timedatectl)"
