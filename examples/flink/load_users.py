"""Loads a CSV file into a table of Redshift, by key, with PyFlink.

    flink run -py load_users.py redshift.properties users_by_python

Arguments: the file with the connector's options, and the name of the table to load. The connector's
jar lies in Flink's lib/; where it does not, name it in the setting pipeline.jars.
"""

import sys

from pyflink.table import (
    DataTypes,
    EnvironmentSettings,
    Schema,
    TableDescriptor,
    TableEnvironment,
)
from pyflink.table.expressions import col

COLUMNS = [
    ("user_id", DataTypes.BIGINT(nullable=False)),
    ("user_type", DataTypes.INT()),
    ("language", DataTypes.STRING()),
    ("country", DataTypes.STRING()),
    ("gender", DataTypes.STRING()),
    ("score", DataTypes.DOUBLE()),
]


def columns():
    schema = Schema.new_builder()
    for name, data_type in COLUMNS:
        schema.column(name, data_type)
    return schema


def users_file():
    return (
        TableDescriptor.for_connector("filesystem")
        .schema(columns().build())
        .option("path", "examples/data/users.csv")
        .format("csv")
        .build()
    )


def users(options_file, table):
    descriptor = (
        TableDescriptor.for_connector("redshift")
        .schema(columns().primary_key("user_id").build())
        .option("table-name", table)
        .option("sink.write.mode", "copy")
    )
    with open(options_file, encoding="utf-8") as lines:
        for line in lines:
            if "=" in line and not line.startswith("#"):
                key, value = line.strip().split("=", 1)
                descriptor.option(key, value)
    return descriptor.build()


def main(options_file, table):
    environment = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
    environment.create_temporary_table("users_file", users_file())
    environment.create_temporary_table("users", users(options_file, table))
    (
        environment.from_path("users_file")
        .filter(col("score") >= 0)
        .execute_insert("users")
        .wait()
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
