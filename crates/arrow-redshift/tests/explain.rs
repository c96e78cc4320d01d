//! What is explained is what is sent: the same texts, ids and addresses too.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use arrow_redshift::sink::{Progress, Sink};
use futures::stream;
use redshift_local::{RedshiftLocal, config::Isolation};
use support::{Kind, batch, options, schema, sink, stand_in};
use tokio_util::sync::CancellationToken;

/// The loader's statements, where what the server shows of them is all of them.
fn sent(server: &RedshiftLocal) -> Vec<String> {
    let log = server.statements().all();
    let ours = log.into_iter().filter(|entry| entry.user == "loader");
    ours.map(|entry| entry.text.trim_end_matches(';').to_owned()).collect()
}

fn explained(sink: &Sink) -> Vec<String> {
    let steps = sink.explain().unwrap();
    steps.iter().flat_map(|step| step.statements.iter().map(ToString::to_string)).collect()
}

/// Figures that only a load has, and the attempt that its writers have in their labels.
fn without_figures(statements: Vec<String>) -> Vec<String> {
    let cut = |text: String| match text.split_once("'test job', ") {
        Some((head, tail)) => {
            let end = tail.find("GETDATE").unwrap();
            format!("{head}'test job', {}", &tail[end..])
        }
        None => text,
    };
    statements.into_iter().map(cut).map(without_attempts).collect()
}

fn without_attempts(text: String) -> String {
    const WRITER: &str = "/writer ";
    const DIGITS: usize = 32;
    let mut pieces = text.split(WRITER);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |shown, piece| {
        let digits = piece.bytes().take_while(u8::is_ascii_hexdigit).count();
        let rest = if digits == DIGITS { &piece[DIGITS..] } else { piece };
        shown + WRITER + rest
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn explained_statements_are_those_of_a_load() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let jdbc = ("sink.write.mode", "jdbc");
    let once = ("sink.delivery-guarantee", "exactly-once");
    for (number, (kind, more)) in [
        (Kind::Append, &[][..]),
        (Kind::Keyed, &[]),
        (Kind::Append, &[("sink.copy.format", "csv"), ("connection.statement-timeout", "5 min")]),
        (Kind::Keyed, &[("sink.copy.format", "csv"), ("sink.lock-target", "false")]),
        (Kind::Append, &[("aws.iam-role", "default")]),
        (Kind::Append, &[jdbc]),
        (Kind::Keyed, &[jdbc]),
        (Kind::Keyed, &[jdbc, ("sink.lock-target", "false")]),
        (Kind::Append, &[jdbc, once]),
        (Kind::Keyed, &[jdbc, once]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut options = options(&server, &format!("explained_{number}"));
        options.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let sink = sink(&options, schema(kind));
        let before = sent(&server).len();
        let expected = without_figures(explained(&sink));
        assert_eq!(sent(&server).len(), before, "nothing is sent to explain");

        // An INSERT is explained with one row.
        let rows = stream::iter([Ok(batch(&[(1, "a")]))]);
        let prepared = sink.prepare(&[]).await.unwrap();
        prepared.load(rows, &Progress::default(), &CancellationToken::new()).await.unwrap();
        let sent = without_figures(sent(&server)[before..].to_vec());
        for statement in &sent {
            assert!(expected.contains(statement), "not explained: {statement}\n{expected:#?}");
        }
        for statement in &expected {
            assert!(sent.contains(statement), "explained and not sent: {statement}\n{sent:#?}");
        }
        // What the order promises: the transaction.
        let begin = |of: &[String]| of.iter().rposition(|text| text == "BEGIN").unwrap();
        assert_eq!(sent[begin(&sent)..], expected[begin(&expected)..]);
    }
    server.stop().await.unwrap();
}

#[test]
fn what_is_shown_holds_no_secret() {
    let pairs = [
        ("hostname", "h"),
        ("username", "u"),
        ("password", "Sw0rdfish"),
        ("table-name", "shop.t"),
        ("sink.write.mode", "copy"),
        ("sink.write.temp.s3-uri", "s3://bkt/p"),
        ("sink.copy.credentials", "keys"),
        ("aws.credentials.provider.basic.accesskeyid", "id"),
        ("aws.credentials.provider.basic.secretkey", "Sw0rdfish"),
    ];
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let statements = explained(&sink(&pairs.collect(), schema(Kind::Keyed)));
    assert!(statements.iter().any(|text| text.contains("SECRET_ACCESS_KEY '…'")));
    assert!(statements.iter().any(|text| text.contains("\"shop\".\"t\"")));
    assert!(!statements.iter().any(|text| text.contains("Sw0rdfish")), "{statements:#?}");
}
