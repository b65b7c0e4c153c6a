"""People of any user model."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.test.utils import isolate_apps

from invitations.models import User
from invitations.store import people


@isolate_apps("invitations")
def test_a_user_model_may_lack_a_flag_for_active_users(monkeypatch: pytest.MonkeyPatch) -> None:
    class Patient(AbstractBaseUser):
        number = models.CharField(max_length=10, unique=True)
        USERNAME_FIELD = "number"
        objects: models.Manager[Patient] = models.Manager()

        class Meta:
            app_label = "invitations"

    monkeypatch.setattr(people, "get_user_model", lambda: Patient)
    assert str(people.others(1).query) == str(Patient.objects.exclude(pk=1).query)


def test_only_other_active_people_can_be_called(alice: User, bob: User, carol: User) -> None:
    User.objects.filter(pk=carol.pk).update(is_active=False)
    assert list(people.others(alice.pk)) == [bob]
