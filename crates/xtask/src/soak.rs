//! `cargo xtask soak`: the long campaigns.
//!
//! There are three kinds, which may be named: `core` are the tests that are `#[ignore]`d and have
//! `soak` in their name. Each reads `SOAK_SEED` and `SOAK_ROUNDS`, derives everything random from the
//! seed, and prints the seed of a round that fails. `slow` is the core's suites on stand-ins that are
//! as slow as a warehouse. `flink` kills processes of real clusters.

use anyhow::{Context, Result, bail, ensure};

use crate::{cargo::cargo, flink, needs, shell, test::Totals};

/// Rounds of each campaign unless told otherwise: about an hour on two cores.
const ROUNDS: u64 = 200;

/// A kind of campaign: its name, and what runs it with a seed and a number of rounds.
type Kind = (&'static str, fn(u64, u64) -> Result<()>);

const KINDS: &[Kind] = &[("core", core), ("slow", slow), ("flink", flink)];

/// What the campaigns are told.
#[derive(Debug, PartialEq, Eq)]
pub struct Campaign {
    /// The kinds to run; none means all.
    names: Vec<String>,
    seed: Option<u64>,
    rounds: u64,
    install: bool,
}

impl Campaign {
    /// Reads the names of kinds, `--seed N`, `--rounds N` and `--install`.
    pub fn parse(options: &[String]) -> Result<Campaign> {
        let mut campaign =
            Campaign { names: Vec::new(), seed: None, rounds: ROUNDS, install: false };
        let mut words = options.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--install" => campaign.install = true,
                "--seed" => campaign.seed = Some(number(word, words.next())?),
                "--rounds" => {
                    campaign.rounds = number(word, words.next())?;
                    ensure!(campaign.rounds > 0, "--rounds needs a number from 1");
                }
                name if KINDS.iter().any(|(known, _)| *known == name) => {
                    campaign.names.push(name.to_owned());
                }
                other => {
                    let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                    bail!("soak knows no `{other}`; its campaigns are: {}", known.join(", "));
                }
            }
        }
        Ok(campaign)
    }
}

fn number(option: &str, value: Option<&String>) -> Result<u64> {
    let value = value.with_context(|| format!("{option} needs a number"))?;
    value.parse().with_context(|| format!("{option} needs a number, not `{value}`"))
}

/// Runs the named campaigns, or all.
pub fn run(campaign: &Campaign) -> Result<()> {
    needs::provide(&flink::NEEDS, campaign.install)?;
    let seed = campaign.seed.map_or_else(random_seed, Ok)?;
    let rounds = campaign.rounds;
    for (name, kind) in KINDS {
        if campaign.names.is_empty() || campaign.names.iter().any(|named| named == name) {
            println!("\nagain with: cargo xtask soak {name} --seed {seed} --rounds {rounds}");
            kind(seed, rounds).with_context(|| format!("the campaign `{name}`, seed {seed}"))?;
        }
    }
    Ok(())
}

/// Every test that is a campaign; fails when there was none.
fn core(seed: u64, rounds: u64) -> Result<()> {
    let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "soak", "--"]);
    command
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env("SOAK_SEED", seed.to_string())
        .env("SOAK_ROUNDS", rounds.to_string());
    let (lines, succeeded) = shell::tee(&mut command)?;
    let totals = Totals::of(&lines);
    println!("\nseed {seed}, {rounds} rounds: {totals}");
    if !succeeded || totals.failed > 0 {
        bail!("a campaign failed; run it again with --seed {seed}");
    }
    if totals.passed == 0 {
        bail!("no campaign ran: none of the ignored tests has `soak` in its name");
    }
    Ok(())
}

/// Every suite of the core once on stand-ins that are as slow as a warehouse.
fn slow(_: u64, _: u64) -> Result<()> {
    let arguments = ["test", "--locked", "--no-fail-fast", "--package", "arrow-redshift"];
    let (lines, succeeded) = shell::tee(cargo(&arguments).env("REDSHIFT_LOCAL_LATENCY", "1"))?;
    let totals = Totals::of(&lines);
    println!("\non slow stand-ins: {totals}");
    if !succeeded || totals.passed == 0 {
        bail!("a suite failed on slow stand-ins");
    }
    Ok(())
}

/// Jobs on real clusters whose processes are killed.
fn flink(seed: u64, rounds: u64) -> Result<()> {
    println!("\n{}", flink::campaign(seed, rounds)?);
    Ok(())
}

fn random_seed() -> Result<u64> {
    use std::io::Read;
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("cannot draw a seed from /dev/urandom; give one with --seed")?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Campaign> {
        Campaign::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_and_wrong_ones_refused() {
        let campaign = parse(&["slow", "--seed", "7", "--rounds", "3", "--install"]).unwrap();
        let names = vec!["slow".to_owned()];
        assert_eq!(campaign, Campaign { names, seed: Some(7), rounds: 3, install: true });
        assert_eq!(parse(&[]).unwrap().rounds, ROUNDS);
        assert!(parse(&["--seed"]).is_err());
        assert!(parse(&["--seed", "x"]).is_err());
        assert!(parse(&["--round", "1"]).is_err());
        assert!(parse(&["--rounds", "0"]).is_err());
        assert!(parse(&["fast"]).unwrap_err().to_string().contains("core, slow, flink"));
    }
}
