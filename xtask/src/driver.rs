//! The published simulator in a process of its own, one request a line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What the driver needs.
pub struct Setting<'a> {
    /// Python with NumPy and PyTorch.
    pub python: &'a Path,
    /// Folder of the published simulator.
    pub reference: &'a Path,
    /// Base hardware file.
    pub config: &'a Path,
    /// Threads of PyTorch.
    pub threads: usize,
}

/// The running driver. It ends when this value is dropped.
pub struct Driver {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts the driver.
    pub fn start(setting: &Setting<'_>) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/driver.py");
        let mut child = Command::new(setting.python)
            .arg(script)
            .arg("serve-bench")
            .arg("--reference")
            .arg(setting.reference)
            .arg("--config")
            .arg(setting.config)
            .arg("--threads")
            .arg(setting.threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", setting.python.display()))?;
        let requests = child.stdin.take().context("the driver has no standard input")?;
        let answers = child.stdout.take().context("the driver has no standard output")?;
        Ok(Self { child, requests, answers: BufReader::new(answers) })
    }

    /// Asks one question; an error of the published simulator is an error here.
    pub fn ask(&mut self, request: &Value) -> Result<Value> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the driver ended; its messages are above");
        }
        let answer: Value = serde_json::from_str(&line)?;
        match answer.get("error") {
            Some(error) => bail!("the published simulator raised: {error}"),
            None => Ok(answer),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The driver ends when its input does; killing it makes that sure and is no loss.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
