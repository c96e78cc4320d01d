"""Compares every value of the five tables with the files, through Amazon's own driver.

Arguments: the connection file, the directory of the files, and how often `flights` was appended.
"""

import collections
import csv
import datetime
import gzip
import json
import pathlib
import sys

import redshift_connector

connection_file, data, runs = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
settings = json.loads(pathlib.Path(connection_file).read_text())

text, whole, real = str, int, float


def moment(value):
    return datetime.datetime.strptime(value, "%Y-%m-%d %H:%M:%S")


# The files' columns, in order, as they have to be in the tables.
TABLES = {
    "airlines": ([text, text], 1),
    "airports": ([text, text, real, real, whole, whole, text, text], 1),
    "planes": ([text, whole, text, text, text, whole, whole, whole, text], 1),
    "weather": (
        [text, whole, whole, whole, whole] + [real] * 9 + [moment],
        1,
    ),
    "flights": (
        [whole] * 9 + [text, whole, text, text, text] + [whole] * 4 + [moment],
        runs,
    ),
}

connection = redshift_connector.connect(
    host=settings["host"],
    port=settings["port"],
    database=settings["database"],
    user=settings["user"],
    password=settings["password"],
    ssl=False,
)
cursor = connection.cursor()
for table, (types, copies) in TABLES.items():
    with gzip.open(data / f"{table}.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        expected = collections.Counter(
            tuple(None if cell == "NA" else read(cell) for read, cell in zip(types, row, strict=True))
            for row in csv.reader(lines)
        )
    cursor.execute(f"SELECT * FROM {table}")
    found = collections.Counter(tuple(row) for row in cursor.fetchall())
    if copies > 1:
        expected = collections.Counter({row: count * copies for row, count in expected.items()})
    if found != expected:
        missing, surplus = expected - found, found - expected
        raise SystemExit(
            f"{table}: {missing.total()} rows missing, {surplus.total()} too many; "
            f"first missing {next(iter(missing), None)}, first surplus {next(iter(surplus), None)}"
        )
    print(f"{table}: {found.total()} rows of {len(types)} columns are the file's")
