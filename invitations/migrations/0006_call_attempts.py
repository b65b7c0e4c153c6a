from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invitations", "0005_due_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="call",
            name="attempt",
            field=models.PositiveIntegerField(
                db_default=1, default=1, help_text="Which of the calls under this ID, one after the other."
            ),
        ),
        migrations.AlterField(
            model_name="call",
            name="call_id",
            field=models.CharField(
                help_text="The public ID. Calls under the same ID, one after the other, are its attempts.",
                max_length=128,
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.UniqueConstraint(fields=("call_id", "attempt"), name="call_attempt_once"),
        ),
    ]
