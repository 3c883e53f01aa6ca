"""What every test may ask for."""

import pytest

pytest_plugins = ["postgres_fixtures", "accounts.fixtures"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run coroutine tests and fixtures on asyncio, the only loop that waremind knows."""
    return "asyncio"
