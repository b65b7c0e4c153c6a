"""The addresses below `/api/v1/`. What is not one of them is a problem document too, never a page."""

from __future__ import annotations

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from invitations.api import devices, pages, views
from invitations.requests import inputs


class CallIdConverter(StringConverter):
    regex = inputs.CALL_ID


class DeviceIdConverter(StringConverter):
    regex = inputs.DEVICE_ID


register_converter(CallIdConverter, "call_id")
register_converter(DeviceIdConverter, "device_id")

urlpatterns = [
    path("calls", views.Calls.as_view(), name="calls"),
    path("calls/open", views.OpenCalls.as_view(), name="open_calls"),
    path("calls/<call_id:call_id>", views.OneCall.as_view(), name="call"),
    path("calls/<call_id:call_id>/accept", views.Accept.as_view(), name="accept"),
    path("calls/<call_id:call_id>/reject", views.Reject.as_view(), name="reject"),
    path("calls/<call_id:call_id>/cancel", views.Cancel.as_view(), name="cancel"),
    path("calls/<call_id:call_id>/invite", views.Invite.as_view(), name="invite"),
    path("calls/<call_id:call_id>/join", views.Join.as_view(), name="join"),
    path("calls/<call_id:call_id>/leave", views.Leave.as_view(), name="leave"),
    path("calls/<call_id:call_id>/end", views.End.as_view(), name="end"),
    path("calls/<call_id:call_id>/ringing", views.Ringing.as_view(), name="ringing"),
    path("calls/<call_id:call_id>/connected", views.Connected.as_view(), name="connected"),
    path("calls/<call_id:call_id>/heartbeat", views.Heartbeat.as_view(), name="heartbeat"),
    path("calls/<call_id:call_id>/timeline", views.Timeline.as_view(), name="timeline"),
    path("history/seen", views.HistorySeen.as_view(), name="history_seen"),
    path("me", views.Me.as_view(), name="me"),
    path("users", views.Users.as_view(), name="users"),
    path("devices", devices.Devices.as_view(), name="devices"),
    path("devices/<device_id:device_id>", devices.OneDevice.as_view(), name="device"),
    path("devices/<device_id:device_id>/test-ring", devices.TestRing.as_view(), name="test_ring"),
    path("devices/<device_id:device_id>/test-ring/ringing", devices.TestRingShown.as_view(), name="test_ring_shown"),
    path("push/key", devices.PushKey.as_view(), name="push_key"),
    path("push/renew", devices.RenewAddress.as_view(), name="push_renew"),
    path("resources", devices.Resources.as_view(), name="resources"),
    path("ice-servers", views.IceServers.as_view(), name="ice_servers"),
    path("auth/token", views.AuthToken.as_view(), name="auth_token"),
    path("live/ticket", views.LiveTicket.as_view(), name="live_ticket"),
    path("schema", pages.Schema.as_view(), name="schema"),
    path("docs", pages.Docs.as_view(), name="docs"),
    path("problems/<slug:code>", views.Problem.as_view(), name="problem"),
    # Not the bare prefix: Django would redirect the same address without its slash there.
    re_path(r".", views.Unknown.as_view(), name="unknown"),
]
