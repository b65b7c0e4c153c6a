"""A preview in words and codes: which rule decides, what both would get, and what would happen device by device."""

from __future__ import annotations

from datetime import datetime, timedelta

from invitations import shapes
from invitations.calls.previewing import Answer, Preview
from invitations.live import presence
from invitations.models import Device, Health, Verdict
from invitations.rules.judging import let_through_by
from invitations.serializers import moment
from invitations.store import looks
from invitations.words import moment as moment_words
from invitations.words import say


def told_preview(of: Preview) -> shapes.previews.RulesPreview:
    """A preview on the wire, and on the page of an admin."""
    verdict, silent = of.found.verdict, looks.look_of(None).silent
    keys = [each.device_id for each in of.devices]
    live = {key for _, key in presence.live_devices((of.invitee.id, each) for each in keys)}
    audible = live & presence.audible_devices(of.invitee.id, keys)
    pages = {each: "audible" if each in audible else "open" if each in live else "closed" for each in keys}
    problem = of.problem or {}
    return {
        "server_time": moment(of.at),
        "caller": {"id": of.caller.username, "name": of.caller.name},
        "invitee": {"id": of.invitee.username, "name": of.invitee.name},
        "urgent": of.found.ring.is_urgent,
        "verdict": verdict.value,
        "text": _rule(of),
        "until": moment(_until(of)),
        "retry_after_seconds": problem.get("retry_after_seconds"),
        "caller_gets": {
            "kind": of.answer.value,
            "code": problem.get("code"),
            "can_ask": bool(problem.get("can_ask")),
            "text": problem.get("detail") or say(f"what_if.caller.{of.answer}", name=of.invitee.name),
        },
        "invitee_gets": _notice(of),
        "in_call": of.in_call,
        "call_waiting": of.invitee.call_waiting,
        "silent": silent,
        "devices": [_device(each, of, pages[each.device_id], silent=silent) for each in of.devices],
    }


def _until(of: Preview) -> datetime | None:
    if of.found.verdict == Verdict.COOLING_DOWN:
        return of.at + timedelta(seconds=of.found.wait)
    return of.quiet_until if of.found.verdict == Verdict.SILENCED else None


def _rule(of: Preview) -> str:
    """The rule that speaks, as a sentence."""
    found, said = of.found, {"caller": of.caller.name, "invitee": of.invitee.name}
    if found.verdict == Verdict.NOT_FROM_YOU:
        return say(f"what_if.rule.not_from_you.{found.terms.rings_from}", **said)
    if found.verdict == Verdict.COOLING_DOWN:
        return say("what_if.rule.cooling_down", count=found.wait, **said)
    if of.quiet_until is not None and found.verdict in (Verdict.SILENCED, Verdict.RINGS):
        way = let_through_by(found.terms, found.ring)
        code = "what_if.rule.silenced" if way is None else f"what_if.rule.let_through.{way}"
        return say(code, moment=moment_words(of.quiet_until), **said)
    return say(f"what_if.rule.{found.verdict}", **said)


def _notice(of: Preview) -> shapes.previews.PreviewedNotice:
    """What the invitee hears of it."""
    kind = "nothing"
    if of.answer is Answer.RING:
        kind = "ring"
    elif of.answer is Answer.BUSY:
        kind = "missed"
    elif of.answer is Answer.SILENCE:
        kind = "silenced" if of.found.verdict == Verdict.SILENCED else "blocked"
    elif of.answer is Answer.MERGED:
        return {"kind": kind, "text": say("what_if.invitee.merged", name=of.caller.name)}
    return {"kind": kind, "text": say(f"what_if.invitee.{kind}", name=of.caller.name)}


def _device(device: Device, of: Preview, page: str, *, silent: bool) -> shapes.previews.PreviewedDevice:
    outcome, code = _outcome(device, of, page, silent=silent)
    return {
        "device_id": device.device_id,
        "label": device.label,
        "kind": device.kind,
        "page": page,
        "health": device.health.value,
        "disabled_reason": device.push_disabled_reason or None,
        "outcome": outcome,
        "text": say(code, name=of.invitee.name),
    }


def _outcome(device: Device, of: Preview, page: str, *, silent: bool) -> tuple[str, str]:
    """What would happen on a device, and which sentence says so."""
    if of.answer is Answer.SILENCE:
        return "withheld", f"what_if.device.withheld.{of.found.verdict}"
    if of.answer is not Answer.RING:
        return "not_rung", "what_if.device.busy" if of.answer is Answer.BUSY else "what_if.device.not_rung"
    by_push = device.health is Health.OK
    if page == "audible":
        return "page", "what_if.device.audible"
    sound = ".silent" if silent else ""
    if page == "open":
        return ("page_and_push", f"what_if.device.page_and_push{sound}") if by_push else ("page", "what_if.device.open")
    if by_push:
        return "push", f"what_if.device.push{sound}"
    reason = (
        f"what_if.device.disabled.{device.push_disabled_reason}"
        if device.push_disabled_reason
        else "what_if.device.no_address"
    )
    return "unreachable", reason
