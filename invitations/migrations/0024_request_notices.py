"""People are told that somebody asks to be let in. Going back, what is owed of that is forgotten."""

from typing import Any

from django.db import migrations, models


def forget(apps: Any, schema_editor: Any) -> None:
    apps.get_model("invitations", "Delivery").objects.filter(kind="contact").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("invitations", "0023_ring_words"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="delivery",
            name="delivery_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="delivery_of_a_ring",
        ),
        migrations.AlterField(
            model_name="delivery",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ring", "ring"),
                    ("stop", "end of a ring"),
                    ("test", "test ring"),
                    ("contact", "request to be let in"),
                ],
                max_length=7,
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["ring", "stop", "test", "contact"])), name="delivery_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invitation__isnull", True), ("kind__in", ("test", "contact"))),
                    models.Q(models.Q(("kind__in", ("test", "contact")), _negated=True), ("invitation__isnull", False)),
                    _connector="OR",
                ),
                name="delivery_of_a_ring",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget),
    ]
