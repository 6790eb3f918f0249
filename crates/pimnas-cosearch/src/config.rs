//! The configuration of a search, as it is written.

use std::time::Duration;

use pimnas_search::search::{Budget, Constraint, GoalError, Objective, Stagnation};
use pimnas_search::{controllers, spaces};
use pimnas_suggest as suggest;
use serde::{Deserialize, Serialize};
use toml::de::DeTable;
use toml::{Table, Value};

/// What to search, for what and how long. Written in TOML with these names; what is not given has
/// the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// A shipped space, or a file.
    pub space: String,
    /// What is improved (see [`Objective`]).
    pub objectives: Vec<String>,
    /// Bounds, such as `area_mm2 <= 50`.
    pub constraints: Vec<String>,
    /// Name of a controller.
    pub controller: String,
    /// Seed.
    pub seed: u64,
    /// Trials that are proposed at once.
    pub batch: usize,
    /// What may be spent.
    pub budget: BudgetConfig,
    /// The hardware under the candidates' decisions.
    pub hardware: HardwareConfig,
    /// Where accuracy comes from.
    pub accuracy: AccuracyConfig,
}

/// What may be spent; the first limit that is reached ends the search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// Trials.
    pub evaluations: usize,
    /// Time, such as `90s`, `10m` or `1h30m`.
    pub time: Option<String>,
    /// Trials in a row without progress.
    pub stagnation: Option<usize>,
    /// Growth of the hypervolume, as a share of it, that counts as progress.
    pub growth: f64,
}

/// The hardware under the candidates' decisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HardwareConfig {
    /// A SimConfig.ini or TOML file; the embedded default without it.
    pub config: Option<String>,
    /// Changes to it, such as `Crossbar level/Xbar_Size=128,128`.
    pub set: Vec<String>,
    /// The reference's numbers, or those with its defects corrected.
    pub fidelity: FidelityName,
}

/// Which numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FidelityName {
    /// The reference's, defects included.
    #[default]
    Reference,
    /// Every known defect corrected.
    Corrected,
}

/// Where accuracy comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccuracyConfig {
    /// A table of rollouts. Without it, accuracies that are named come from a super net.
    pub table: Option<String>,
    /// The space that the table's rows are rollouts of; the searched space without it.
    pub table_space: Option<String>,
    /// Whether a predictor ends what it takes for dominated.
    pub predictor: PredictorName,
    /// Folder of a trained super net; without it, one is trained in the run's folder.
    pub supernet: Option<String>,
    /// Settings of its training (TOML); the default ones without it.
    pub training: Option<String>,
    /// Folder of the data set; the embedded sample without it.
    pub data: Option<String>,
    /// Training images at most, those that are kept apart included.
    pub limit: Option<usize>,
    /// Training images that are kept apart to judge candidates.
    pub validation: usize,
    /// Of the candidates of a batch, one in that many goes on from one-shot accuracy to dearer ones.
    pub one_in: usize,
    /// Whether a search begins with the super net's largest and smallest network, each on the first
    /// and the last choices of the hardware.
    pub edges: bool,
    /// Draws of non-ideal cells, where an accuracy under noise is asked for.
    pub draws: u32,
}

impl Default for AccuracyConfig {
    fn default() -> Self {
        Self {
            table: None,
            table_space: None,
            predictor: PredictorName::None,
            supernet: None,
            training: None,
            data: None,
            limit: None,
            validation: 1000,
            one_in: 2,
            edges: true,
            draws: 8,
        }
    }
}

/// Which predictor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictorName {
    /// None.
    #[default]
    None,
    /// A random forest.
    Forest,
}

impl Default for SearchConfig {
    fn default() -> Self {
        let objectives = ["crossbar_accuracy", "latency_ms", "energy_mJ", "area_mm2"];
        Self {
            space: spaces::NAMES[0].to_owned(),
            objectives: objectives.map(str::to_owned).to_vec(),
            constraints: Vec::new(),
            controller: "esapp".to_owned(),
            seed: 0,
            batch: 16,
            budget: BudgetConfig::default(),
            hardware: HardwareConfig::default(),
            accuracy: AccuracyConfig::default(),
        }
    }
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { evaluations: 200, time: None, stagnation: None, growth: 0.001 }
    }
}

