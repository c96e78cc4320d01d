//! What only the server refuses, row by row: the parts in question are read again and checked
//! against the target as it is now. Where nothing shows, one of them is loaded as CSV into a
//! temporary table, which tells the rows. Then the policies hold.
//!
//! A part of which rows were cut, made NULL or set aside is staged anew beside itself. The commit
//! goes on with those in the old ones' place and under its own id; its ledger row says which rows
//! were set aside, so that whoever finds it applied puts the same ones in place.

use std::sync::Arc;

use tracing::{info, warn};

use super::{
    Committable, Committer, prepare,
    settle::{Suspects, Verdict, is_file},
    transaction::STAGE,
};
use crate::{
    error::{Error, ErrorKind, Result},
    session::{Row, Session},
    sql::{self, CopyInto, FileFormat, Layout},
    stage::{
        CSV_TRIAL_PARAMETERS, Manifest, Part, Policies, Recheck, Refusal, Restaged, StagedShape,
        Staging, TRIAL_ERRORS, Touched, is_restaged, restaged_name,
    },
    types::{self, Carrier, LoadExpression, StagedColumn, TableSchema, TargetTable},
};

/// The most bytes of parts that one look reads.
const LOOK_BYTES: u64 = 1024 * 1024 * 1024;

/// How often one call of `commit` goes on with other parts than before.
pub(super) const MOST_REVISIONS: u32 = 5;

/// Looks at the rows of the suspects, and says what there is to say or how the commit goes on.
pub(super) async fn look(
    committer: &Committer,
    commit: &Committable,
    suspects: Suspects,
) -> Verdict {
    let mut restaged = Vec::new();
    let looked = Look::open(committer, commit).await;
    let found = match &looked {
        Ok(look) => look.all(&suspects.parts, &mut restaged).await,
        Err(error) => Err(Error::new(error.kind(), brief(error))),
    };
    let error = match found {
        Ok(()) if restaged.is_empty() => return suspects.explained(),
        Ok(()) => return Verdict::Revised(Box::new(revised(commit, &restaged))),
        Err(error) => error,
    };
    if let Ok(look) = &looked {
        look.take_back(&restaged).await;
    }
    let said = match error.kind() {
        ErrorKind::ValueRefused | ErrorKind::SchemaMismatch => brief(&error),
        _ => format!("its rows were not looked at: {}", brief(&error)),
    };
    let lines: Vec<String> = suspects.says.into_iter().chain([said]).collect();
    Verdict::Explained(lines.join("\n  "))
}

/// The commit with what was staged anew in the place of what it was made of.
fn revised(commit: &Committable, restaged: &[(Part, Restaged)]) -> Committable {
    let mut revised = commit.clone();
    for unit in &mut revised.units {
        let mut letters = Vec::new();
        let parts = std::mem::take(&mut unit.parts).into_iter();
        unit.parts = parts
            .filter_map(|part| match restaged.iter().find(|(of, _)| of.url == part.url) {
                None => Some(part),
                Some((_, anew)) => {
                    letters.extend(anew.letters.clone());
                    anew.rows.clone()
                }
            })
            .collect();
        unit.parts.extend(letters);
        // In the order in which they are named, which is that of everybody who puts them in place;
        // what the writers set aside comes first.
        unit.parts.sort_by_cached_key(|part| match is_restaged(part) {
            true => Some(restaged_name(&part.url)),
            false => None,
        });
    }
    revised
}

/// An error in one line.
fn brief(error: &Error) -> String {
    let context: Vec<String> =
        error.context().iter().map(|(key, value)| format!("{key}: {value}")).collect();
    match context.is_empty() {
        true => error.message().to_owned(),
        false => format!("{} ({})", error.message(), context.join(", ")),
    }
}

struct Look<'a> {
    committer: &'a Committer,
    commit: &'a Committable,
    session: Session,
    staging: Staging,
    recheck: Recheck,
}

