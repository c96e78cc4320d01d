//! What a load would send, step by step, without a connection: the statements come from where
//! those that are sent come from.

use uuid::Uuid;

use super::{
    CommitPoint, CommittableId, Shape, Sink, create, flush, prepare,
    transaction::{self, STAGE},
};
use crate::{
    error::Result,
    options::{DeliveryGuarantee, DuplicateKeys, WriteMode},
    sql::{self, Applying, CopyInto, InsertRows, Ledger, LedgerRow, Qualified, Statement},
    stage::Staging,
    types::{self, FlinkType, NameCase, TableSchema, TargetColumn, TargetTable},
};

/// The schema that stands for a session's current one, which only a session can tell.
const CURRENT_SCHEMA: &str = "public";

/// A step of a load and the statements that it sends, in their order.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is done, in a few words.
    pub title: String,
    /// The statements. Shown, they hold no secret.
    pub statements: Vec<Statement>,
}

impl Sink {
    /// The steps of a load with one commit, as far as they are known without a connection: for a
    /// target that has exactly the declared columns, with the types that a created one would have.
    /// Ids, figures and times are those of an example.
    pub fn explain(&self) -> Result<Vec<Step>> {
        let carrier = prepare::carrier(&self.config)?;
        let named = &self.config.table;
        let schema = named.schema.as_deref().map_or_else(|| CURRENT_SCHEMA.into(), types::fold);
        let target = Qualified { schema, table: types::fold(&named.table) };
        let plan = types::plan(&self.schema, &self.assumed(&target, NameCase::Folded), carrier)?;
        let layout = prepare::layout(&plan, &self.schema);
        let shape = Shape { target, layout, carrier };
        let mut steps = vec![self.connect(), self.before_rows(&shape)];
        if !prepare::has_ledger(&self.config) {
            steps.push(self.writer(&shape));
            steps.push(self.flush(&shape)?);
            return Ok(steps);
        }
        if shape.layout.staged() {
            steps.push(self.stage(&shape)?);
        }
        steps.push(self.transaction(&shape)?);
        Ok(steps)
    }

    /// The target as it would be created.
    pub(super) fn assumed(&self, target: &Qualified, case: NameCase) -> TargetTable {
        let columns = self.schema.declared.iter().map(|column| TargetColumn {
            name: case.stored(&column.name),
            data_type: types::default_target(&column.data_type, self.config.create.string_width),
            nullable: column.nullable,
            default: None,
        });
        let Qualified { schema, table } = target.clone();
        TargetTable { schema, table, columns: columns.collect(), case }
    }

    fn connect(&self) -> Step {
        let connection = &self.config.connection;
        let mut statements = vec![sql::BACKEND_PID];
        if !connection.statement_timeout.is_zero() {
            statements.push(sql::set_statement_timeout(connection.statement_timeout));
        }
        let (host, port, database) = (&connection.hostname, connection.port, &connection.database);
        Step { title: format!("each session with {host}:{port}, database {database}"), statements }
    }

    fn before_rows(&self, shape: &Shape) -> Step {
        let mut statements = vec![sql::case_sensitive_identifiers()];
        if self.config.table.schema.is_none() {
            statements.push(sql::current_schema());
        }
        statements.push(sql::describe_table(&shape.target));
        if self.config.create.if_not_exists {
            let creation =
                create::creation(&self.config, &self.schema, &shape.target, NameCase::Folded);
            statements.extend(create::whole(creation));
        }
        if has_text_key(&self.schema) {
            statements.push(sql::database_collation());
            statements.push(sql::show_columns(&shape.target));
        }
        if prepare::has_ledger(&self.config) {
            let ledger = Ledger::beside(&shape.target);
            statements.push(sql::describe_table(&ledger.table));
            statements.push(ledger.create());
        }
        let what = match self.config.create.if_not_exists {
            true => "before the first row (what is there already is not created)",
            false => "before the first row (a ledger that is there already is not created)",
        };
        Step { title: what.into(), statements }
    }

    /// Jdbc mode, at least once: what a writer's session begins with.
    fn writer(&self, shape: &Shape) -> Step {
        let parallelism = self.config.parallelism.unwrap_or(1);
        let labels = self.identity.writer_labels(Uuid::nil(), 0, parallelism);
        let mut statements = vec![sql::set_query_group(&labels.own)];
        if shape.layout.keyed() {
            statements.push(sql::later_writer(&labels.own, &labels.before()));
            statements.push(sql::sessions_of_writers_before(&labels.before()));
        }
        if shape.layout.staged() {
            statements.push(sql::create_stage(STAGE, &shape.layout));
        }
        let title = match shape.layout.keyed() {
            true => "each writer's session, and a look for what was left before a restart",
            false => "each writer's session",
        };
        Step { title: title.into(), statements }
    }

