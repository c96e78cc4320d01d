//! `cargo xtask soak`: the long campaigns.
//!
//! A campaign is a test that is `#[ignore]`d and has `soak` in its name. It reads `SOAK_SEED` and
//! `SOAK_ROUNDS`, derives everything random from the seed, and prints the seed of a round that fails.

use anyhow::{Context, Result, bail};

use crate::{cargo::cargo, flink, needs, shell, test::Totals};

/// Rounds of each campaign unless told otherwise: about an hour on two cores.
const ROUNDS: u64 = 200;

/// What the campaigns are told.
#[derive(Debug, PartialEq, Eq)]
pub struct Campaign {
    seed: Option<u64>,
    rounds: u64,
    install: bool,
}

impl Campaign {
    /// Reads `--seed N`, `--rounds N` and `--install`.
    pub fn parse(options: &[String]) -> Result<Campaign> {
        let mut campaign = Campaign { seed: None, rounds: ROUNDS, install: false };
        let mut words = options.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--install" => campaign.install = true,
                "--seed" => campaign.seed = Some(number(word, words.next())?),
                "--rounds" => campaign.rounds = number(word, words.next())?,
                other => bail!("soak knows no option `{other}`"),
            }
        }
        Ok(campaign)
    }
}

fn number(option: &str, value: Option<&String>) -> Result<u64> {
    let value = value.with_context(|| format!("{option} needs a number"))?;
    value.parse().with_context(|| format!("{option} needs a number, not `{value}`"))
}

/// Runs every campaign, and fails when there was none.
pub fn run(campaign: &Campaign) -> Result<()> {
    needs::provide(&flink::NEEDS, campaign.install)?;
    let seed = campaign.seed.map_or_else(random_seed, Ok)?;
    println!("again with: cargo xtask soak --seed {seed} --rounds {}", campaign.rounds);
    let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "soak", "--"]);
    command
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env("SOAK_SEED", seed.to_string())
        .env("SOAK_ROUNDS", campaign.rounds.to_string());
    let (lines, succeeded) = shell::tee(&mut command)?;
    let totals = Totals::of(&lines);
    println!("\nseed {seed}, {} rounds: {totals}", campaign.rounds);
    if !succeeded || totals.failed > 0 {
        bail!("a campaign failed; run it again with --seed {seed}");
    }
    if totals.passed == 0 {
        bail!("no campaign ran: none of the ignored tests has `soak` in its name");
    }
    slowly()?;
    println!("\n{}", flink::campaign(seed, campaign.rounds)?);
    Ok(())
}

/// Every suite of the core once on stand-ins that are as slow as a warehouse.
fn slowly() -> Result<()> {
    let arguments = ["test", "--locked", "--no-fail-fast", "--package", "arrow-redshift"];
    let (lines, succeeded) = shell::tee(cargo(&arguments).env("REDSHIFT_LOCAL_LATENCY", "1"))?;
    let totals = Totals::of(&lines);
    println!("\non slow stand-ins: {totals}");
    if !succeeded || totals.passed == 0 {
        bail!("a suite failed on slow stand-ins");
    }
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
        let campaign = parse(&["--seed", "7", "--rounds", "3", "--install"]).unwrap();
        assert_eq!(campaign, Campaign { seed: Some(7), rounds: 3, install: true });
        assert_eq!(parse(&[]).unwrap().rounds, ROUNDS);
        assert!(parse(&["--seed"]).is_err());
        assert!(parse(&["--seed", "x"]).is_err());
        assert!(parse(&["--round", "1"]).is_err());
    }
}
