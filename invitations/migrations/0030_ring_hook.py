"""A hook that is asked before a ring is known by its mask, which is read along with those of the others."""

from typing import Any

from django.db import migrations, models


def tell_them_nothing(apps: Any, editor: Any) -> None:
    apps.get_model("invitations", "Hook").objects.filter(kind="ring").update(mask=0)


class Migration(migrations.Migration):
    dependencies = [
        ("invitations", "0029_services_in_calls"),
    ]

    operations = [
        migrations.RunPython(tell_them_nothing, migrations.RunPython.noop),
        migrations.RemoveIndex(
            model_name="hook",
            name="hook_listening",
        ),
        migrations.AddIndex(
            model_name="hook",
            index=models.Index(condition=models.Q(("is_active", True)), fields=["mask", "id"], name="hook_listening"),
        ),
        migrations.AddConstraint(
            model_name="hook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "ring"), ("mask", 0)),
                    models.Q(("kind", "events"), models.Q(("mask", 0), _negated=True)),
                    _connector="OR",
                ),
                name="hook_told_unless_asked",
            ),
        ),
    ]