    /// Jdbc mode, at least once: a flush, which is sent at once.
    fn flush(&self, shape: &Shape) -> Result<Step> {
        let Shape { target, layout, .. } = shape;
        let mut statements = vec![sql::BEGIN];
        if layout.keyed() && self.config.lock_target {
            statements.push(sql::lock(&[target]));
        }
        if layout.staged() {
            let applying = flush::applying_flush(&self.config, layout, true);
            statements.push(flush::staging(layout, applying).statement(1));
            statements.extend(transaction::from_stage(target, layout, applying));
            statements.extend(sql::clear_stage(STAGE, layout, applying));
        } else {
            statements.extend(self.rows(shape, CopyInto::Target(target))?);
        }
        statements.push(sql::COMMIT);
        Ok(Step { title: "each flush: one transaction, in one round trip".into(), statements })
    }

    fn stage(&self, shape: &Shape) -> Result<Step> {
        let mut statements = vec![
            sql::set_query_group(&self.example().label()),
            sql::create_stage(STAGE, &shape.layout),
        ];
        statements.extend(self.rows(shape, CopyInto::Stage(STAGE))?);
        Ok(Step { title: "each commit: into a staging table of the session".into(), statements })
    }

    fn transaction(&self, shape: &Shape) -> Result<Step> {
        let (ledger, id) = (Ledger::beside(&shape.target), self.example());
        let mut title = "each commit: one transaction";
        let rewrites = shape.layout.keyed() || self.overwrite;
        let tables = transaction::locked(&self.config, &shape.target, &ledger, rewrites);
        let mut statements = Vec::new();
        if !shape.layout.staged() {
            statements.push(sql::set_query_group(&id.label()));
        }
        statements.extend([sql::BEGIN, sql::lock(&tables), ledger.find(&[id.as_str()])]);
        if self.overwrite {
            statements.push(sql::overwrite(&shape.target));
        }
        if shape.layout.staged() {
            let Shape { target, layout, .. } = shape;
            let counts = self.config.duplicate_keys != DuplicateKeys::Ignore && !self.overwrite;
            if counts && layout.keyed() {
                statements.push(sql::count_duplicates(target, STAGE, layout));
            }
            let applying = transaction::applying(&self.config, layout, true);
            if applying == Applying::Merge {
                title = "each commit of upserts only: one transaction";
            }
            statements.extend(transaction::from_stage(target, layout, applying));
            statements.push(sql::drop_stage(STAGE, layout, applying));
        } else {
            statements.extend(self.rows(shape, CopyInto::Target(&shape.target))?);
        }
        let job = self.identity.recorded_job();
        let keep = self.config.ledger_retention;
        let row = LedgerRow {
            id: id.as_str().into(),
            job: &job,
            rows: 0,
            parts: 1,
            keep,
            names_more: false,
        };
        statements.extend([ledger.prune(), ledger.record(&[row]), sql::COMMIT]);
        Ok(Step { title: title.into(), statements })
    }

    /// What brings rows in: a COPY, or INSERTs of as many rows as there are.
    fn rows(&self, shape: &Shape, into: CopyInto<'_>) -> Result<Vec<Statement>> {
        if self.config.mode == WriteMode::Jdbc {
            return Ok(vec![InsertRows::new(into, &shape.layout).statement(1)]);
        }
        let copy = prepare::copy_config(&self.config)?;
        let connection = &self.config.connection;
        let launch =
            self.identity.directory(&connection.hostname, &connection.database, &shape.target);
        let (attempt, id) = (self.attempt.to_string(), self.example());
        let manifest =
            Staging::manifest_url(&copy.temp_uri, &launch, &attempt, &format!("{id}+1"))?;
        let region = copy.s3.region.as_deref();
        let statement = transaction::copy_statement(&self.config, shape, into, &manifest, region)?;
        Ok(vec![statement, sql::COPY_COUNT])
    }

    /// The id of a batch's only commit, or of the first that the clock makes.
    fn example(&self) -> CommittableId {
        let point = match self.config.guarantee {
            DeliveryGuarantee::ExactlyOnce => CommitPoint::End,
            DeliveryGuarantee::AtLeastOnce => {
                CommitPoint::Timed { attempt: Uuid::nil(), number: 0 }
            }
        };
        CommittableId::new(&self.identity, &point)
    }
}

fn has_text_key(schema: &TableSchema) -> bool {
    let is_text = |of: &FlinkType| {
        matches!(of, FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String)
    };
    let mut columns = schema.columns.iter();
    columns.any(|column| schema.primary_key.contains(&column.name) && is_text(&column.data_type))
}
