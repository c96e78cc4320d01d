//! The same suites against a real cluster, when the environment names one.

use std::fmt;

use redshift_local::{RedshiftLocal, config::Isolation};
use uuid::Uuid;

use super::{
    place::{Place, client},
    stand_in::{StandIn, start},
};

/// `jdbc:redshift://host:5439/database?user=…&password=…`: what turns the suites to a cluster.
const URL: &str = "REDSHIFT_TEST_URL";
/// `s3://bucket/prefix` to stage below.
const S3: &str = "REDSHIFT_TEST_S3";
/// The role that COPY reads with, or `default`.
const ROLE: &str = "REDSHIFT_TEST_ROLE";
/// More options of the sinks: `key=value`, with semicolons between them.
const OPTIONS: &str = "REDSHIFT_TEST_OPTIONS";

/// A real cluster, and a schema in it that is this test's alone.
pub struct Cluster {
    given: Vec<(String, String)>,
    schema: String,
}

/// Where a suite runs that needs nothing of the stand-in's own.
pub enum Warehouse {
    /// A stand-in of the test's own.
    StandIn(Box<StandIn>),
    /// The cluster of the environment.
    Cluster(Cluster),
}

/// The cluster that the environment names, else a stand-in. A cluster has the isolation level that
/// it has.
pub async fn warehouse(isolation: Isolation) -> Warehouse {
    match cluster_options() {
        None => Warehouse::StandIn(Box::new(start(isolation).await)),
        Some(given) => Warehouse::Cluster(Cluster::new(given).await),
    }
}

/// The isolation levels to run at; a cluster's database has its own.
pub fn isolations() -> &'static [Isolation] {
    match cluster_options() {
        None => &[Isolation::Snapshot, Isolation::Serializable],
        Some(_) => &[Isolation::Snapshot],
    }
}

/// A stand-in for a suite that cannot do without it; `None`, said aloud, where the suites are to
/// run on a cluster.
pub async fn stand_in(isolation: Isolation) -> Option<StandIn> {
    if skipped() { None } else { Some(start(isolation).await) }
}

/// Whether a suite that cannot do without a stand-in is to be left out, which it says.
pub fn skipped() -> bool {
    let skipped = cluster_options().is_some();
    if skipped {
        println!("skipped: needs the stand-in's faults, and {URL} names a cluster");
    }
    skipped
}

impl Cluster {
    async fn new(given: Vec<(String, String)>) -> Cluster {
        let place = Cluster { given, schema: "public".into() };
        let schema = format!("flink_test_{}", Uuid::new_v4().simple());
        let admin = client(&place).await;
        let create = format!("CREATE SCHEMA {schema}");
        admin.batch_execute(&create).await.unwrap_or_else(|error| panic!("{create}: {error:?}"));
        println!("on the cluster of {URL}, in the schema {schema}");
        Cluster { schema, ..place }
    }
}

impl Warehouse {
    /// Stops the stand-in, or leaves the cluster as it was found.
    pub async fn stop(self) -> Result<(), impl fmt::Debug> {
        match self {
            Warehouse::StandIn(server) => server.stop().await.map_err(|e| format!("{e:?}")),
            Warehouse::Cluster(cluster) => {
                let drop = format!("DROP SCHEMA {} CASCADE", cluster.schema);
                client(&cluster).await.batch_execute(&drop).await.map_err(|e| format!("{e:?}"))
            }
        }
    }

    /// The stand-in, where it is one.
    pub fn local(&self) -> Option<&RedshiftLocal> {
        match self {
            Warehouse::StandIn(server) => Some(server),
            Warehouse::Cluster(_) => None,
        }
    }
}

impl Place for Cluster {
    fn given(&self) -> Vec<(String, String)> {
        self.given.clone()
    }

    fn schema(&self) -> Option<&str> {
        Some(&self.schema)
    }
}

impl Place for Warehouse {
    fn given(&self) -> Vec<(String, String)> {
        match self {
            Warehouse::StandIn(server) => server.given(),
            Warehouse::Cluster(cluster) => cluster.given(),
        }
    }

    fn schema(&self) -> Option<&str> {
        match self {
            Warehouse::StandIn(server) => server.schema(),
            Warehouse::Cluster(cluster) => cluster.schema(),
        }
    }

    fn watcher(&self) -> Option<&str> {
        match self {
            Warehouse::StandIn(server) => server.watcher(),
            Warehouse::Cluster(cluster) => cluster.watcher(),
        }
    }
}

/// What the environment says of a cluster.
fn cluster_options() -> Option<Vec<(String, String)>> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let url = set(URL)?;
    let also = |name: &str| set(name).unwrap_or_else(|| panic!("{URL} is set, {name} is not"));
    let mut given = vec![
        ("url".to_owned(), url),
        ("sink.write.temp.s3-uri".to_owned(), also(S3)),
        ("aws.iam-role".to_owned(), also(ROLE)),
    ];
    for pair in set(OPTIONS).iter().flat_map(|more| more.split(';')) {
        let (key, value) = pair.split_once('=').unwrap_or_else(|| panic!("{OPTIONS}: {pair}"));
        given.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    Some(given)
}