/// A problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// What is wrong, with the key.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl ConfigProblem {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// What a configuration means, as far as that can be told without files.
#[derive(Clone, Debug, PartialEq)]
pub struct Meant {
    /// What is improved.
    pub objectives: Vec<Objective>,
    /// Bounds.
    pub constraints: Vec<Constraint>,
    /// What may be spent.
    pub budget: Budget,
}

/// Tables of the configuration and their keys.
const KEYS: [(&str, &[&str]); 4] = [
    (
        "",
        &[
            "space",
            "objectives",
            "constraints",
            "controller",
            "seed",
            "batch",
            "budget",
            "hardware",
            "accuracy",
        ],
    ),
    ("budget", &["evaluations", "time", "stagnation", "growth"]),
    ("hardware", &["config", "set", "fidelity"]),
    (
        "accuracy",
        &[
            "table",
            "table_space",
            "predictor",
            "supernet",
            "training",
            "data",
            "limit",
            "validation",
            "one_in",
            "edges",
            "draws",
        ],
    ),
];

impl SearchConfig {
    /// Reads TOML.
    ///
    /// # Errors
    /// What is no TOML; otherwise every unknown key and every value of another kind than its key's,
    /// each with its line.
    pub fn from_toml(text: &str) -> Result<Self, Vec<ConfigProblem>> {
        const HINT: &str = "correct this line; docs/SEARCH.md has an example";
        let wrong =
            |error: toml::de::Error| vec![ConfigProblem::new(error.to_string().trim_end(), HINT)];
        let document = DeTable::parse(text).map_err(wrong)?;
        let table: Table = text.parse().map_err(wrong)?;
        let mut problems = Vec::new();
        for (section, known) in KEYS {
            let (inner, keys) = match section {
                "" => (Some(&table), Some(document.get_ref())),
                _ => (
                    table.get(section).and_then(Value::as_table),
                    document.get_ref().get(section).and_then(|value| value.get_ref().as_table()),
                ),
            };
            for (key, value) in inner.into_iter().flatten() {
                let spans = keys.into_iter().flat_map(DeTable::keys);
                let place =
                    spans.filter(|name| name.get_ref() == key).map(|name| name.span().start);
                let line = place.map(|place| 1 + text[..place].matches('\n').count()).next();
                let mut said = |message: &str, hint: &str| {
                    let at = line.map(|line| format!("line {line}: ")).unwrap_or_default();
                    problems.push((line, ConfigProblem::new(at + message, hint)));
                };
                let dot = if section.is_empty() { "" } else { "." };
                let name = format!("`{section}{dot}{}`", suggest::shown(key));
                if !known.contains(&key.as_str()) {
                    let hint = suggest::hint(key, known.iter().copied());
                    said(&format!("there is no key {name}"), &hint);
                } else if let Some((_, keys)) =
                    KEYS.iter().find(|(of, _)| section.is_empty() && of == key)
                {
                    if !value.is_table() {
                        let hint = format!("write [{key}] and below it any of {}", keys.join(", "));
                        said(&format!("{name} is a table, not a value"), &hint);
                    }
                } else {
                    // Alone, as a text that is read whole ends at its first bad value.
                    let alone = Table::from_iter([(key.clone(), value.clone())]);
                    let alone = match section {
                        "" => alone,
                        _ => Table::from_iter([(section.to_owned(), Value::Table(alone))]),
                    };
                    if let Err(error) = alone.try_into::<Self>() {
                        said(&format!("{name}: {}", error.message()), HINT);
                    }
                }
            }
        }
        if problems.is_empty() {
            return table.try_into().map_err(wrong);
        }
        problems.sort_by_key(|(line, _)| *line);
        Err(problems.into_iter().map(|(_, problem)| problem).collect())
    }