impl Look<'_> {
    async fn open<'a>(committer: &'a Committer, commit: &'a Committable) -> Result<Look<'a>> {
        let shape = &commit.shape;
        let session = committer.open(commit).await?;
        let target = prepare::describe(&session, &shape.target, prepare::AS_STORED)
            .await?
            .ok_or_else(|| {
                Error::new(ErrorKind::SchemaMismatch, "the target is gone")
                    .with("table", &shape.target)
            })?;
        let staging = committer.staging(commit).await?;
        let recheck = recheck(committer, commit, &target)?;
        Ok(Look { committer, commit, session, staging, recheck })
    }

    /// The suspects first. What a changed target refuses in one part it refuses in others, so then
    /// those are looked at too, before the load is tried again.
    async fn all(&self, suspects: &[Part], restaged: &mut Vec<(Part, Restaged)>) -> Result<()> {
        let mut bytes = 0;
        for part in suspects {
            self.one(part, &[], &mut bytes, restaged).await?;
        }
        match suspects {
            [suspect] if restaged.is_empty() => {
                let refusals = self.tried(suspect).await?;
                self.one(suspect, &refusals, &mut bytes, restaged).await
            }
            _ if restaged.is_empty() => Ok(()),
            _ => {
                for part in &self.others(suspects) {
                    self.one(part, &[], &mut bytes, restaged).await?;
                }
                Ok(())
            }
        }
    }

    /// The parts that are no suspects.
    fn others(&self, suspects: &[Part]) -> Vec<Part> {
        let is_other = |part: &&Part| suspects.iter().all(|suspect| suspect.url != part.url);
        self.commit.parts().filter(is_other).cloned().collect()
    }

    async fn one(
        &self,
        part: &Part,
        refusals: &[Refusal],
        bytes: &mut u64,
        restaged: &mut Vec<(Part, Restaged)>,
    ) -> Result<()> {
        *bytes += part.bytes;
        if *bytes > LOOK_BYTES {
            let why = format!("parts of {bytes} bytes are more than the {LOOK_BYTES} of one look");
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        if let Some(anew) = self.recheck.part(&self.staging, part, refusals).await? {
            let Touched { truncated, nulled, dead_letters } = anew.touched;
            let said = "rows that the server refuses met their policies";
            info!(part = %part.url, truncated, nulled, dead_letters, "{said}");
            restaged.push((part.clone(), anew));
        }
        Ok(())
    }

    /// Which rows of a part the server refuses when it is CSV, as far as it tells.
    async fn tried(&self, part: &Part) -> Result<Vec<Refusal>> {
        let trial = self.recheck.trial(&self.staging, part).await?;
        let name = format!("{}-rows", self.commit.id());
        let manifest = Manifest::new(std::slice::from_ref(&trial))?;
        let manifest = self.staging.write_manifest(&name, &manifest).await?;
        let loaded = self.load(&manifest).await;
        // What is left here goes by age.
        let removed = self.staging.delete([manifest.as_str(), trial.url.as_str()]).await;
        if let Err(error) = removed {
            warn!(%error, "a trial's files were not removed");
        }
        loaded?;
        let errors = sql::load_errors(self.session.pid(), TRIAL_ERRORS);
        let rows = self.session.query(&errors).await?;
        Ok(rows.iter().filter_map(|row| refusal(row, &trial.url)).collect())
    }

    /// Loads a trial's file into a temporary table, and takes that back.
    async fn load(&self, manifest: &str) -> Result<()> {
        let layout = &self.commit.shape.layout;
        let copy = prepare::copy_config(self.committer.config())?;
        let format = FileFormat::Csv(CSV_TRIAL_PARAMETERS);
        let (into, region) = (CopyInto::Stage(STAGE), self.staging.region());
        let statement = sql::copy(into, layout, manifest, &copy.authorization, format, region);
        self.session.run(&sql::BEGIN).await?;
        let created = self.session.run(&sql::create_stage(STAGE, layout)).await;
        let loaded = match created {
            Ok(()) => self.session.run(&statement).await,
            Err(error) => Err(error),
        };
        self.session.run(&sql::ROLLBACK).await?;
        match loaded {
            Err(error) if error.kind() != ErrorKind::LoadRefused => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes what was staged anew; what is left goes by age.
    async fn take_back(&self, restaged: &[(Part, Restaged)]) {
        let parts = restaged.iter().flat_map(|(_, anew)| anew.rows.iter().chain(&anew.letters));
        let urls: Vec<&str> = parts.map(|part| part.url.as_str()).collect();
        if let Err(error) = self.staging.delete(urls).await {
            warn!(%error, "parts that were staged anew were not removed");
        }
    }
}

fn recheck(committer: &Committer, commit: &Committable, target: &TargetTable) -> Result<Recheck> {
    let (config, schema) = (committer.config(), committer.schema());
    let layout = &commit.shape.layout;
    let plan = types::replan(&staged_columns(layout), layout.direct, target, commit.shape.carrier)?;
    let policies = Policies::again(&config.values, &plan, schema);
    let nests = plan.columns.iter().map(|column| nests(schema, &column.target)).collect();
    let format = match commit.shape.carrier {
        Carrier::Csv => crate::options::CopyFormat::Csv,
        Carrier::Parquet | Carrier::Binds => crate::options::CopyFormat::Parquet,
    };
    let shape = if layout.keyed() { StagedShape::Keyed } else { StagedShape::Append };
    Recheck::new(plan, policies, format, shape, commit.shape.target.to_string(), nests)
}

fn staged_columns(layout: &Layout) -> Vec<StagedColumn<'_>> {
    let column = |column: &'_ sql::LoadColumn| -> (LoadExpression, bool) {
        let expression = match column.conversion {
            sql::Conversion::None => LoadExpression::Plain,
            sql::Conversion::Utc => LoadExpression::AtTimeZoneUtc,
            sql::Conversion::Time => LoadExpression::CastToTime,
            sql::Conversion::Json => LoadExpression::JsonParse,
            sql::Conversion::Hex => LoadExpression::FromHex,
        };
        (expression, column.key)
    };
    let staged = |of| {
        let (expression, key) = column(of);
        StagedColumn { name: &of.name, staging_type: &of.stage_type, expression, key }
    };
    layout.columns.iter().map(staged).collect()
}

/// Whether a column is declared as an array, a map, a multiset or a row.
fn nests(schema: &Arc<TableSchema>, column: &str) -> bool {
    let mut all = schema.columns.iter();
    let declared = all.find(|declared| declared.name.eq_ignore_ascii_case(column));
    declared.is_some_and(|declared| declared.data_type.nests())
}

/// A row of the load-error view, if it is of this file.
fn refusal(row: &Row, url: &str) -> Option<Refusal> {
    let cell = |at: usize| row.get(at).and_then(Option::as_deref).map(str::trim);
    is_file(cell(0)?, url).then_some(())?;
    let column = cell(2).filter(|column| !column.is_empty()).map(str::to_owned);
    Some(Refusal { row: cell(1)?.parse().ok()?, column, code: cell(3)?.parse().unwrap_or(0) })
}
