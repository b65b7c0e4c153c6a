"""What is stored: users, their preferences, contacts and blocks, what is left of deleted ones, calls with their
invitations, participants and events, devices and credentials, services, deliveries and ring resources."""

from invitations.models.call import Call, CallState, EndReason
from invitations.models.contact import ASK_CHARS, Block, Contact, ContactState
from invitations.models.credential import AppToken, PairingCode
from invitations.models.delivery import OF_NO_RING, Delivery, DeliveryKind, DeliveryState, StopReason
from invitations.models.device import Device, DeviceKind, DisabledReason, Health
from invitations.models.event import CallEvent, EventKind
from invitations.models.hook import HOOK_EVENTS, Hook, HookKind, HookMessage, HookMessageState, HookOff
from invitations.models.idempotency_key import IdempotencyKey
from invitations.models.invitation import Invitation, InvitationState, RejectReason, RingingDevice, Standing, Verdict
from invitations.models.leaving import AccountDeletion, RetiredName, refuse_retired
from invitations.models.mail import Mail
from invitations.models.participant import LeftReason, Participant
from invitations.models.preferences import (
    WEEKDAYS,
    ZONE_CHARS,
    Audience,
    CallingPreferences,
    LetThrough,
    PushShows,
    QuietHours,
    RingsFrom,
)
from invitations.models.resource import RingResource
from invitations.models.search import Mentions
from invitations.models.service import Service, ServiceScope, ServiceToken, service_characters
from invitations.models.sign_up_link import SignUpLink
from invitations.models.user import User, UserKey, id_chars, key_as_word

__all__ = [
    "ASK_CHARS",
    "HOOK_EVENTS",
    "OF_NO_RING",
    "WEEKDAYS",
    "ZONE_CHARS",
    "AccountDeletion",
    "AppToken",
    "Audience",
    "Block",
    "Call",
    "CallEvent",
    "CallState",
    "CallingPreferences",
    "Contact",
    "ContactState",
    "Delivery",
    "DeliveryKind",
    "DeliveryState",
    "Device",
    "DeviceKind",
    "DisabledReason",
    "EndReason",
    "EventKind",
    "Health",
    "Hook",
    "HookKind",
    "HookMessage",
    "HookMessageState",
    "HookOff",
    "IdempotencyKey",
    "Invitation",
    "InvitationState",
    "LeftReason",
    "LetThrough",
    "Mail",
    "Mentions",
    "PairingCode",
    "Participant",
    "PushShows",
    "QuietHours",
    "RejectReason",
    "RetiredName",
    "RingResource",
    "RingingDevice",
    "RingsFrom",
    "Service",
    "ServiceScope",
    "ServiceToken",
    "SignUpLink",
    "Standing",
    "StopReason",
    "User",
    "UserKey",
    "Verdict",
    "id_chars",
    "key_as_word",
    "refuse_retired",
    "service_characters",
]
