#!/usr/bin/env python3
"""Turns the nycflights13 files into the form that examples/quickstart.sql reads.

    python3 examples/data/prepare.py <directory with the five original .csv.gz files>

Three things change, nothing else: the header line goes (Flink's csv format has no option to skip
one), `time_hour` is written as Flink reads a TIMESTAMP (2013-01-01T10:00:00Z becomes
2013-01-01 10:00:00, still UTC), and lines end in a bare newline. The gzip header holds no name and
no time, so that the same input gives the same bytes.
"""

import gzip
import pathlib
import re
import sys

# Header line of each file: refusing another one keeps the script's column lists true.
HEADERS = {
    "airlines": "carrier,name",
    "airports": "faa,name,lat,lon,alt,tz,dst,tzone",
    "flights": "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,"
    "carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour",
    "planes": "tailnum,year,type,manufacturer,model,engines,seats,speed,engine",
    "weather": "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,"
    "pressure,visib,time_hour",
}

TIME_HOUR = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z$")


def prepare(source: pathlib.Path, header: str) -> list[str]:
    """The lines of one file, without its header and with its last column as SQL writes time."""
    lines = gzip.decompress(source.read_bytes()).decode("utf-8").splitlines()
    if lines[0] != header:
        sys.exit(f"{source}: expected the header {header!r}, found {lines[0]!r}")
    if not header.endswith(",time_hour"):
        return lines[1:]
    rewritten = [TIME_HOUR.subn(r"\1 \2", line) for line in lines[1:]]
    for number, (_, count) in enumerate(rewritten, start=2):
        if count != 1:
            sys.exit(f"{source}:{number}: the line does not end in a UTC time")
    return [line for line, _ in rewritten]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = pathlib.Path(__file__).parent
    for table, header in HEADERS.items():
        lines = prepare(pathlib.Path(sys.argv[1]) / f"{table}.csv.gz", header)
        target = here / f"{table}.csv.gz"
        text = "".join(line + "\n" for line in lines).encode("utf-8")
        target.write_bytes(gzip.compress(text, compresslevel=9, mtime=0))
        print(f"{target.name}: {len(lines)} rows, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
