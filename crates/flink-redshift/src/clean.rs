//! `flink-redshift clean`: lists what runs have left on S3 and no load needs any more, and removes
//! it where that is asked for.

use std::fmt::Write as _;

use anyhow::Context as _;
use arrow_redshift::{Error, options::duration_text, stage::Leftover};
use indicatif::HumanBytes;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{CleanArgs, Format},
    failure::Failure,
    load_script,
    local::{connection::Connection, stand_in},
    output::{note, say},
    run::redshift::RedshiftTable,
    script::{Problem, ScriptError},
};

/// Looks into each temporary path of a script once, and tells what was found, or found before it
/// failed.
pub async fn clean(args: &CleanArgs, stop: &CancellationToken) -> Result<(), Failure> {
    let mut found = Vec::new();
    let result = looked(args, stop, &mut found).await;
    if args.format == Format::Json {
        let report = json!({
            "script": args.script.display().to_string(),
            "deleted": args.delete,
            "found": found,
            "error": result.as_ref().err().map(Failure::json),
        });
        say(&report.to_string()).context("cannot write to standard output")?;
    }
    result
}

async fn looked(
    args: &CleanArgs,
    stop: &CancellationToken,
    left: &mut Vec<Leftover>,
) -> Result<(), Failure> {
    let (script, mut plan) = load_script(&args.script, args.local.is_some()).await?;
    if let Some(file) = &args.local {
        Connection::read(file).await?.redirect(&mut plan);
    }
    let mut places = Vec::new();
    for table in stand_in::tables(&plan) {
        let at = |error: Error| at(table, error);
        let Some(cleaning) = table.cleaning(args.older_than).await.map_err(at)? else { continue };
        let place = cleaning.place();
        if places.contains(&place) {
            continue;
        }
        let found = stopped(stop, cleaning.look()).await?.map_err(at)?;
        for leftover in found {
            if args.delete {
                stopped(stop, cleaning.remove(&leftover)).await?.map_err(at)?;
            }
            if args.format == Format::Text {
                say(&line(&leftover)).context("cannot write to standard output")?;
            }
            left.push(leftover);
        }
        if args.format == Format::Text {
            let age = duration_text(cleaning.age());
            note(&format!(
                "looked at s3://{}/{}, for what is older than {age}",
                place.bucket, place.prefix
            ));
        }
        places.push(place);
    }
    if places.is_empty() {
        let why = "the script stages nothing on S3: there is nothing to clean";
        return Err(Failure::Script(ScriptError::new(script, vec![Problem::new(1, why)])));
    }
    if args.format == Format::Text {
        note(&summary(left, args.delete));
    }
    Ok(())
}

/// Work that a signal ends. What is half removed the next time removes.
async fn stopped<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => {
            Err(Failure::Interrupted("run it again for what is left".into()))
        }
        done = work => Ok(done),
    }
}

fn at(table: &RedshiftTable, error: Error) -> Failure {
    let place = format!("the temporary path of the table in line {}", table.line());
    Failure::Load { place, error }
}

fn line(left: &Leftover) -> String {
    let mut text = format!(
        "{}  {} in {}, youngest of {}",
        left.url,
        HumanBytes(left.bytes),
        counted(left.objects, "object"),
        moment(left.newest),
    );
    if left.uploads > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, ", {}", counted(left.uploads, "unfinished upload"));
    }
    text
}

fn summary(left: &[Leftover], deleted: bool) -> String {
    let bytes: u64 = left.iter().map(|left| left.bytes).sum();
    let objects: u64 = left.iter().map(|left| left.objects).sum();
    let uploads: u64 = left.iter().map(|left| left.uploads).sum();
    let what = format!(
        "{} and {} of {}, {}",
        counted(objects, "object"),
        counted(uploads, "unfinished upload"),
        counted(left.len() as u64, "attempt"),
        HumanBytes(bytes),
    );
    match (left.is_empty(), deleted) {
        (true, _) => "there is nothing to remove".to_owned(),
        (false, true) => format!("{what} removed"),
        (false, false) => format!("{what} would go; nothing was removed: --delete does it"),
    }
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn moment(seconds: i64) -> String {
    let at = chrono::DateTime::from_timestamp(seconds, 0);
    at.map_or_else(|| seconds.to_string(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}
