//! Reading the table of a measured device.

use std::collections::BTreeMap;
use std::fmt;

use super::MeasuredLevel;
use super::fit::moments;

/// Levels beyond the digits of the widest cell.
const MOST_LEVELS: usize = 4096;
/// Problems that are listed one by one.
const MOST_PROBLEMS: usize = 20;

/// One problem of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredProblem {
    /// Line of the text, from 1.
    pub line: u64,
    /// What is wrong there and what to do.
    pub what: String,
}

/// All problems of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredError {
    /// The first problems, in the order of their lines.
    pub problems: Vec<MeasuredProblem>,
    /// Further problems.
    pub more: usize,
}

impl MeasuredError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "give a heading `level,mean,deviation`, `level,mean,deviation_low,deviation_high` or \
         `level,conductance` and finite conductances, levels from 0 for the high-resistance state"
    }
}

impl std::error::Error for MeasuredError {}

impl fmt::Display for MeasuredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}line {}: {}", problem.line, problem.what)?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// Where the columns of each form are.
#[derive(Clone, Copy)]
enum Columns {
    Summary { mean: usize, low: usize, high: usize },
    Samples { conductance: usize },
}

struct Reader {
    columns: Columns,
    level: usize,
    count: usize,
    problems: Vec<MeasuredProblem>,
    /// By level: the line where it first is, and its values.
    levels: BTreeMap<usize, (u64, MeasuredLevel)>,
}

/// The levels of a table.
pub(super) fn read(text: &[u8]) -> Result<Vec<MeasuredLevel>, MeasuredError> {
    let mut lines = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text);
    let heading = match lines.headers() {
        Ok(heading) => heading.clone(),
        Err(error) => return Err(only(1, format!("the heading cannot be read: {error}"))),
    };
    let line = heading.position().map_or(1, csv::Position::line);
    let mut reader = Reader::new(&heading).map_err(|what| only(line, what))?;
    for record in lines.records() {
        match record {
            Ok(record) => reader.line(&record),
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                reader.problem(line, format!("the line cannot be read: {error}"));
            }
        }
    }
    reader.finish()
}

fn only(line: u64, what: String) -> MeasuredError {
    MeasuredError { problems: vec![MeasuredProblem { line, what }], more: 0 }
}

impl Reader {
    fn new(heading: &csv::StringRecord) -> Result<Self, String> {
        let find = |name: &str| heading.iter().position(|column| column.eq_ignore_ascii_case(name));
        let missing = |name: &str| {
            let found = heading.iter().collect::<Vec<_>>().join(",");
            format!("the heading `{found}` has no column `{name}`")
        };
        let level = find("level").ok_or_else(|| missing("level"))?;
        let columns = match (find("conductance"), find("mean")) {
            (Some(conductance), None) => Columns::Samples { conductance },
            (Some(_), Some(_)) => {
                return Err("the heading has both `conductance` and `mean`: give one".to_owned());
            }
            (None, None) => return Err(missing("mean")),
            (None, Some(mean)) => {
                let both = find("deviation");
                let low = find("deviation_low").or(both).ok_or_else(|| missing("deviation"))?;
                let high = find("deviation_high").or(both).ok_or_else(|| missing("deviation"))?;
                Columns::Summary { mean, low, high }
            }
        };
        let (count, problems, levels) = (heading.len(), Vec::new(), BTreeMap::new());
        Ok(Self { columns, level, count, problems, levels })
    }

    fn problem(&mut self, line: u64, what: String) {
        self.problems.push(MeasuredProblem { line, what });
    }

    fn line(&mut self, record: &csv::StringRecord) {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != self.count {
            let (found, expected) = (record.len(), self.count);
            self.problem(line, format!("{found} values under a heading of {expected}"));
            return;
        }
        let before = self.problems.len();
        let level = match record[self.level].parse::<usize>() {
            Ok(level) if level < MOST_LEVELS => level,
            Ok(_) | Err(_) => {
                let found = &record[self.level];
                self.problem(line, format!("level `{found}` is no whole number from 0 on"));
                0
            }
        };
        let columns = self.columns;
        let mut number = |column: usize, what: &str| -> f64 {
            match record[column].parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => value,
                Ok(_) | Err(_) => {
                    let found = &record[column];
                    self.problem(line, format!("{what} `{found}` is no finite number from 0 on"));
                    0.0
                }
            }
        };
        match columns {
            Columns::Summary { mean, low, high } => {
                let (mean, deviation_low) =
                    (number(mean, "the mean"), number(low, "the deviation"));
                let deviation_high =
                    if low == high { deviation_low } else { number(high, "the deviation above") };
                let samples = Vec::new();
                let measured = MeasuredLevel { mean, deviation_low, deviation_high, samples };
                if self.problems.len() > before {
                    return;
                }
                if let Some((first, _)) = self.levels.get(&level) {
                    let what = format!("level {level} was given in line {first} already");
                    self.problem(line, what);
                    return;
                }
                self.levels.insert(level, (line, measured));
            }
            Columns::Samples { conductance } => {
                let value = number(conductance, "the conductance");
                if self.problems.len() == before {
                    let empty = MeasuredLevel {
                        mean: 0.0,
                        deviation_low: 0.0,
                        deviation_high: 0.0,
                        samples: Vec::new(),
                    };
                    self.levels.entry(level).or_insert((line, empty)).1.samples.push(value);
                }
            }
        }
    }

    fn finish(mut self) -> Result<Vec<MeasuredLevel>, MeasuredError> {
        let mut levels = std::mem::take(&mut self.levels);
        if let Columns::Samples { .. } = self.columns {
            for (level, (line, measured)) in &mut levels {
                if measured.samples.len() < 2 {
                    let what = format!("level {level} has one cell only; a deviation takes two");
                    self.problem(*line, what);
                }
                measured.samples.sort_by(f64::total_cmp);
                let (mean, deviation) = moments(&measured.samples);
                measured.mean = mean;
                (measured.deviation_low, measured.deviation_high) = (deviation, deviation);
            }
        }
        self.check(&levels);
        if self.problems.is_empty() {
            return Ok(levels.into_values().map(|(_, measured)| measured).collect());
        }
        self.problems.sort_by_key(|problem| problem.line);
        let more = self.problems.len().saturating_sub(MOST_PROBLEMS);
        self.problems.truncate(MOST_PROBLEMS);
        Err(MeasuredError { problems: self.problems, more })
    }

    /// Levels must be complete and their means rise. Gaps are not looked for where lines failed.
    fn check(&mut self, levels: &BTreeMap<usize, (u64, MeasuredLevel)>) {
        if !self.problems.is_empty() {
            return;
        }
        if levels.len() < 2 {
            let line = levels.values().next().map_or(1, |(line, _)| *line);
            self.problem(line, format!("{} levels; a cell needs two", levels.len()));
        }
        let mut before: Option<(usize, f64)> = None;
        for (&level, (line, measured)) in levels {
            let expected = before.map_or(0, |(level, _)| level + 1);
            if level != expected {
                self.problem(*line, format!("level {expected} is missing before level {level}"));
            }
            if let Some((previous, mean)) = before.filter(|(_, mean)| *mean >= measured.mean) {
                let mine = measured.mean;
                let what = format!(
                    "level {level} conducts {mine}, not better than level {previous} with {mean}"
                );
                self.problem(*line, what);
            }
            before = Some((level, measured.mean));
        }
    }
}
