//! Reads PostgreSQL's binary COPY format back, as text.

use redshift_local::copy::target::{ColumnType, TargetColumn};

/// One row: `None` is NULL.
pub type Row = Vec<Option<String>>;

/// Rows of a whole binary COPY stream whose columns are `columns`.
pub fn rows(stream: &[u8], columns: &[TargetColumn]) -> Vec<Row> {
    let mut rest = stream.strip_prefix(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0").expect("header");
    let mut rows = Vec::new();
    loop {
        let fields = i16::from_be_bytes(take(&mut rest));
        if fields == -1 {
            assert!(rest.is_empty(), "bytes after the trailer");
            return rows;
        }
        assert_eq!(fields as usize, columns.len());
        rows.push(columns.iter().map(|column| field(&mut rest, column.data_type)).collect());
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (head, tail) = rest.split_first_chunk().expect("more bytes");
    *rest = tail;
    *head
}

fn field(rest: &mut &[u8], data_type: ColumnType) -> Option<String> {
    let length = i32::from_be_bytes(take(rest));
    if length == -1 {
        return None;
    }
    let (value, tail) = rest.split_at(length as usize);
    *rest = tail;
    Some(show(value, data_type))
}

fn show(mut value: &[u8], data_type: ColumnType) -> String {
    let rest = &mut value;
    let text = match data_type {
        ColumnType::Boolean => (take::<1>(rest)[0] == 1).to_string(),
        ColumnType::SmallInt => i16::from_be_bytes(take(rest)).to_string(),
        ColumnType::Integer => i32::from_be_bytes(take(rest)).to_string(),
        ColumnType::BigInt => i64::from_be_bytes(take(rest)).to_string(),
        ColumnType::Real => f32::from_be_bytes(take(rest)).to_string(),
        ColumnType::Double => f64::from_be_bytes(take(rest)).to_string(),
        ColumnType::Decimal(..) => numeric(rest),
        ColumnType::Char(_)
        | ColumnType::VarChar(_)
        | ColumnType::VarByte(_)
        | ColumnType::Super => {
            return String::from_utf8(value.to_vec()).expect("UTF-8");
        }
        ColumnType::Date => {
            let day = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");
            let days = i64::from(i32::from_be_bytes(take(rest)));
            (day + chrono::TimeDelta::days(days)).to_string()
        }
        ColumnType::Time => panic!("nothing loads into TIME"),
        ColumnType::Timestamp | ColumnType::TimestampTz => {
            let micros = i64::from_be_bytes(take(rest)) + 946_684_800_000_000;
            let time = chrono::DateTime::from_timestamp_micros(micros).expect("a time");
            time.naive_utc().format("%Y-%m-%d %H:%M:%S%.6f").to_string()
        }
    };
    assert!(rest.is_empty(), "a field of another width");
    text
}

/// PostgreSQL's numeric: digits of base 10,000, the first with weight 10,000^weight.
fn numeric(rest: &mut &[u8]) -> String {
    let count = i16::from_be_bytes(take(rest));
    let weight = i16::from_be_bytes(take(rest));
    let sign = u16::from_be_bytes(take(rest));
    let scale = usize::from(u16::from_be_bytes(take(rest)));
    let digits: Vec<i16> = (0..count).map(|_| i16::from_be_bytes(take(rest))).collect();
    let at = |power: i16| {
        let i = weight - power;
        usize::try_from(i).ok().and_then(|i| digits.get(i)).copied().unwrap_or(0)
    };
    let whole: String =
        (0..=weight.max(0)).rev().map(|power| format!("{:04}", at(power))).collect();
    let fraction: String = (1..=10).map(|power| format!("{:04}", at(-power))).collect();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let sign = if sign == 0x4000 { "-" } else { "" };
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{}", &fraction[..scale])
}
