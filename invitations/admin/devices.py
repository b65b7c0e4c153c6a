"""Devices and what was sent to them: whether a person can be rung, and if not, why."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from invitations import transports
from invitations.admin.acting import USERNAME, ReadOnly, attempt, say_done
from invitations.admin.lists import ExplainedList, OfOnePerson
from invitations.models import Delivery, Device, Health
from invitations.push import devices, ring_tests
from invitations.words import say, say_lazy

PUSH = ("push_service", "health", "push_set_at", "push_proved_at", "push_disabled_at", "push_disabled_reason")


@admin.register(Device)
class DeviceAdmin(ExplainedList):
    """Shows only the host of a push address: the address is a secret, and anyone who has it can ring the device."""

    list_display = ("label_or_id", "user", "kind", "push_service", "health", "last_seen_at", "last_ringing_at")
    list_filter = (OfOnePerson, "kind", "push_disabled_reason", "last_seen_at", "last_ringing_at")
    list_select_related = ("user",)
    list_per_page = 50
    date_hierarchy = "last_seen_at"
    ordering = ("-last_seen_at", "-pk")
    search_fields = (
        "label__mentions",
        "device_id",
        f"user__{USERNAME}__mentions",
        "user__calling_preferences__display_name__mentions",
    )
    show_full_result_count = False
    why_empty = say_lazy("admin.empty.devices")
    fields = ("user", "device_id", "label", "kind", "created_at", "last_seen_at", "last_ringing_at", *PUSH)
    readonly_fields = ("user", "device_id", "created_at", "last_seen_at", "last_ringing_at", *PUSH)
    actions = ("ring_for_a_test", "remove_addresses")

    @admin.display(description=say_lazy("admin.device"), ordering="label")
    def label_or_id(self, device: Device) -> str:
        """The device's label, or its id if it has none."""
        return str(device)

    @admin.display(description=say_lazy("admin.push_service"))
    def push_service(self, device: Device) -> str:
        """The push service that its address belongs to."""
        return transports.host_of(devices.address_of(device)) if device.push_digest else "-"

    @admin.display(description=say_lazy("admin.health"))
    def health(self, device: Device) -> str:
        """Whether the device can be rung by push, as far as we know."""
        return str(device.health.label)

    @admin.action(description=say_lazy("admin.action.test_ring"), permissions=["change"])
    def ring_for_a_test(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        """Send a test ring to the selected devices; the deliveries show what became of it."""
        done = 0
        for device in queryset.order_by("pk"):
            if device.health != Health.OK:
                messages.warning(request, say("admin.refused.no_address", device=device))
                continue
            done += attempt(request, str(device), partial(_ring, device))
        say_done(request, "admin.done.test_rings", done)

    @admin.action(description=say_lazy("admin.action.remove_address"), permissions=["change"])
    def remove_addresses(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        """Stop ringing the selected devices by push until they register again."""
        chosen = list(queryset.filter(push_digest__isnull=False))
        for device in chosen:
            devices.remove_address(device)
        say_done(request, "admin.done.addresses_removed", len(chosen))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: devices register themselves when they sign in."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ExplainedList):
    list_display = (
        "id",
        "kind",
        "number",
        "user",
        "shown_device",
        "state",
        "status",
        "code",
        "host",
        "attempts",
        "created_at",
        "settled_at",
        "acknowledged_at",
    )
    list_filter = (OfOnePerson, "kind", "state", "code", "created_at")
    list_select_related = ("user",)
    list_per_page = 50
    date_hierarchy = "created_at"
    ordering = ("-id",)
    search_fields = ("device_label__mentions", "device_key", f"user__{USERNAME}__mentions", "invitation__call__call_id")
    search_help_text = say_lazy("admin.search.deliveries")
    show_full_result_count = False
    why_empty = say_lazy("admin.empty.deliveries")
    exclude: ClassVar = ["claim"]

    @admin.display(description=say_lazy("admin.device"), ordering="device_label")
    def shown_device(self, delivery: Delivery) -> str:
        """The device's label, or its id if it has none."""
        return delivery.device_label or delivery.device_key


def _ring(device: Device) -> int:
    ring_tests.begin(device, now=timezone.now())
    return 1
