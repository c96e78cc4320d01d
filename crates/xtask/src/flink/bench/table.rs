//! The table of what was measured, and the goals.

use super::{
    Effort,
    measure::Sample,
    sinks::{BINARY, OBJECTS, Sink, To},
};

/// The most CPU that the sink may take for a row beyond what a blackhole takes, in microseconds.
const EXTRA_CPU: f64 = 0.40;
/// The least part of a blackhole's rows that it has to take, at parallelism 2.
const OF_BLACKHOLE: f64 = 0.7;
/// How many times the rows of the filesystem sink as Parquet, and of the JDBC connector.
const TIMES_PARQUET: f64 = 3.0;
/// See [`TIMES_PARQUET`].
const TIMES_JDBC: f64 = 20.0;
/// How much memory may grow between the first and the last third of a measurement.
const GROWTH: f64 = 0.10;

/// Everything that was measured: sink, parallelism, and how it was.
type Samples<'a> = [(&'a Sink, usize, Sample)];

/// Prints medians and whether the goals are met.
pub fn print(samples: &Samples<'_>, effort: Effort) {
    println!(
        "\nMedians of {} rounds of {} s each. CPU is that of the whole TaskManager; S3 runs in another \
         process.\nThis sink stages at every checkpoint (10 s) and commits once a day: what Redshift \
         does is left out.\n",
        effort.rounds,
        effort.time.as_secs()
    );
    println!("{:<24} {:>11} {:>10} {:>10}", "sink", "parallelism", "M rows/s", "µs CPU/row");
    let mut seen: Vec<(&Sink, usize)> = Vec::new();
    for (sink, parallelism, _) in samples {
        if seen.iter().any(|(other, at)| other == sink && at == parallelism) {
            continue;
        }
        seen.push((sink, *parallelism));
        let is_it = |other: &Sink, at: usize| other == *sink && at == *parallelism;
        let (rows, cpu) = (median(samples, is_it, rows), median(samples, is_it, cpu));
        println!("{:<24} {parallelism:>11} {:>10.3} {cpu:>10.2}", sink.name, rows / 1e6);
    }
    println!();
    goals(samples).iter().for_each(|goal| println!("{goal}"));
}

fn rows(sample: &Sample) -> f64 {
    sample.rows_per_second
}

fn cpu(sample: &Sample) -> f64 {
    sample.cpu_per_row
}

/// The median of a figure over the samples that `wanted` picks; not a number when there are none.
fn median(
    samples: &Samples<'_>,
    wanted: impl Fn(&Sink, usize) -> bool,
    figure: impl Fn(&Sample) -> f64,
) -> f64 {
    let picked = samples.iter().filter(|(sink, at, _)| wanted(sink, *at));
    let mut figures: Vec<f64> = picked.map(|(.., sample)| figure(sample)).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn goals(samples: &Samples<'_>) -> Vec<String> {
    let of = |to: To, form: &'static str, parallelism: usize, figure: fn(&Sample) -> f64| {
        let is_it =
            |sink: &Sink, at: usize| sink.to == to && sink.rows == form && at == parallelism;
        median(samples, is_it, figure)
    };
    let mut goals = Vec::new();
    for form in [OBJECTS, BINARY] {
        for at in [1, 2] {
            let extra = of(To::Redshift, form, at, cpu) - of(To::Blackhole, form, at, cpu);
            let what = format!("{form}, parallelism {at}: CPU beyond a blackhole, µs a row");
            goals.push(at_most(&what, extra, EXTRA_CPU));
        }
        let part = of(To::Redshift, form, 2, rows) / of(To::Blackhole, form, 2, rows);
        goals.push(at_least(
            &format!("{form}, parallelism 2: part of a blackhole's rows"),
            part,
            OF_BLACKHOLE,
        ));
    }
    for at in [1, 2] {
        let times =
            of(To::Redshift, OBJECTS, at, rows) / of(To::Files("parquet"), OBJECTS, at, rows);
        goals.push(at_least(
            &format!("parallelism {at}: times the rows of Parquet files"),
            times,
            TIMES_PARQUET,
        ));
    }
    let times = of(To::Redshift, OBJECTS, 2, rows) / of(To::Jdbc, OBJECTS, 2, rows);
    goals.push(at_least("parallelism 2: times the rows of the JDBC connector", times, TIMES_JDBC));
    for (what, figure) in [("memory", memory_growth as fn(&Sample) -> f64), ("heap", heap_growth)] {
        let growth = median(samples, |sink, _| sink.to == To::Redshift, figure);
        goals.push(at_most(&format!("{what}: growth while it ran"), growth, GROWTH));
    }
    goals
}

fn memory_growth(sample: &Sample) -> f64 {
    sample.memory.1 / sample.memory.0 - 1.0
}

fn heap_growth(sample: &Sample) -> f64 {
    sample.heap.1 / sample.heap.0 - 1.0
}

fn at_most(what: &str, found: f64, limit: f64) -> String {
    line(what, found, &format!("at most {limit:.2}"), found <= limit)
}

fn at_least(what: &str, found: f64, limit: f64) -> String {
    line(what, found, &format!("at least {limit:.2}"), found >= limit)
}

fn line(what: &str, found: f64, goal: &str, met: bool) -> String {
    let verdict = match met {
        _ if found.is_nan() => "not measured",
        true => "met",
        false => "MISSED",
    };
    format!("{what}: {found:.2}; goal {goal}: {verdict}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flink::bench::sinks::SINKS;

    fn samples(this: f64) -> Vec<(&'static Sink, usize, Sample)> {
        let mut samples = Vec::new();
        for sink in &SINKS {
            for at in [1, 2] {
                let speed = match sink.to {
                    To::Blackhole => 2e6,
                    To::Redshift => this,
                    To::Files(_) => 4e5,
                    To::Jdbc | To::JdbcBare => 5e4,
                };
                let sample = Sample {
                    rows_per_second: speed,
                    cpu_per_row: 1e6 / speed,
                    memory: (1000.0, 1010.0),
                    heap: (100.0, 100.0),
                };
                samples.push((sink, at, sample));
            }
        }
        samples
    }

    #[test]
    fn goals_are_met_and_missed_by_the_figures() {
        assert!(goals(&samples(1.5e6)).iter().all(|goal| goal.ends_with(": met")));
        let slow = goals(&samples(1e6));
        assert_eq!(slow.iter().filter(|goal| goal.ends_with("MISSED")).count(), 8, "{slow:#?}");
        assert!(goals(&[]).iter().all(|goal| goal.ends_with(": not measured")));
    }

    #[test]
    fn the_median_is_the_middle_one() {
        let mut samples = samples(1.0);
        for speed in [9.0, 5.0] {
            let (sink, _, mut sample) = samples[0];
            sample.rows_per_second = speed;
            samples.push((sink, 1, sample));
        }
        let blackhole = |sink: &Sink, at: usize| *sink == SINKS[0] && at == 1;
        assert_eq!(median(&samples, blackhole, rows), 9.0);
    }
}
