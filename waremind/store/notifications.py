"""What PostgreSQL notifies us of, heard on a connection of its own."""

from psycopg.sql import SQL, Identifier

from waremind.store.database import Connection, connect, translated


class Notifications:
    """Waits for what is notified on a channel in the database of `dsn`."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection | None = None
        self._channel = ""

    async def wait(self, channel: str, seconds: float) -> bool:
        """Wait until something is notified, or for so long.

        Returns at once, and True, when it has only begun to listen: what came before was not heard.
        Raises WaremindError `database_unavailable`.
        """
        try:
            if self._connection is None or self._channel != channel:
                await self._listen(channel)
                return True
            with translated(self._dsn):
                async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                    pass
        except BaseException:
            await self.close()
            raise
        return False

    async def close(self) -> None:
        """Hear nothing any more."""
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def _listen(self, channel: str) -> None:
        await self.close()
        self._connection = await connect(self._dsn)
        with translated(self._dsn):
            await self._connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
        self._channel = channel
