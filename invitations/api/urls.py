"""The URLs below `/api/v1/`. Any other URL there gives a problem document too, never a page."""

from __future__ import annotations

from django.apps import apps
from django.urls import URLPattern, path, re_path, register_converter
from django.urls.converters import PathConverter, StringConverter

from invitations.api import contacts, credentials, devices, hooks, my_data, pages, people, provisioning, rules, views
from invitations.requests.verbs import VERBS, Verb
from invitations.shapes.parts import CALL_ID, DEVICE_ID


class CallIdConverter(StringConverter):
    regex = CALL_ID


class DeviceIdConverter(StringConverter):
    regex = DEVICE_ID


class UserConverter(PathConverter):
    """Any public id: those of a project's own user model may have any characters, a slash too."""


register_converter(UserConverter, "user")
register_converter(CallIdConverter, "call_id")
register_converter(DeviceIdConverter, "device_id")


def _of_verb(verb: Verb) -> URLPattern:
    return path(verb.path.replace("{call_id}", "<call_id:call_id>"), views.endpoint_of(verb).as_view(), name=verb.name)


_described = [
    *(_of_verb(each) for each in VERBS.values()),
    path("me", views.Me.as_view(), name="me"),
    path("me/reachability", devices.Reachability.as_view(), name="reachability"),
    path("me/export", my_data.Export.as_view(), name="export_me"),
    path("users", people.Users.as_view(), name="users"),
    path("users:import", provisioning.Import.as_view(), name="import_accounts"),
    path("users/<user:user>/tokens", provisioning.AccountToken.as_view(), name="account_tokens"),
    path("users/<user:user>", provisioning.Account.as_view(), name="account"),
    path("contacts", contacts.Contacts.as_view(), name="contacts"),
    path("contacts/<user:user>/accept", contacts.AcceptedContact.as_view(), name="accept_contact"),
    path("contacts/<user:user>", contacts.OneContact.as_view(), name="contact"),
    path("blocks", contacts.Blocks.as_view(), name="blocks"),
    path("blocked-calls", contacts.BlockedCalls.as_view(), name="blocked_calls"),
    path("blocks/<user:user>", contacts.OneBlock.as_view(), name="block"),
    path("rules/preview", rules.Preview.as_view(), name="preview_rules"),
    path("devices", devices.Devices.as_view(), name="devices"),
    path("devices/<device_id:device_id>", devices.OneDevice.as_view(), name="device"),
    path("devices/<device_id:device_id>/test-ring", devices.TestRing.as_view(), name="test_ring"),
    path("devices/<device_id:device_id>/test-ring/ringing", devices.TestRingShown.as_view(), name="test_ring_shown"),
    path("push/key", devices.PushKey.as_view(), name="push_key"),
    path("push/proof", devices.ProveAddress.as_view(), name="push_proof"),
    path("push/renew", devices.RenewAddress.as_view(), name="push_renew"),
    path("resources", devices.Resources.as_view(), name="resources"),
    path("auth/token", credentials.AuthToken.as_view(), name="auth_token"),
    path("auth/tokens", credentials.Tokens.as_view(), name="auth_tokens"),
    path("auth/tokens/refresh", credentials.RefreshedToken.as_view(), name="auth_token_refresh"),
    path("auth/tokens/<uuid:token_id>", credentials.OneToken.as_view(), name="auth_one_token"),
    path("auth/sessions", credentials.Sessions.as_view(), name="auth_sessions"),
    path("auth/sessions/<device_id:session_id>", credentials.OneSession.as_view(), name="auth_one_session"),
    path("auth/pairing", credentials.Pairing.as_view(), name="auth_pairing"),
    path("auth/sign-out-everywhere", credentials.SignOutEverywhere.as_view(), name="auth_sign_out_everywhere"),
    path("hooks", hooks.Hooks.as_view(), name="hooks"),
    path("hooks/<device_id:hook_id>", hooks.OneHook.as_view(), name="hook"),
    path("hooks/<device_id:hook_id>/rotate", hooks.RotatedHook.as_view(), name="rotate_hook"),
    path("hooks/<device_id:hook_id>/test", hooks.TestedHook.as_view(), name="test_hook"),
    path("hooks/<device_id:hook_id>/messages", hooks.Messages.as_view(), name="hook_messages"),
    path(
        "hooks/<device_id:hook_id>/messages/<device_id:message_id>/replay",
        hooks.ReplayedMessage.as_view(),
        name="replay_hook_message",
    ),
    path("live/ticket", credentials.LiveTicket.as_view(), name="live_ticket"),
]
urlpatterns = [
    *_described,
    path("schema", pages.Schema.as_view(patterns=_described), name="schema"),
    # Its scripts come from a separate app, which a project may leave out.
    *([path("docs", pages.Docs.as_view(), name="docs")] if apps.is_installed("drf_spectacular_sidecar") else []),
    path("problems/<slug:code>", views.Problem.as_view(), name="problem"),
    # Not the bare prefix: Django would redirect the same URL without its slash to it.
    re_path(r".", views.Unknown.as_view(), name="unknown"),
]
