//! Times where the loading user's sessions are in another time zone than UTC, which Redshift lets each
//! user set: an instant stays the instant, and what has no zone stays as it is.

use arrow_redshift::types::{FlinkType, RedshiftType};
use redshift_local::config::Config;

use crate::{
    WAYS,
    support::{self, KINDS, Warehouse},
    table::{Field, Table, load, prepare, reader},
    values::{Value, at, clock},
};

/// West and east of UTC, with and without summer time, by the hour and not.
const ZONES: [&str; 3] = ["America/New_York", "Asia/Kolkata", "Europe/London"];

/// The edges, and what the clocks of one of these zones leave out or show twice.
const TIMES: [&str; 7] = [
    "0001-01-01 00:00:00.0",
    "1969-12-31 23:59:59.999999",
    "2024-03-10 02:30:00.5",
    "2024-11-03 01:30:00.25",
    "2024-03-31 01:30:00.0",
    "2024-10-27 01:30:00.000001",
    "9999-12-31 23:59:59.999999",
];

fn table(name: String) -> Table {
    let times: Vec<Value> = TIMES.iter().map(|text| at(text)).collect();
    let clocks = TIMES.iter().map(|text| clock(text.split_once(' ').expect("a time").1)).collect();
    let ltz = FlinkType::TimestampLtz(6);
    let fields = vec![
        Field::new("instant", ltz.clone(), RedshiftType::TimestampTz, times.clone()),
        Field::new("instant_in_utc", ltz, RedshiftType::Timestamp, times.clone()),
        Field::new("plain", FlinkType::Timestamp(6), RedshiftType::Timestamp, times),
        Field::new("clock", FlinkType::Time(6), RedshiftType::Time, clocks),
    ];
    Table::new(name, TIMES.len(), fields)
}

#[tokio::test(flavor = "multi_thread")]
async fn times_stay_what_they_are_in_sessions_of_other_zones() {
    if support::skipped() {
        return;
    }
    for zone in ZONES {
        let config = Config { time_zone: zone.into(), ..support::config() };
        let server = Warehouse::StandIn(Box::new(support::start_with(config).await));
        let reader = reader(&server).await;
        let shown = crate::values::cells(&reader, "SHOW timezone").await;
        assert_eq!(shown, [[Some(zone.to_owned())]], "the sessions' own zone");
        reader.batch_execute("SET timezone TO 'UTC'").await.expect("a setting");
        for (kind, way) in KINDS.iter().flat_map(|kind| WAYS.map(|way| (*kind, way))) {
            let mut table = table(format!("zoned_{kind:?}_{way}").to_lowercase());
            table.create(&reader).await;
            let sink = prepare(&server, &table, kind, way).await;
            let mut committer = sink.committer();
            load(&sink, &mut committer, 1, &table.batch(), None).await;
            table.assert_holds(&reader, zone).await;
            if kind == support::Kind::Keyed {
                table.fields[1..].iter_mut().for_each(|field| field.values.rotate_left(1));
                load(&sink, &mut committer, 2, &table.batch(), None).await;
                table.assert_holds(&reader, zone).await;
            }
        }
        server.stop().await.expect("it stops");
    }
}
