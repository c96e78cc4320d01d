//! Every type into created and into existing tables, every way, appended and by key.

use arrow_redshift::types::{FlinkType, RedshiftType, default_target};
use futures::{StreamExt, stream};
use redshift_local::config::Isolation;

use crate::{
    AT_ONCE, WAYS,
    cases::cases,
    support::{self, KINDS, Kind, Warehouse},
    table::{Field, Table, load, prepare, reader},
    values::cells,
};

/// The matrix as tables: created or existing, with or without what takes a way of its own
/// through a staging table: instants, times, decimals that COPY was not seen to load, and what becomes
/// SUPER.
fn matrix(existing: bool, zoned: bool) -> Table {
    let rows = cases().iter().map(|case| case.values.len()).max().expect("cases") + 1;
    let mut fields = Vec::new();
    for (at, case) in cases().into_iter().enumerate() {
        let created = vec![default_target(&case.declared, 65_535)];
        let targets = if existing { case.targets } else { created };
        for (n, target) in targets.into_iter().enumerate() {
            if is_staged(&case.declared, &target) != zoned {
                continue;
            }
            let name = format!("c{at}_{n}");
            fields.push(Field::new(&name, case.declared.clone(), target, case.values.clone()));
        }
    }
    let name = if existing { "existing" } else { "created" };
    Table::new(format!("{name}{}", if zoned { "_zoned" } else { "" }), rows, fields)
}

/// Whether values may go through a staging table whatever the table.
fn is_staged(declared: &FlinkType, target: &RedshiftType) -> bool {
    matches!(declared, FlinkType::TimestampLtz(_))
        || matches!(target, RedshiftType::Time | RedshiftType::Super)
        || matches!(target, RedshiftType::Decimal { precision: ..10 | 19..38, .. })
}

async fn matrix_comes_back(server: &Warehouse, mut table: Table, kind: Kind, way: &str) {
    let existing = table.name.starts_with("existing");
    table.name = format!("{}_{kind:?}_{way}", table.name).to_lowercase();
    let reader = reader(server).await;
    if existing {
        table.create(&reader).await;
    }
    let sink = prepare(server, &table, kind, way).await;
    let mut committer = sink.committer();
    load(&sink, &mut committer, 1, &table.batch(), None).await;
    table.assert_holds(&reader, "loaded").await;
    if kind == Kind::Keyed {
        // Every row changes into another one's values.
        table.fields[1..].iter_mut().for_each(|field| field.values.rotate_left(1));
        load(&sink, &mut committer, 2, &table.batch(), None).await;
        table.assert_holds(&reader, "changed").await;
    }
    if existing {
        let sql = format!("SELECT COUNT(*) FROM {} WHERE extra = 7", table.name);
        let count = table.fields[0].values.len().to_string();
        assert_eq!(cells(&reader, &sql).await, [[Some(count)]], "{}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_back_from_created_and_existing_tables() {
    let server = support::warehouse(Isolation::Snapshot).await;
    let mut loads = Vec::new();
    for (existing, zoned) in [(false, false), (false, true), (true, false), (true, true)] {
        for (kind, way) in KINDS.iter().flat_map(|kind| WAYS.map(|way| (*kind, way))) {
            loads.push(matrix_comes_back(&server, matrix(existing, zoned), kind, way));
        }
    }
    stream::iter(loads).buffer_unordered(AT_ONCE).collect::<()>().await;
    server.stop().await.unwrap();
}