    /// What it means.
    ///
    /// # Errors
    /// Every value that means nothing.
    pub fn meant(&self) -> Result<Meant, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        let mut said = |error: &GoalError| {
            problems.push(ConfigProblem::new(error.to_string(), error.hint()));
        };
        let mut objectives = Vec::new();
        for text in &self.objectives {
            match text.parse() {
                Ok(objective) => objectives.push(objective),
                Err(error) => said(&error),
            }
        }
        let mut constraints = Vec::new();
        for text in &self.constraints {
            match text.parse() {
                Ok(constraint) => constraints.push(constraint),
                Err(error) => said(&error),
            }
        }
        if controllers::by_name(&self.controller).is_none() {
            let message = format!("there is no controller `{}`", suggest::shown(&self.controller));
            let hint = suggest::hint(&self.controller, controllers::NAMES);
            problems.push(ConfigProblem::new(message, hint));
        }
        if self.batch == 0 || self.budget.evaluations == 0 {
            let message = "`batch` and `budget.evaluations` are at least 1";
            problems.push(ConfigProblem::new(message, "give a number from 1"));
        }
        if self.accuracy.validation == 0 || self.accuracy.one_in == 0 || self.accuracy.draws == 0 {
            let message = "`accuracy.validation`, `one_in` and `draws` are at least 1";
            problems.push(ConfigProblem::new(message, "give a number from 1"));
        }
        let growth = self.budget.growth;
        if !(growth >= 0.0 && growth.is_finite()) {
            let message = format!("`budget.growth` is {growth}");
            problems.push(ConfigProblem::new(message, "give a share from 0, such as 0.001"));
        }
        let time = self.budget.time.as_deref().map(duration).transpose();
        let time = time.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let stagnation = self.budget.stagnation;
        let stagnation = stagnation.map(|evaluations| Stagnation { evaluations, growth });
        let budget = Budget { evaluations: self.budget.evaluations, time, stagnation };
        Ok(Meant { objectives, constraints, budget })
    }
}

/// A time such as `90s`, `10m`, `1h30m`; a number alone is seconds.
fn duration(text: &str) -> Result<Duration, ConfigProblem> {
    let wrong = |hint: &str| {
        let message = format!("`{}` is not a time", suggest::shown(text));
        ConfigProblem::new(message, hint)
    };
    const FORM: &str = "write, for example, 90s, 10m or 1h30m";
    let mut seconds = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong(FORM));
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| wrong(FORM))?;
        let letters = &rest[end..];
        let stop = letters.find(|c: char| c.is_ascii_digit()).unwrap_or(letters.len());
        let unit = letters[..stop].trim();
        let size = match unit {
            "" | "s" => 1.0,
            "ms" => 1e-3,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => {
                let hint = suggest::hint(unit, ["ms", "s", "m", "min", "h", "d"]);
                return Err(wrong(&format!("the unit `{}`: {hint}", suggest::shown(unit))));
            }
        };
        seconds += number * size;
        rest = letters[stop..].trim_start();
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong(FORM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let seconds = |text: &str| duration(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("90s"), Ok(90.0));
        assert_eq!(seconds("1h30m"), Ok(5400.0));
        assert_eq!(seconds("2.5 min"), Ok(150.0));
        assert_eq!(seconds("7"), Ok(7.0));
        for wrong in ["", "soon", "5 parsecs", "-3s", "1e30d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_unknown_key_and_value_is_named() {
        let text = "spaces = 'grey28'\n[budget]\nevaluation = 3\n";
        let problems = SearchConfig::from_toml(text).unwrap_err();
        let hints: Vec<&str> = problems.iter().map(|problem| problem.hint.as_str()).collect();
        assert_eq!(hints, ["did you mean `space`?", "did you mean `evaluations`?"]);
        let text = "seed = 'x'\nbatc = 3\nhardware = 1\n[budget]\ngrowth = 1\n\nevaluations = -3\n\
                    [accuracy]\npredictor = 'wood'\n";
        let problems = SearchConfig::from_toml(text).unwrap_err();
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        let places = [
            "line 1: `seed`",
            "line 2: there is no key `batc`",
            "line 3: `hardware`",
            "line 7: `budget.evaluations`",
            "line 9: `accuracy.predictor`",
        ];
        assert_eq!(messages.len(), places.len(), "{messages:#?}");
        for (message, place) in messages.iter().zip(places) {
            assert!(message.starts_with(place), "{messages:#?}");
        }
        let config = SearchConfig {
            controller: "esap".to_owned(),
            objectives: vec!["max 3 * 4".to_owned()],
            constraints: vec!["area_mm2 < 3".to_owned()],
            budget: BudgetConfig { time: Some("x".to_owned()), ..BudgetConfig::default() },
            ..SearchConfig::default()
        };
        assert_eq!(config.meant().unwrap_err().len(), 4);
        let text = toml::to_string(&SearchConfig::default()).unwrap();
        assert_eq!(SearchConfig::from_toml(&text), Ok(SearchConfig::default()));
    }
}
