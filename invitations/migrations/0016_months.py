"""A call's log knows when its call began. On PostgreSQL, the log and the push messages are partitioned by month.

There both tables are written anew, and nobody else can use them meanwhile: docs/production.md says for how long. Going
back does the same."""

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Now
from django.utils import timezone

from invitations.store import months

CALL_BEGAN = (
    "call_created_at",
    "timestamp with time zone NOT NULL DEFAULT statement_timestamp()",
    "invitations_call",
    "call_id",
    "created_at",
)
"""A column that a table gets by the way: its name, its type, and from which table by which key it is filled."""


def lock(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take all that this migration changes or that a foreign key leads to, before anything else. Calls go on until then,
    and a verb that has one of the tables and waits for the next would be in a deadlock with us."""
    if schema_editor.connection.vendor == "postgresql":
        months.lock(*(apps.get_model("invitations", name)._meta.db_table for name in ("CallEvent", "Delivery")))


def partition(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Partition both tables by month, with all that is in them."""
    if schema_editor.connection.vendor == "postgresql":
        _rewrite(schema_editor, apps.get_model("invitations", "CallEvent"), by="call_created_at", gets=CALL_BEGAN)
        _rewrite(schema_editor, apps.get_model("invitations", "Delivery"), by="created_at")


def unpartition(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put each table together again."""
    if schema_editor.connection.vendor == "postgresql":
        _rewrite(
            schema_editor, apps.get_model("invitations", "CallEvent"), was_by="call_created_at", loses=CALL_BEGAN[0]
        )
        _rewrite(schema_editor, apps.get_model("invitations", "Delivery"), was_by="created_at")


def _rewrite(
    schema_editor: BaseDatabaseSchemaEditor,
    model: Any,
    *,
    by: str = "",
    was_by: str = "",
    gets: tuple[str, ...] = (),
    loses: str = "",
) -> None:
    """Make the table anew beside the old one, fill it, and give it the same keys, rules, indexes and grants.

    Args:
        schema_editor: of a PostgreSQL.
        model: the table's.
        by: by which column it is partitioned from now on; then its keys have this column at their end.
        was_by: the column that its keys lose.
        gets: a column that it gets, like `CALL_BEGAN`.
        loses: a column that it loses.
    """
    quoted = schema_editor.quote_name
    name, key = model._meta.db_table, model._meta.pk.column
    table, old = quoted(name), quoted(f"{name}_old")
    with schema_editor.connection.cursor() as cursor:
        kept = _keys_and_rules(cursor, table, by, was_by) + _indexes(cursor, table)
        kept += _grants(cursor, table, table) + _grants_on_columns(cursor, table, besides=loses)
        columns = [quoted(each) for each in _columns(cursor, table) if each != loses]
        cursor.execute(f"ALTER TABLE {table} RENAME TO {old}")
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [old, key])
        (sequence,) = cursor.fetchone()
        cursor.execute(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608  quoted already
        last = cursor.fetchone()
        # The new one gets the name that Django gives.
        kept += _grants(cursor, sequence, "SEQUENCE " + quoted(f"{name}_{key}_seq"))
        cursor.execute(f"ALTER SEQUENCE {sequence} RENAME TO {quoted(f'{name}_{key}_seq_old')}")
        cursor.execute(
            f"CREATE TABLE {table} (LIKE {old} INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING STORAGE"
            f"{f', {quoted(gets[0])} {gets[1]}' if gets else ''})"
            f"{f' PARTITION BY RANGE ({quoted(by)})' if by else ''}"
        )
        if loses:
            cursor.execute(f"ALTER TABLE {table} DROP COLUMN {quoted(loses)}")
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)", [table, key, *last])
        source, filled = f"{old} old", ", ".join(f"old.{each}" for each in columns)
        if gets:
            _, _, other, reference, moment = (quoted(each) for each in gets)
            source += f" JOIN {other} other ON other.id = old.{reference}"
            filled += f", other.{moment}"
            columns.append(quoted(gets[0]))
        if by:
            _make_partitions(cursor, name, source, "other." + quoted(gets[4]) if gets else "old." + quoted(by))
        cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {filled} FROM {source}")  # noqa: S608
        cursor.execute(f"DROP TABLE {old}")
        for statement in kept:
            cursor.execute(statement)
        cursor.execute(f"ANALYZE {table}")


def _make_partitions(cursor: Any, name: str, source: str, moment: str) -> None:
    """A partition for each month of the last ten years that has rows, one for this and one for the next, and the default."""
    now = months.Month.of(timezone.now())
    cursor.execute(f"SELECT DISTINCT date_trunc('month', {moment}, 'UTC') FROM {source}")  # noqa: S608
    found = {months.Month.of(begins_at) for (begins_at,) in cursor.fetchall()}
    old = months.Month(now.year - 10, now.month)
    for month in sorted({now, now.next()} | {each for each in found if old <= each <= now}):
        months.create(cursor, name, month)
    months.create(cursor, name)


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    return [name for (name,) in cursor.fetchall()]


def _keys_and_rules(cursor: Any, table: str, by: str, was_by: str) -> list[str]:
    """What makes the table's constraints again. Each key of a partitioned table must have the column by which it
    is: PostgreSQL keeps rows apart only within a partition. A call's log lies in one."""
    cursor.execute(
        "SELECT quote_ident(conname), contype, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = to_regclass(%s) AND contype IN ('p', 'u', 'c', 'f')",
        [table],
    )
    found = []
    for name, kind, definition in cursor.fetchall():
        if kind in ("p", "u"):
            definition = definition.replace(f", {was_by})", ")") if was_by else definition
            definition = definition.replace(")", f", {by})") if by else definition
        found.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    return found


def _indexes(cursor: Any, table: str) -> list[str]:
    """What makes the table's indexes again, those of constraints not among them."""
    cursor.execute(
        "SELECT replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') FROM pg_index WHERE indrelid = to_regclass(%s)"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)",
        [table],
    )
    return [statement for (statement,) in cursor.fetchall()]


_GRANT = (
    "' TO ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END"
    " || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END"
)
"""The end of a GRANT that gives again what a row of `aclexplode` says."""


def _grants(cursor: Any, was: str, now: str) -> list[str]:
    """What grants again on a table or sequence what others were granted on that before it.

    Args:
        was: the name of that before it.
        now: how a GRANT names the new one.
    """
    cursor.execute(
        f"SELECT 'GRANT ' || privilege_type || ' ON ' || %s || {_GRANT} FROM pg_class, aclexplode(relacl)"  # noqa: S608
        " WHERE oid = to_regclass(%s)",
        [now, was],
    )
    return [statement for (statement,) in cursor.fetchall()]


def _grants_on_columns(cursor: Any, table: str, *, besides: str) -> list[str]:
    """What grants again what others were granted on single columns of a table, one column left out."""
    cursor.execute(
        "SELECT 'GRANT ' || privilege_type || ' (' || quote_ident(attname) || ') ON ' || %s || "  # noqa: S608
        f"{_GRANT} FROM pg_attribute, aclexplode(attacl)"
        " WHERE attrelid = to_regclass(%s) AND NOT attisdropped AND attname <> %s",
        [table, table, besides],
    )
    return [statement for (statement,) in cursor.fetchall()]


def let_number(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let everybody who may add calls take their keys from the sequence before they do, as a send does from now on."""
    if schema_editor.connection.vendor != "postgresql":
        return
    model = apps.get_model("invitations", "Call")
    table = schema_editor.quote_name(model._meta.db_table)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, model._meta.pk.column])
        (sequence,) = cursor.fetchone()
        cursor.execute(
            f"SELECT DISTINCT 'GRANT USAGE ON SEQUENCE ' || %s || {_GRANT}"  # noqa: S608
            " FROM pg_class, aclexplode(relacl) WHERE oid = to_regclass(%s) AND privilege_type = 'INSERT'",
            [sequence, table],
        )
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def fill(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Tell each fact when its call began."""
    call = apps.get_model("invitations", "Call").objects.filter(pk=models.OuterRef("call_id"))
    apps.get_model("invitations", "CallEvent").objects.update(
        call_created_at=models.Subquery(call.values("created_at"))
    )


class _Elsewhere:
    """An operation for other databases than PostgreSQL."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, *states)  # type: ignore[misc]

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, *states)  # type: ignore[misc]


class AddFieldElsewhere(_Elsewhere, migrations.AddField):
    pass


class AlterFieldElsewhere(_Elsewhere, migrations.AlterField):
    pass


class RunPythonElsewhere(_Elsewhere, migrations.RunPython):
    pass


class Migration(migrations.Migration):
    dependencies = [("invitations", "0015_cancelled_by_admin")]

    operations = [
        migrations.RunPython(lock, migrations.RunPython.noop),
        migrations.AddIndex(
            "delivery",
            models.Index(condition=models.Q(kind="test"), fields=["created_at"], name="delivery_of_test"),
        ),
        AddFieldElsewhere("callevent", "call_created_at", models.DateTimeField(null=True)),
        RunPythonElsewhere(fill, migrations.RunPython.noop),
        AlterFieldElsewhere("callevent", "call_created_at", models.DateTimeField(db_default=Now())),
        migrations.RunPython(partition, unpartition),
        migrations.RunPython(let_number, migrations.RunPython.noop),
        # The first thing on the way back.
        migrations.RunPython(migrations.RunPython.noop, lock),
    ]
