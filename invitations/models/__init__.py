"""What is stored: users and their preferences, calls with their invitations, participants and events, devices."""

from invitations.models.call import Call, CallState, EndReason
from invitations.models.device import Device, DeviceKind
from invitations.models.event import CallEvent, EventKind
from invitations.models.invitation import Invitation, InvitationState, RejectReason
from invitations.models.participant import LeftReason, Participant
from invitations.models.user import CallingPreferences, User

__all__ = [
    "Call",
    "CallEvent",
    "CallState",
    "CallingPreferences",
    "Device",
    "DeviceKind",
    "EndReason",
    "EventKind",
    "Invitation",
    "InvitationState",
    "LeftReason",
    "Participant",
    "RejectReason",
    "User",
]
