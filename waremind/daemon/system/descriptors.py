"""How many files the process may open, and how many of them clients may have."""

import resource

MOST = 1 << 16  # what waremind.service allows
MOST_CONNECTIONS = 1024


def raise_limit() -> int:
    """Raise the soft limit of open files as far as the hard one allows; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def for_clients(limit: int) -> int:
    """Say how many connections clients may have: half is for sessions, PostgreSQL and ourselves."""
    return min(MOST_CONNECTIONS, limit // 2)
