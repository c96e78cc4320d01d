//! The parameters of COPY: one table of their arguments and of the formats that they go with.

use super::{Refusal, invalid, lexer::Token, statement::Cursor};

/// What follows a parameter's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// `[AS] 'text'`.
    Text,
    /// `[AS] ['text']`.
    OptionalText,
    /// `[AS] n`.
    Number,
    /// `[AS] word` or `[AS] 'word'`.
    Word,
    /// `[ON | OFF | TRUE | FALSE | PRESET]`.
    Switch,
}

/// Whether a parameter goes with a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It does.
    Taken,
    /// Redshift refuses it.
    Refused,
    /// Redshift may take it; this stand-in does not.
    NotModelled,
}

/// A row of the table.
#[derive(Debug)]
pub struct Parameter {
    /// Name, in upper case.
    pub name: &'static str,
    /// What follows it.
    pub argument: Argument,
    /// With CSV.
    pub csv: Stand,
    /// With PARQUET.
    pub parquet: Stand,
}

/// A parameter that was given, with its argument.
#[derive(Debug)]
pub struct Given {
    /// Its row in the table.
    pub parameter: &'static Parameter,
    /// Its argument; `None` where there was none.
    pub value: Option<String>,
}

const fn row(name: &'static str, argument: Argument, csv: Stand, parquet: Stand) -> Parameter {
    Parameter { name, argument, csv, parquet }
}

use Argument::{None as Bare, Number, OptionalText, Switch, Text, Word};
use Stand::{NotModelled as Unknown, Refused as Never, Taken as Yes};

/// Every parameter of Redshift's COPY that is neither a format nor an authorization.
pub static PARAMETERS: &[Parameter] = &[
    row("ACCEPTANYDATE", Bare, Yes, Never),
    row("ACCEPTINVCHARS", OptionalText, Yes, Yes),
    row("BLANKSASNULL", Bare, Yes, Never),
    row("BZIP2", Bare, Unknown, Never),
    row("COMPROWS", Number, Yes, Never),
    row("COMPUPDATE", Switch, Yes, Never),
    row("DATEFORMAT", Text, Yes, Never),
    row("DELIMITER", Text, Yes, Never),
    row("EMPTYASNULL", Bare, Yes, Never),
    row("ENCODING", Word, Yes, Never),
    row("ENCRYPTED", Bare, Unknown, Never),
    row("ESCAPE", Bare, Never, Never),
    row("EXPLICIT_IDS", Bare, Yes, Yes),
    row("FILLRECORD", Bare, Yes, Yes),
    row("GZIP", Bare, Yes, Never),
    row("IGNOREALLERRORS", Bare, Unknown, Never),
    row("IGNOREBLANKLINES", Bare, Yes, Never),
    row("IGNOREHEADER", Number, Yes, Never),
    row("LZOP", Bare, Unknown, Never),
    row("MANIFEST", Bare, Yes, Yes),
    row("MASTER_SYMMETRIC_KEY", Text, Unknown, Never),
    row("MAXERROR", Number, Yes, Never),
    row("NOLOAD", Bare, Yes, Never),
    row("NULL", Text, Yes, Never),
    row("QUOTE", Text, Yes, Never),
    row("READRATIO", Number, Never, Never),
    row("REGION", Text, Yes, Never),
    row("REMOVEQUOTES", Bare, Never, Never),
    row("ROUNDEC", Bare, Yes, Never),
    row("SERIALIZETOJSON", Bare, Never, Yes),
    row("SSH", Bare, Never, Never),
    row("STATUPDATE", Switch, Yes, Yes),
    row("TIMEFORMAT", Text, Yes, Never),
    row("TRIMBLANKS", Bare, Yes, Never),
    row("TRUNCATECOLUMNS", Bare, Yes, Never),
    row("ZSTD", Bare, Unknown, Never),
];

/// Parses the parameter at the cursor; `None` where its word is none.
pub fn parameter(cursor: &mut Cursor) -> Result<Option<Given>, Refusal> {
    let Some(Token::Word(word)) = cursor.peek() else { return Ok(None) };
    let Some(parameter) = PARAMETERS.iter().find(|p| p.name.eq_ignore_ascii_case(word)) else {
        return Ok(None);
    };
    cursor.advance();
    let value = argument(parameter.argument, cursor)?;
    Ok(Some(Given { parameter, value }))
}

fn argument(argument: Argument, cursor: &mut Cursor) -> Result<Option<String>, Refusal> {
    match argument {
        Argument::None => return Ok(None),
        Argument::Switch => return Ok(switch(cursor)),
        _ => cursor.skip("AS"),
    };
    let value = match (argument, cursor.peek()) {
        (Argument::Text | Argument::OptionalText | Argument::Word, Some(Token::Text(text))) => {
            text.clone()
        }
        (Argument::Word, Some(Token::Word(word))) => word.clone(),
        (Argument::Number, Some(Token::Number(digits))) => digits.clone(),
        (Argument::OptionalText, _) => return Ok(None),
        (_, found) => return Err(Refusal::syntax(found.map(Token::shown).unwrap_or_default())),
    };
    cursor.advance();
    Ok(Some(value))
}

fn switch(cursor: &mut Cursor) -> Option<String> {
    const VALUES: [&str; 5] = ["ON", "OFF", "TRUE", "FALSE", "PRESET"];
    let found = VALUES.into_iter().find(|value| cursor.peek().is_some_and(|t| t.is(value)))?;
    cursor.advance();
    Some(found.to_owned())
}

/// Refuses what is given twice, and what does not go with `format` (`CSV` or `PARQUET`).
pub fn check(given: &[Given], format: &str, stand: fn(&Parameter) -> Stand) -> Result<(), Refusal> {
    for (i, Given { parameter, .. }) in given.iter().enumerate() {
        if given[..i].iter().any(|earlier| earlier.parameter.name == parameter.name) {
            return Err(invalid(format!("conflicting or redundant options: {}", parameter.name)));
        }
        match stand(parameter) {
            Stand::Taken => {}
            Stand::Refused => {
                return Err(Refusal::unsupported(format!(
                    "{} argument is not supported for {format} based COPY",
                    parameter.name
                )));
            }
            Stand::NotModelled => {
                return Err(Refusal::not_modelled(format!(
                    "{} in COPY of {format}",
                    parameter.name
                )));
            }
        }
    }
    Ok(())
}
