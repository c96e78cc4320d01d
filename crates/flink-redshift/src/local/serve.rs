//! `flink-redshift local`: a stand-in in the foreground, until it is told to stop.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, ensure};
use redshift_local::RedshiftLocal;
use tokio_util::sync::CancellationToken;

use super::{
    connection::Connection,
    stand_in::{self, Place},
};
use crate::{cli::LocalArgs, failure::Failure, load_script, output::say};

/// Starts a stand-in, says how to use it, and keeps it until `stop`.
pub async fn serve(args: &LocalArgs, stop: &CancellationToken) -> Result<(), Failure> {
    // Its processes have other working directories.
    let data_dir = args.data_dir.as_deref().map(std::path::absolute).transpose();
    let data_dir = data_dir.context("the data directory has no absolute path")?;
    if let Some(dir) = &data_dir {
        check_data_dir(dir)?;
    }
    if let Some(file) = &args.connection_file {
        check_connection_file(file).await?;
    }
    let place = Place { port: args.port, s3_port: args.s3_port, data_dir };
    let config = match &args.script {
        Some(script) => {
            let (name, plan) = load_script(script, true).await?;
            stand_in::config(stand_in::tables(&plan), &place).map_err(|problems| {
                Failure::Script(crate::script::ScriptError::new(name, problems))
            })?
        }
        None => stand_in::config(std::iter::empty(), &place).unwrap_or_default(),
    };
    let server = RedshiftLocal::start(config).await?;
    let connection = stand_in::connection(&server);
    if let Some(file) = &args.connection_file {
        connection.write(file)?;
    }
    // It runs, whether somebody reads this or not.
    let _ = say(&how_to(&server, &connection, args));
    stop.cancelled().await;
    if let Some(file) = &args.connection_file {
        // It may be gone already; there is nothing to be done about it.
        let _ = std::fs::remove_file(file);
    }
    server.stop().await?;
    Ok(())
}

/// A directory that holds something else must not be mixed with a stand-in's files.
fn check_data_dir(dir: &Path) -> anyhow::Result<()> {
    let Ok(mut entries) = std::fs::read_dir(dir) else { return Ok(()) };
    ensure!(
        entries.next().is_none() || stand_in::is_data_dir(dir),
        "the data directory {} holds files that are no stand-in's: name an empty or a new one",
        dir.display()
    );
    Ok(())
}

/// The file of a stand-in that is running stays: whoever uses it would be led to another one.
async fn check_connection_file(file: &Path) -> anyhow::Result<()> {
    ensure!(
        !Connection::is_alive(file).await,
        "the connection file {} belongs to a stand-in that is running: stop that one, or name \
         another file",
        file.display()
    );
    Ok(())
}

fn how_to(server: &RedshiftLocal, connection: &Connection, args: &LocalArgs) -> String {
    let config = server.config();
    let Connection { host, port, user, database, ca_file, s3_endpoint, .. } = connection;
    // A script's passwords may be those of a real cluster: they are not shown.
    let password = match args.script {
        Some(_) => "as in the script",
        None => &connection.password,
    };
    let mut text = format!(
        "A local stand-in for Redshift is running. Ctrl-C stops it.\n\n\
         Redshift    {host}:{port}, database {database}, user {user}, password {password}\n\
         TLS         authority {}\n\
         S3          {s3_endpoint}, key {}, secret {}\n",
        ca_file.display(),
        connection.access_key_id,
        connection.secret_access_key,
    );
    // Writing to a String cannot fail.
    for bucket in &config.buckets {
        let _ = writeln!(text, "bucket      s3://{} in {}", bucket.name, bucket.region);
    }
    for role in &config.roles {
        let _ = writeln!(text, "role        {} for {}", role.arn, role.prefixes.join(", "));
    }
    let _ = write!(
        text,
        "\nTry it      psql 'host={host} port={port} user={user} dbname={database} \
         sslmode=verify-ca sslrootcert={}' -c 'SELECT table_name FROM svv_tables'\n",
        ca_file.display()
    );
    if let Some(file) = &args.connection_file {
        let _ =
            writeln!(text, "            flink-redshift run script.sql --local={}", file.display());
    }
    text
}
