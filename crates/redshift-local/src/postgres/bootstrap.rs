//! What a server is given before clients come: the catalog, users and databases.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::Postgres;
use crate::{
    catalog,
    config::{Collation, Config, Isolation},
    front::Types,
};

/// What the front needs of PostgreSQL beside the catalog: a write lock that every user who may
/// change a table can take. LOCK itself asks for more rights than INSERT does.
pub(super) const FRONT: &str = r#"
CREATE SCHEMA redshift_front;
GRANT USAGE ON SCHEMA redshift_front TO PUBLIC;
CREATE FUNCTION redshift_front.write_lock(relation oid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF has_table_privilege(session_user, relation, 'INSERT, UPDATE, DELETE') THEN
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation::regclass);
  END IF;
END $$;
"#;

/// What was learnt while preparing.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Types whose OIDs differ between PostgreSQL and Redshift.
    pub(crate) types: Types,
    /// User ids, as the system views number them.
    pub(crate) user_ids: HashMap<String, i32>,
    /// The last query id that an earlier start recorded, 0 where there was none.
    pub(crate) last_query_id: i64,
}

/// Brings a server to what `config` says. What an earlier run left is kept.
pub(crate) async fn prepare(postgres: &Postgres, config: &Config) -> Result<Prepared> {
    let types = {
        let template = postgres.admin("template1").await?;
        fill_template(&template).await?;
        Types::load(&template).await?
    };
    let admin = postgres.admin("postgres").await?;
    for user in &config.users {
        let known = exists(&admin, "pg_roles WHERE rolname = $1", &user.name).await?;
        let verb = if known { "ALTER" } else { "CREATE" };
        let rights = if user.superuser { "SUPERUSER" } else { "NOSUPERUSER" };
        let sql = format!("{verb} ROLE {} LOGIN {rights}", quoted(&user.name));
        let failed = || format!("cannot make the user {}", user.name);
        admin.batch_execute(&sql).await.with_context(failed)?;
    }
    let mut user_ids = HashMap::new();
    let mut last_query_id = 0;
    for database in &config.databases {
        if !exists(&admin, "pg_database WHERE datname = $1", database).await? {
            let sql = format!("CREATE DATABASE {}", quoted(database));
            let failed = || format!("cannot make the database {database}");
            admin.batch_execute(&sql).await.with_context(failed)?;
        }
        let client = postgres.admin(database).await?;
        user_ids = settle(&client, config)
            .await
            .with_context(|| format!("cannot prepare the database {database}"))?;
        let last: i64 = client.query_one(catalog::LAST_QUERY_ID, &[]).await?.get(0);
        last_query_id = last_query_id.max(last);
    }
    Ok(Prepared { types, user_ids, last_query_id })
}

/// Gives the database that all others are copies of what every database has.
pub(super) async fn fill_template(template: &Client) -> Result<()> {
    if exists(template, "pg_namespace WHERE nspname = $1", "redshift_front").await? {
        return Ok(());
    }
    template.batch_execute(catalog::BOOTSTRAP).await.context("the catalog is refused")?;
    let public = "GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC";
    template.batch_execute(public).await.context("the schema public cannot be opened")?;
    // Last: it tells the next start that all of this is there.
    template.batch_execute(FRONT).await.context("the front's functions are refused")
}

/// Tells a database's catalog who there is and how it behaves.
async fn settle(client: &Client, config: &Config) -> Result<HashMap<String, i32>> {
    client.batch_execute(catalog::SWEEP).await?;
    for user in &config.users {
        client.execute(catalog::INSERT_USER, &[&user.name, &user.superuser]).await?;
    }
    set_isolation(client, config.isolation).await?;
    let collation = match config.collation {
        Collation::CaseSensitive => "case_sensitive",
        Collation::CaseInsensitive => "case_insensitive",
    };
    client.execute(catalog::SET_COLLATION, &[&collation]).await?;
    let rows = client.query("SELECT name, user_id FROM redshift_sys.users", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Sets the isolation level that a database's views show.
pub(crate) async fn set_isolation(client: &Client, isolation: Isolation) -> Result<()> {
    let shown = match isolation {
        Isolation::Snapshot => "Snapshot Isolation",
        Isolation::Serializable => "Serializable",
    };
    client.execute(catalog::SET_ISOLATION, &[&shown]).await?;
    Ok(())
}

async fn exists(client: &Client, what: &str, name: &str) -> Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT FROM {what})");
    let row =
        client.query_one(&sql, &[&name]).await.context("PostgreSQL's catalog is unreadable")?;
    Ok(row.get(0))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
