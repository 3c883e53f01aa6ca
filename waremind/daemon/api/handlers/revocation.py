"""The request to delete for everyone what a run has sent: the red button."""

from collections.abc import Sequence

from waremind.daemon.api.run_now import patience, run_now, shown_run
from waremind.daemon.services import Services
from waremind.daemon.system import audit
from waremind.daemon.system.caller import Caller
from waremind.domain.ids import near_misses, parse_reference, plain, shown, suggesting
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Delivery, Run
from waremind.requests.run import RunChanged, RunRevoke
from waremind.store import revocations

# What is being sent just now is deleted once it was: WhatsApp mostly takes it within that time.
LOOKS = 3


async def revoke(services: Services, caller: Caller, request: RunRevoke) -> RunChanged:
    """Delete what was sent, and let nothing more of the run leave."""
    patience(request.timeout_seconds)
    run = await shown_run(services, request.run)
    chosen = _chosen(run, request.to)
    groups = [each.group.id for each in chosen]
    changed = await _want(services, None if request.check else caller, run, groups)
    if request.check:
        return RunChanged(changed=changed, run=run, check=True)
    return await run_now(services, caller, request, run.id, changed=changed)


async def _want(services: Services, caller: Caller | None, run: Run, groups: Sequence[str]) -> bool:
    """Write what is wanted, again once what was leaving has left; tell whether that is any change.

    Without a caller nothing is written.
    """
    is_news = False
    for look in range(LOOKS):
        now = services.now()
        async with services.database.transaction() as connection:
            is_news |= await revocations.is_news(connection, run.id, groups, now)
            if caller is None:
                return is_news
            # Asked before, too: what has left by the second time is not yet wanted.
            leaving = await revocations.is_leaving(connection, run.id, groups)
            changed = await revocations.want(connection, run.id, groups, now)
            if is_news and look == 0:
                target = ("run", run.id, run.reminder)
                action, detail = RunRevoke.method, {"groups": list(groups)}
                await audit.write(connection, now, caller.operator, action, target, **detail)
            leaving |= await revocations.is_leaving(connection, run.id, groups)
        services.revoker.wanted(changed)
        await caller.written(run.account_id)
        if not leaving:
            break
        await services.sender.departures.let_be_written(run.account_id)
    return is_news


def _chosen(run: Run, to: Sequence[str]) -> list[Delivery]:
    """Choose the deliveries to these groups; none given: all.

    Raises WaremindError `not_found` or `ambiguous`.
    """
    if not to:
        return run.deliveries
    chosen = {each.group.id: each for key in to for each in _meant(run, key)}
    return list(chosen.values())


def _meant(run: Run, key: str) -> list[Delivery]:
    reference = parse_reference(key)
    found = [
        each
        for each in run.deliveries
        if reference.text
        == (
            plain(each.group.name)
            if reference.kind == "name"
            else getattr(each.group, reference.kind)
        )
    ]
    if len(found) > 1:
        message = (
            f"cannot choose group {shown(key)}: {len(found)} groups of {run.id} have this name"
        )
        ids = [each.group.id for each in found]
        hint = f"use one of the ids: {', '.join(ids)}"
        raise WaremindError(ErrorCode.AMBIGUOUS, message, hint=hint, candidates=ids)
    if not found:
        message = f"cannot find group {shown(key)}: {run.id} was not for it"
        near = near_misses(key, (each.group.name for each in run.deliveries))
        hint = suggesting(map(shown, near), f"waremind run show {quoted(run.id)}")
        raise WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)
    return found
