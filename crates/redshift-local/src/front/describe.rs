//! Types on the wire: PostgreSQL's OIDs and formats turned into Redshift's.

use anyhow::{Context, Result};

use super::{
    failure::Failure,
    reply::Column,
    request::{Bind, format_of},
};

/// Redshift's (and PostgreSQL's) OID of VARCHAR.
const VARCHAR: u32 = 1043;
/// OID of the type of literals that no type was given to.
const UNKNOWN: u32 = 705;
/// OID of NUMERIC.
const NUMERIC: u32 = 1700;
/// Redshift's OID of VARBYTE.
const VARBYTE: u32 = 6551;
/// Redshift's OID of SUPER.
const SUPER: u32 = 4000;
/// Types that cross in binary: boolean, integers, floats, texts, names, OIDs, dates and timestamps.
const BINARY: [u32; 17] =
    [16, 18, 19, 20, 21, 23, 25, 26, 700, 701, 705, 1042, 1043, 1082, 1083, 1114, 1184];

/// The most parameters of a statement.
const PARAMETERS: u16 = 32_767;

/// OIDs that differ between PostgreSQL and Redshift.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Types {
    varchar: u32,
    varbyte: u32,
    super_type: u32,
}

impl Types {
    /// Asks PostgreSQL for them. Every database is a copy of the first, so they are the same in all.
    pub(crate) async fn load(admin: &tokio_postgres::Client) -> Result<Types> {
        let row = admin
            .query_one(crate::catalog::VARCHAR_OID, &[])
            .await
            .context("the catalog lacks its VARCHAR type")?;
        let semi = admin
            .query_one(crate::catalog::SEMI_OIDS, &[])
            .await
            .context("the catalog lacks its VARBYTE and SUPER types")?;
        Ok(Types { varchar: row.get(0), varbyte: semi.get(0), super_type: semi.get(1) })
    }

    /// A type that a client declares, as PostgreSQL knows it; 0 is for PostgreSQL to find out.
    pub(crate) fn declared(self, oid: u32) -> u32 {
        match oid {
            VARCHAR => self.varchar,
            VARBYTE => self.varbyte,
            SUPER => self.super_type,
            UNKNOWN => 0,
            other => other,
        }
    }

    /// A type of PostgreSQL's, as Redshift names it.
    pub(crate) fn shown(self, oid: u32) -> u32 {
        match oid {
            _ if oid == self.varchar => VARCHAR,
            _ if oid == self.varbyte => VARBYTE,
            _ if oid == self.super_type => SUPER,
            other => other,
        }
    }

    /// Columns of a result as Redshift describes them.
    pub(crate) fn shown_columns(self, mut columns: Vec<Column>) -> Vec<Column> {
        for column in &mut columns {
            column.type_oid = self.shown(column.type_oid);
        }
        columns
    }
}

/// The format in which a column is sent when a client asks for `wanted`.
pub(crate) fn result_format(column: &Column, wanted: i16) -> i16 {
    if BINARY.contains(&column.type_oid) { wanted } else { 0 }
}

/// Redshift counts parameters in a signed 16-bit number.
pub(crate) fn check_parameter_count(count: usize) -> Result<(), Failure> {
    if count > usize::from(PARAMETERS) {
        let text = format!("{count} parameters: a statement takes at most {PARAMETERS}");
        return Err(Failure::new("08P01", text));
    }
    Ok(())
}

/// What Redshift does not take as parameters.
pub(crate) fn check_parameters(bind: &Bind, types: &[u32]) -> Result<(), Failure> {
    check_parameter_count(usize::from(bind.count))?;
    for (index, (oid, is_null)) in types.iter().zip(bind.nulls()).enumerate() {
        if format_of(&bind.formats, index) != 0 && !BINARY.contains(oid) && !is_null {
            let what = if *oid == NUMERIC { "NUMERIC".to_owned() } else { format!("type {oid}") };
            let text = format!("not modelled: parameter ${} of {what} in binary", index + 1);
            return Err(Failure::new("0A000", text));
        }
    }
    Ok(())
}
