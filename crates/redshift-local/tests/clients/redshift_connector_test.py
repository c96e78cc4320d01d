"""What Amazon's own driver must be able to do. Arguments: port, user, password."""

import datetime
import decimal
import sys

import redshift_connector

port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def connect(**more):
    # SSL_CERT_FILE names the stand-in's authority; the driver verifies it.
    return redshift_connector.connect(
        host="localhost", port=port, database="dev", user=user, password=password,
        sslmode="verify-full", **more,
    )


def check(what, got, expected):
    assert got == expected, f"{what}: {got!r} instead of {expected!r}"


try:
    redshift_connector.connect(
        host="localhost", port=port, database="dev", user="other", password="Wrong0Pass", ssl=False
    )
    raise SystemExit("a wrong password was taken")
except redshift_connector.InterfaceError as e:
    assert "password authentication failed" in str(e), e

with connect(application_name="driver test") as connection:
    cursor = connection.cursor()
    cursor.execute(
        "CREATE TABLE t (k BIGINT NOT NULL, s SMALLINT, b BOOLEAN, d DOUBLE PRECISION, "
        "n DECIMAL(20, 4), v VARCHAR(40), c CHAR(4), day DATE, at TIMESTAMP, atz TIMESTAMPTZ, "
        "PRIMARY KEY (k)) DISTKEY(k) SORTKEY(day)"
    )
    at = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
    atz = at.replace(tzinfo=datetime.timezone.utc)
    rows = [
        (1, 2, True, 0.25, decimal.Decimal("12.5000"), "it's \\ ü", "ab  ", at.date(), at, atz),
        (2, None, None, None, None, None, None, None, None, None),
    ]
    for row in rows:
        cursor.execute("INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", row)
    check("rowcount", cursor.rowcount, 1)
    connection.commit()

    cursor.execute("SELECT * FROM t WHERE k > %s ORDER BY k", (0,))
    check("names", [d[0] for d in cursor.description],
          ["k", "s", "b", "d", "n", "v", "c", "day", "at", "atz"])
    check("types", [d[1] for d in cursor.description],
          [20, 21, 16, 701, 1700, 1043, 1042, 1082, 1114, 1184])
    check("rows", [tuple(row) for row in cursor.fetchall()], rows)

    cursor.execute("DELETE FROM t WHERE k = %s", (1,))
    connection.rollback()
    cursor.execute("SELECT COUNT(*) FROM t")
    check("after rollback", cursor.fetchone()[0], 2)
    connection.commit()

    cursor.executemany("INSERT INTO t (k, v) VALUES (%s, %s)", [(3, "a"), (4, "b")])
    connection.commit()
    try:
        cursor.execute("SELECT * FROM no_such_table")
        raise SystemExit("no error for a table that is not there")
    except redshift_connector.ProgrammingError as e:
        check("SQLSTATE", e.args[0]["C"], "42P01")
    connection.rollback()

    connection.autocommit = True
    cursor.execute("UPDATE t SET v = %s WHERE v = %s", ("A", "a"))
    cursor.execute("SELECT v FROM t WHERE k = 3")
    check("autocommit", cursor.fetchone()[0], "A")

    tables = cursor.get_tables(schema_pattern="public", table_name_pattern="t")
    check("get_tables", [(row[1], row[2], row[3]) for row in tables], [("public", "t", "TABLE")])
    columns = cursor.get_columns(schema_pattern="public", tablename_pattern="t")
    check("get_columns", [row[3] for row in columns],
          ["k", "s", "b", "d", "n", "v", "c", "day", "at", "atz"])
    check("get_columns' sizes", {row[3]: row[6] for row in columns if row[3] in ("v", "c", "n")},
          {"v": 40, "c": 4, "n": 20})
    check("get_columns' nulls", [row[17] for row in columns][:2], ["NO", "YES"])
    schemas = [row[0] for row in cursor.get_schemas()]
    assert "public" in schemas, schemas

print("all of it works")
