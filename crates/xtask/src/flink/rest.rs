//! What is asked of a cluster over its REST interface, on loopback.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A cluster's REST interface.
#[derive(Debug, Clone, Copy)]
pub struct Rest {
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Rest {
    /// Task slots that have registered.
    pub fn slots(self) -> Result<u64> {
        let overview = self.ask("/overview")?;
        overview["slots-total"].as_u64().context("the overview tells no slots")
    }

    /// Names of the TaskManagers that run something.
    pub fn busy_task_managers(self) -> Result<Vec<String>> {
        let answer = self.ask("/taskmanagers")?;
        let all = answer["taskmanagers"].as_array().context("the answer lists no TaskManagers")?;
        let busy = all.iter().filter(|one| one["freeSlots"].as_u64() < one["slotsNumber"].as_u64());
        Ok(busy.filter_map(|one| one["id"].as_str().map(str::to_owned)).collect())
    }

    /// Every job: its id, its name and its state.
    pub fn jobs(self) -> Result<Vec<Job>> {
        let answer = self.ask("/jobs/overview")?;
        let jobs = answer["jobs"].as_array().context("the answer lists no jobs")?;
        let text = |job: &Value, key: &str| job[key].as_str().unwrap_or_default().to_owned();
        Ok(jobs
            .iter()
            .map(|job| Job {
                id: text(job, "jid"),
                name: text(job, "name"),
                state: text(job, "state"),
            })
            .collect())
    }

    /// Whether every subtask of a job runs.
    pub fn is_running(self, job: &str) -> Result<bool> {
        let answer = self.ask(&format!("/jobs/{job}"))?;
        let vertices = answer["vertices"].as_array().context("the answer lists no vertices")?;
        Ok(answer["state"] == "RUNNING"
            && vertices.iter().all(|vertex| vertex["status"] == "RUNNING"))
    }

    /// How often a job has begun anew: once for each failure in its history, which is kept when the
    /// job has ended. (Its metrics are not: `numRestarts` may be gone, or never have been fetched.)
    /// Tries for which there were no slots do not count.
    pub fn restarts(self, job: &str) -> Result<u64> {
        let answer = self.ask(&format!("/jobs/{job}/exceptions"))?;
        let history = answer["exceptionHistory"]["entries"].as_array();
        let history = history.context("the answer has no history of failures")?;
        let tried = |entry: &&Value| {
            let name = entry["exceptionName"].as_str().unwrap_or_default();
            !name.ends_with("NoResourceAvailableException")
        };
        Ok(history.iter().filter(tried).count() as u64)
    }

    /// How often a job was restored from a checkpoint, as the present JobManager knows.
    pub fn restored(self, job: &str) -> Result<u64> {
        let answer = self.ask(&format!("/jobs/{job}/checkpoints"))?;
        answer["counts"]["restored"].as_u64().context("the answer counts no restored checkpoints")
    }

    /// Checkpoints of a job that were completed, as the present JobManager knows.
    pub fn checkpoints(self, job: &str) -> Result<u64> {
        let answer = self.ask(&format!("/jobs/{job}/checkpoints"))?;
        answer["counts"]["completed"].as_u64().context("the answer counts no checkpoints")
    }

    /// Why a job failed last, as Flink tells it.
    pub fn failure(self, job: &str) -> Result<String> {
        let answer = self.ask(&format!("/jobs/{job}/exceptions"))?;
        Ok(answer["root-exception"].as_str().unwrap_or("no reason was given").to_owned())
    }

    /// One request and its JSON answer.
    pub fn ask(self, path: &str) -> Result<Value> {
        let answered = || -> Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            let head = "HTTP/1.1\r\nHost: localhost\r\nConnection: close";
            write!(stream, "GET {path} {head}\r\n\r\n")?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            body(&String::from_utf8_lossy(&answer)).map(str::to_owned)
        };
        let asked = || format!("GET {path} on port {}", self.port);
        let text = answered().with_context(asked)?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(asked)
    }
}

/// A job as the overview lists it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Flink's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `FINISHED`, `RESTARTING`, …
    pub state: String,
}

/// The body of a complete HTTP answer, if its status says that all is well.
fn body(answer: &str) -> Result<&str> {
    let (head, body) = answer.split_once("\r\n\r\n").context("it is no HTTP answer")?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("status {status}: {body}");
    }
    if head.to_lowercase().contains("transfer-encoding: chunked") {
        bail!("the answer came in chunks, which nobody asked for");
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_answer_has_a_body() {
        assert_eq!(body("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap(), "{}");
        assert_eq!(body("HTTP/1.1 202 Accepted\r\n\r\n").unwrap(), "");
        let error = body("HTTP/1.1 404 Not Found\r\n\r\nno such job").unwrap_err().to_string();
        assert!(error.contains("404") && error.contains("no such job"), "{error}");
        assert!(body("garbage").is_err());
        assert!(body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2").is_err());
    }
}
