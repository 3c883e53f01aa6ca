"""One run of an account's child process, from the parent's side."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from typing import TypeVar

from waremind.domain.lifecycle import Cause
from waremind.errors import ErrorCode, WaremindError
from waremind.whatsapp.channel import ChannelClosed
from waremind.whatsapp.child_protocol import (
    FetchGroup,
    FetchGroups,
    LogOut,
    Ping,
    Request,
    Revoke,
    Send,
    UploadMedia,
    read_bool,
    read_group,
    read_outcome,
    read_size,
)
from waremind.whatsapp.fork_client import Child, ForkClient, ForkFailed
from waremind.whatsapp.gateway import Media, Message, OnReport, Opening
from waremind.whatsapp.reports import (
    AnyReport,
    Code,
    GroupSnapshot,
    LifeReport,
    NotSent,
    NotUploaded,
    Outcome,
    SendUnknown,
)

log = logging.getLogger(__name__)
T = TypeVar("T")

START_SECONDS = 30.0
FETCH_SECONDS = 30.0
SEND_SECONDS = 90.0  # whatsmeow waits 75 s for the ack, after what it had to ask before
UPLOAD_SECONDS = 120.0  # whatsmeow has no limit; the account's other messages wait meanwhile
LOG_OUT_SECONDS = 2.5
DRAIN_SECONDS = 1.0
MEMORY_BYTES = 512 << 20

# After these reports WhatsApp no longer lists the device, or lists one again.
DEVICE_AFTER = {
    Cause.PAIRED: True,
    Cause.CONNECTED: True,
    Cause.LOGGED_OUT: False,
    Cause.BANNED: False,
}


@dataclass(frozen=True, slots=True)
class SessionEnvironment:
    """What a session shares with the others of its gateway."""

    fork_client: ForkClient
    slots: asyncio.Semaphore  # so many children may be starting at once
    heartbeat_seconds: float
    forget: Callable[["ProcessSession"], None]  # called when the session is over


class ProcessSession:
    """A session whose child is forked as soon as there is a slot."""

    def __init__(
        self, opening: Opening, on_report: OnReport, environment: SessionEnvironment
    ) -> None:
        self.opening = opening
        self._on_report = on_report
        self._environment = environment
        self._heartbeat_seconds = environment.heartbeat_seconds
        self._device = opening.pairing is None
        self._end_reason = "its process died"
        self._child: Child | None = None
        self._sending = asyncio.Lock()
        self._ending: asyncio.Task[bool] | None = None
        self._slot = asyncio.create_task(environment.slots.acquire())
        self._started = asyncio.Event()  # set with the child, or when there never will be one
        self._running = asyncio.create_task(self._run())

    @property
    def number(self) -> int:
        """The session's number."""
        return self.opening.session

    @property
    def pid(self) -> int | None:
        """Its process, once there is one."""
        return self._child.process.pid if self._child else None

    async def end(self, *, log_out: bool = False, log_out_seconds: float = LOG_OUT_SECONDS) -> bool:
        """End it: ask, then TERM, then KILL. See `gateway.Session.end`."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(log_out_seconds if log_out else 0.0))
        return await asyncio.shield(self._ending)

    async def groups(self) -> list[GroupSnapshot]:
        """Fetch all groups. See `gateway.Session.groups`."""
        return await self._fetch(FetchGroups())

    async def group(self, jid: str) -> GroupSnapshot | None:
        """Fetch one group. See `gateway.Session.group`."""
        return next(iter(await self._fetch(FetchGroup(jid))), None)

    async def send(self, message: Message) -> Outcome:
        """Send one message. See `gateway.Session.send`."""
        return await self._ask_outcome(Send(message))

    async def upload(self, media: Media, content: AsyncIterable[bytes]) -> NotUploaded | None:
        """Hand a file to WhatsApp. See `gateway.Session.upload`."""
        try:
            async with self._sending, asyncio.timeout(UPLOAD_SECONDS):
                there = await self._upload_piece(UploadMedia(media))
                if there < media.size:
                    there = 0
                    async for data in content:
                        there = await self._upload_piece(UploadMedia(media, there, data))
        except ChannelClosed as closed:
            return NotUploaded(str(closed))
        except TimeoutError:
            return NotUploaded(f"not uploaded within {UPLOAD_SECONDS:.0f} s")
        except WaremindError as failed:
            return NotUploaded(failed.message)
        return None if there == media.size else NotUploaded("not all of the file is there")

    async def _upload_piece(self, request: UploadMedia) -> int:
        return await self._ask_one(request, read_size, UPLOAD_SECONDS)

    async def revoke(self, group: str, message_id: str) -> Outcome:
        """Delete one message for everyone. See `gateway.Session.revoke`."""
        return await self._ask_outcome(Revoke(group, message_id))

    async def _ask_outcome(self, request: Send | Revoke) -> Outcome:
        async with self._sending:
            try:
                return await self._ask_one(request, read_outcome, SEND_SECONDS)
            except ChannelClosed as closed:
                return (SendUnknown if closed.asked else NotSent)(str(closed))
            except TimeoutError:
                return SendUnknown(f"no answer for {SEND_SECONDS:.0f} s")
            except WaremindError as failed:
                return SendUnknown(failed.message)

    async def _fetch(self, request: Request) -> list[GroupSnapshot]:
        try:
            return await self._ask(request, read_group, FETCH_SECONDS)
        except ChannelClosed as closed:
            raise WaremindError(ErrorCode.NOT_CONNECTED, f"cannot fetch groups: {closed}") from None
        except TimeoutError:
            message = f"cannot fetch groups: no answer for {FETCH_SECONDS:.0f} s"
            raise WaremindError(ErrorCode.TIMED_OUT, message) from None

    async def _ask(self, request: Request, read: Callable[[bytes], T], seconds: float) -> list[T]:
        if self._child is None:
            raise ChannelClosed(asked=False)
        return await self._child.channel.ask(request, read, seconds)

    async def _ask_one(self, request: Request, read: Callable[[bytes], T], seconds: float) -> T:
        """Ask for what has one answer; who gives another number of them is not to be believed."""
        answers = await self._ask(request, read, seconds)
        if len(answers) != 1 and self._child is not None:
            self._kill(self._child, f"it gave {len(answers)} answers to one request")
            raise ChannelClosed(asked=True)
        return answers[0]

    # Its life: wait for a slot, start, answer pings until gone.

    async def _run(self) -> None:
        try:
            await self._start()
            if self._child is not None:
                await self._supervise(self._child)
        except ForkFailed as failure:
            self._end_reason = str(failure)
        finally:
            self._started.set()
            self._pass_on(
                LifeReport(session=self.number, cause=Cause.ENDED, detail=self._end_reason)
            )
            self._environment.forget(self)

    async def _start(self) -> None:
        """Have the child forked, and keep the slot until it has loaded the engine."""
        if not await _wait_granted(self._slot):
            return
        try:
            self._child = await self._environment.fork_client.fork(self.opening, self._take_report)
            self._started.set()
            await self._ping(self._child, START_SECONDS)
        finally:
            self._environment.slots.release()

    async def _supervise(self, child: Child) -> None:
        """Ask for a sign of life now and then; return when the child is gone and read."""
        while not await _wait_any(
            child.process.gone, child.channel.closed, seconds=self._heartbeat_seconds
        ):
            await self._ping(child, self._heartbeat_seconds)
            if child.process.memory_bytes > MEMORY_BYTES:
                self._kill(child, f"it took more than {MEMORY_BYTES >> 20} MB of memory")
        self._end_reason = child.channel.broken or self._end_reason
        await child.process.end(*PATIENCE)
        await asyncio.wait([child.channel.closed, child.console.closed], timeout=DRAIN_SECONDS)
        child.channel.close()
        child.console.close()

    async def _ping(self, child: Child, patience: float) -> None:
        try:
            await child.channel.ask(Ping(), read_bool, patience)
        except ChannelClosed:
            pass  # it is over: the caller sees that too
        except TimeoutError:
            self._kill(child, f"no sign of life for {patience:.0f} s")

    def _kill(self, child: Child, why: str) -> None:
        self._end_reason = why
        child.process.send(signal.SIGKILL)

    # Its end.

    async def _end(self, log_out_seconds: float) -> bool:
        removed = await self._log_out(log_out_seconds) if log_out_seconds else not self._device
        self._slot.cancel()
        await self._started.wait()
        if self._child is not None:
            self._end_reason = "it was ended"
            self._child.channel.close()
            await self._child.process.end(*PATIENCE)
        await asyncio.wait([self._running])
        return removed

    async def _log_out(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                if self._device:
                    await self._started.wait()
                removed = await self._ask_one(LogOut(seconds), read_bool, seconds)
        except (ChannelClosed, TimeoutError, WaremindError):
            return not self._device
        return removed

    # Its reports.

    def _take_report(self, report: AnyReport) -> None:
        if report.session != self.number:  # no session reports for the next one
            return
        match report:
            case LifeReport():
                self._device = DEVICE_AFTER.get(report.cause, self._device)
            case Code():  # whoever links by it now may be told of by nobody
                self._device = True
            case _:
                pass
        self._pass_on(report)

    def _pass_on(self, report: AnyReport) -> None:
        try:
            self._on_report(report)
        except Exception:
            log.exception("account=%s session=%d", self.opening.account, self.number)


# A child exits when its parent's end closes; this is for one that does not.
PATIENCE = ((0.5, signal.SIGTERM), (0.5, signal.SIGKILL))


async def _wait_granted(slot: "asyncio.Task[bool]") -> bool:
    await asyncio.wait([slot])
    return not slot.cancelled()


async def _wait_any(*futures: "asyncio.Future[None]", seconds: float) -> bool:
    done, _ = await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)
