//! Transactions, settings, LOCK, TRUNCATE, cursors and CANCEL.

use super::{
    action::{Action, Refusal},
    check::{self, Check},
    modelled::{self, Keeper},
    names, show, statement,
    token::{Kind, Token},
    words::Words,
};

/// Reads what follows BEGIN or START TRANSACTION. All four level names are accepted, and the
/// database's own level counts.
pub(crate) fn begin(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let mut read_only = false;
    loop {
        if words.take(&["isolation", "level"]) {
            let level = [
                &["read", "uncommitted"][..],
                &["read", "committed"],
                &["repeatable", "read"],
                &["serializable"],
                &["snapshot"],
            ];
            if !level.into_iter().any(|level| words.take(level)) {
                return Err(words.unexpected());
            }
        } else if words.take(&["read", "only"]) {
            read_only = true;
        } else if words.take(&["read", "write"]) {
            read_only = false;
        } else {
            break;
        }
        words.take_symbol(",");
    }
    words.end()?;
    Ok(Action::Begin { read_only })
}

/// Reads what follows COMMIT, END, ROLLBACK or ABORT.
pub(crate) fn ends(words: &mut Words<'_>, action: Action) -> Result<Action, Refusal> {
    if words.sees(&["prepared"]) {
        return Err(Refusal::unsupported("two-phase commit is not supported"));
    }
    if words.sees(&["to"]) {
        return Err(savepoint());
    }
    if !words.take(&["work"]) {
        words.take(&["transaction"]);
    }
    if words.sees(&["to"]) {
        return Err(savepoint());
    }
    words.end()?;
    Ok(action)
}

/// Savepoints, which Redshift lacks.
pub(crate) fn savepoint() -> Refusal {
    Refusal::unsupported("SQL command \"SAVEPOINT\" not supported.")
}

/// Reads what follows LOCK.
pub(crate) fn lock(words: &mut Words<'_>) -> Result<Action, Refusal> {
    words.take(&["table"]);
    let tables = words.relations()?;
    words.end()?;
    for table in &tables {
        check::user_table(table)?;
    }
    Ok(Action::Lock { tables })
}

/// Reads what follows TRUNCATE.
pub(crate) fn truncate(words: &mut Words<'_>) -> Result<Action, Refusal> {
    words.take(&["table"]);
    let target = words.relation()?;
    words.end()?;
    check::user_table(&target)?;
    Ok(Action::Truncate { sql: format!("TRUNCATE {}", names::quote_relation(&target)), target })
}

/// Reads what follows CANCEL.
pub(crate) fn cancel(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let pid = words.integer()?;
    if !words.is_at_end() {
        words.text()?;
    }
    words.end()?;
    let pid = i32::try_from(pid).map_err(|_| Refusal::new("22003", "process id out of range"))?;
    Ok(Action::Cancel { pid })
}

/// Reads what follows SET.
pub(crate) fn set(words: &mut Words<'_>) -> Result<Action, Refusal> {
    if words.take(&["session", "characteristics"]) || words.sees(&["transaction"]) {
        return Err(Refusal::not_modelled("SET TRANSACTION"));
    }
    if words.sees(&["session", "authorization"]) || words.sees(&["local"]) {
        return Err(Refusal::not_modelled("this form of SET"));
    }
    words.take(&["session"]);
    let name = match words.take(&["time", "zone"]) {
        true => "timezone".to_owned(),
        false => {
            let name = words.name()?;
            if !words.take(&["to"]) {
                words.expect_symbol("=")?;
            }
            name
        }
    };
    let Some(keeper) = modelled::setting(&name) else { return Err(show::unknown_setting(&name)) };
    if words.take(&["default"]) {
        words.end()?;
        return Ok(reset_to(name, keeper));
    }
    let mut values = vec![value(words)?];
    while words.take_symbol(",") {
        values.push(value(words)?);
    }
    words.end()?;
    let sql = (keeper == Keeper::PostgreSql).then(|| {
        let values: Vec<_> = values.iter().map(|value| names::literal(value)).collect();
        format!("SET {name} TO {}", values.join(", "))
    });
    Ok(Action::Set { name, value: Some(values.join(", ")), sql })
}

/// Reads what follows RESET.
pub(crate) fn reset(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let name = if words.take(&["time", "zone"]) { "timezone".to_owned() } else { words.name()? };
    words.end()?;
    match modelled::setting(&name) {
        Some(keeper) => Ok(reset_to(name, keeper)),
        None => Err(show::unknown_setting(&name)),
    }
}

fn reset_to(name: String, keeper: Keeper) -> Action {
    let sql = (keeper == Keeper::PostgreSql).then(|| format!("RESET {name}"));
    Action::Set { name, value: None, sql }
}

/// A setting's value: a word, a string or a number.
fn value(words: &mut Words<'_>) -> Result<String, Refusal> {
    let negative = words.take_symbol("-");
    let value = match words.peek().map(|token| &token.kind) {
        Some(Kind::Word(word)) if !negative => word.to_ascii_lowercase(),
        Some(Kind::Quoted(name)) if !negative => name.clone(),
        Some(Kind::Text(text)) if !negative => text.clone(),
        Some(Kind::Number(digits)) if negative => format!("-{digits}"),
        Some(Kind::Number(digits)) => digits.clone(),
        _ => return Err(words.unexpected()),
    };
    words.at += 1;
    Ok(value)
}

/// Reads what follows DECLARE: a cursor.
pub(crate) fn declare(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let name = words.name()?;
    if ["binary", "insensitive", "no", "scroll"].into_iter().any(|word| words.sees(&[word])) {
        return Err(words.unexpected());
    }
    words.expect("cursor")?;
    if words.sees(&["with"]) || words.sees(&["without"]) {
        return Err(words.unexpected());
    }
    words.expect("for")?;
    let mut check = Check::new(words.settings);
    let query = statement::query(&mut check, words.rest())?;
    check.settle(false)?;
    let leader_only = check.reads.is_empty();
    let sql = format!("DECLARE {} NO SCROLL CURSOR FOR {query}", names::quote(&name));
    Ok(Action::Query { sql, reads: check.reads, leader_only })
}

/// Reads what follows FETCH.
pub(crate) fn fetch(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let how = if words.take(&["next"]) {
        "NEXT".to_owned()
    } else if words.take(&["all"]) || words.take(&["forward", "all"]) {
        "ALL".to_owned()
    } else if words.take(&["forward"]) || is_number(words) {
        match is_number(words) {
            true => format!("FORWARD {}", words.integer()?),
            false => "FORWARD 1".to_owned(),
        }
    } else if ["backward", "prior", "first", "last", "absolute", "relative"]
        .into_iter()
        .any(|word| words.sees(&[word]))
    {
        return Err(Refusal::unsupported("cursors can be read forward only"));
    } else {
        "NEXT".to_owned()
    };
    if !words.take(&["from"]) {
        words.take(&["in"]);
    }
    let name = words.name()?;
    words.end()?;
    let sql = format!("FETCH {how} FROM {}", names::quote(&name));
    Ok(Action::Query { sql, reads: Vec::new(), leader_only: true })
}

fn is_number(words: &Words<'_>) -> bool {
    matches!(words.peek(), Some(Token { kind: Kind::Number(_), .. }))
}

/// Reads what follows CLOSE.
pub(crate) fn close(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let name = words.name()?;
    words.end()?;
    let sql = format!("CLOSE {}", names::quote(&name));
    Ok(Action::Query { sql, reads: Vec::new(), leader_only: true })
}
