//! Building decisions, with every problem found.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::expression::{Expression, Slot};
use super::parse::{Names, parse};
use super::schedule::{Counts, Step, order};
use super::value::{Kind, Value};
use super::{Decision, Decisions, Derived, Inner, Requirement};
use crate::problem::{Place, Problem, Problems};
use pimnas_suggest::shown;

/// Most choices of a decision.
const MOST_CHOICES: usize = 65_535;
/// Longest path, bytes.
const LONGEST_PATH: usize = 200;

/// An expression as written, and where.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
}

impl From<&str> for Written {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), place: None }
    }
}

struct NewDecision {
    path: String,
    choices: Vec<Value>,
    when: Option<Written>,
    place: Option<Place>,
}

/// Collects decisions, derived values and requirements, in any order.
///
/// ```
/// use pimnas_search::Decisions;
///
/// let mut builder = Decisions::builder();
/// builder.decision("depth", [1, 2]);
/// builder.decision_when("block1.kernel", [1, 3, 5], "depth == 2");
/// builder.derived("layers", "depth * 2");
/// let decisions = builder.build()?;
/// // One without the second block, and one for each of its kernels.
/// assert_eq!(decisions.size()?.to_string(), "4");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct DecisionsBuilder {
    decisions: Vec<NewDecision>,
    derived: Vec<(String, Written, Option<Place>)>,
    requirements: Vec<(Written, String)>,
}

impl DecisionsBuilder {
    /// A decision that always counts.
    pub fn decision<V: Into<Value>>(
        &mut self,
        path: &str,
        choices: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        self.add_decision((path, None), choices.into_iter().map(Into::into).collect(), None)
    }

    /// A decision that counts where the expression `when` holds.
    pub fn decision_when<V: Into<Value>>(
        &mut self,
        path: &str,
        choices: impl IntoIterator<Item = V>,
        when: &str,
    ) -> &mut Self {
        let choices = choices.into_iter().map(Into::into).collect();
        self.add_decision((path, None), choices, Some(when.into()))
    }

    /// A value that follows from others by an expression.
    pub fn derived(&mut self, path: &str, value: &str) -> &mut Self {
        self.add_derived((path, None), value.into())
    }

    /// What every rollout satisfies, and why.
    pub fn require(&mut self, that: &str, because: &str) -> &mut Self {
        self.add_requirement(that.into(), because)
    }

    pub(crate) fn add_decision(
        &mut self,
        (path, place): (&str, Option<Place>),
        choices: Vec<Value>,
        when: Option<Written>,
    ) -> &mut Self {
        self.decisions.push(NewDecision { path: path.to_owned(), choices, when, place });
        self
    }

    pub(crate) fn add_derived(
        &mut self,
        (path, place): (&str, Option<Place>),
        value: Written,
    ) -> &mut Self {
        self.derived.push((path.to_owned(), value, place));
        self
    }

    pub(crate) fn add_requirement(&mut self, that: Written, because: &str) -> &mut Self {
        self.requirements.push((that, because.to_owned()));
        self
    }

    /// The decisions.
    ///
    /// # Errors
    /// Every problem: bad or repeated paths, bad choices, expressions that cannot be read, that
    /// mix numbers and words, or that need each other in a circle.
    pub fn build(self) -> Result<Decisions, Problems> {
        let mut problems = Problems::default();
        let names = self.names(&mut problems);
        let inner = self.compile(names, &mut problems);
        problems.or(inner.map(|inner| Decisions { inner: Arc::new(inner) }))
    }

    fn names(&self, problems: &mut Problems) -> Slots {
        let mut slots = HashMap::new();
        let decisions = self.decisions.iter().map(|new| (&new.path, &new.place));
        let derived = self.derived.iter().map(|(path, _, place)| (path, place));
        for (slot, (path, place)) in decisions.chain(derived).enumerate() {
            check_path(path, place.as_ref(), problems);
            if slots.insert(path.clone(), slot).is_some() {
                let message = format!("the path `{}` is there twice", shown(path));
                let problem = Problem::new(message, place.as_ref());
                problems.push(problem.with_hint("give every decision and derived value its own"));
            }
        }
        Slots(slots)
    }

    fn compile(self, names: Slots, problems: &mut Problems) -> Option<Inner> {
        let mut reader = Reader { names: &names, problems };
        let mut decisions = Vec::with_capacity(self.decisions.len());
        for new in self.decisions {
            let choices = reader.choices(&new);
            let condition = new.when.as_ref().map(|when| reader.read(when));
            let when = new.when.map(|when| when.text);
            decisions
                .push((Decision { path: new.path, choices, when, condition: None }, condition));
        }
        let derived: Vec<_> = self
            .derived
            .into_iter()
            .map(|(path, value, place)| (path, reader.read(&value), (value, place)))
            .collect();
        let requirements: Vec<_> = self
            .requirements
            .into_iter()
            .map(|(that, because)| (reader.read(&that), that, because))
            .collect();
        if !problems.is_empty() {
            return None;
        }
        let decisions = decisions
            .into_iter()
            .map(|(decision, condition)| Decision { condition: condition.flatten(), ..decision })
            .collect();
        let derived_places = derived.iter().map(|(_, _, (written, _))| written.clone()).collect();
        let derived = derived
            .into_iter()
            .filter_map(|(path, expression, (written, _))| {
                Some(Derived { path, value: written.text, expression: expression? })
            })
            .collect();
        let requirement_places = requirements.iter().map(|(_, that, _)| that.clone()).collect();
        let requirements = requirements
            .into_iter()
            .filter_map(|(expression, that, because)| {
                Some(Requirement { that: that.text, because, expression: expression? })
            })
            .collect();
        let parts = Parts { decisions, derived, requirements, derived_places, requirement_places };
        parts.finish(names.0, problems)
    }
}

/// What has been read, before its order and kinds are known.
struct Parts {
    decisions: Vec<Decision>,
    derived: Vec<Derived>,
    requirements: Vec<Requirement>,
    derived_places: Vec<Written>,
    requirement_places: Vec<Written>,
}

impl Parts {
    fn finish(self, slots: HashMap<String, Slot>, problems: &mut Problems) -> Option<Inner> {
        let counts = Counts {
            decisions: self.decisions.len(),
            derived: self.derived.len(),
            requirements: self.requirements.len(),
        };
        let conditions = self.decisions.iter().map(|decision| decision.condition.as_ref());
        let derived = self.derived.iter().map(|derived| Some(&derived.expression));
        let required = self.requirements.iter().map(|r| Some(&r.expression));
        let needs: Vec<Vec<Slot>> =
            conditions.chain(derived).chain(required).map(slots_of).collect();
        let steps = match order(counts, &needs) {
            Ok(steps) => steps,
            Err(circle) => {
                problems.push(self.circle(&circle));
                return None;
            }
        };
        let kinds = self.kinds(&steps, problems);
        Some(Inner {
            decisions: self.decisions,
            derived: self.derived,
            requirements: self.requirements,
            kinds,
            slots,
            steps,
            table: OnceLock::new(),
        })
    }

    fn circle(&self, steps: &[Step]) -> Problem {
        let names: Vec<&str> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Decide(index) => self.decisions.get(*index).map(|d| d.path.as_str()),
                Step::Derive(index) => self.derived.get(*index).map(|d| d.path.as_str()),
                Step::Require(_) => None,
            })
            .take(6)
            .collect();
        let message = format!("these values need each other in a circle: {}", names.join(", "));
        let first = steps.iter().find_map(|step| match step {
            Step::Derive(index) => self.derived_places.get(*index).and_then(|w| w.place.as_ref()),
            Step::Decide(_) | Step::Require(_) => None,
        });
        Problem::new(message, first)
            .with_hint("let a value depend only on others that do not need it")
    }

    /// Kinds of all slots; of derived values in the order in which they are derived.
    fn kinds(&self, steps: &[Step], problems: &mut Problems) -> Vec<Kind> {
        let kind_of = |d: &Decision| d.choices.first().and_then(Value::kind).unwrap_or(Kind::Int);
        let mut kinds: Vec<Kind> = self.decisions.iter().map(kind_of).collect();
        kinds.resize(self.decisions.len() + self.derived.len(), Kind::Int);
        for step in steps {
            let (expression, written) = match *step {
                Step::Decide(index) => {
                    let decision = self.decisions.get(index);
                    (decision.and_then(|d| d.condition.as_ref()), None)
                }
                Step::Derive(index) => {
                    let derived = self.derived.get(index);
                    (derived.map(|d| &d.expression), self.derived_places.get(index))
                }
                Step::Require(index) => {
                    let required = self.requirements.get(index);
                    (required.map(|r| &r.expression), self.requirement_places.get(index))
                }
            };
            let Some(expression) = expression else { continue };
            let kind = expression.kind(&|slot| kinds.get(slot).copied().unwrap_or(Kind::Int));
            match (kind, *step) {
                (Ok(kind), Step::Derive(index)) => {
                    if let Some(place) = kinds.get_mut(self.decisions.len() + index) {
                        *place = kind;
                    }
                }
                (Ok(Kind::Int), Step::Decide(_) | Step::Require(_)) => {}
                (Ok(Kind::Word), Step::Decide(_) | Step::Require(_)) => {
                    let message = "a condition is a word, which is neither true nor false";
                    problems.push(self.mixed(*step, message, written));
                }
                (Err(message), _) => problems.push(self.mixed(*step, &message, written)),
            }
        }
        kinds
    }

    fn mixed(&self, step: Step, message: &str, written: Option<&Written>) -> Problem {
        let what = match step {
            Step::Decide(index) => {
                self.decisions.get(index).map(|d| format!("`when` of {}", d.path))
            }
            Step::Derive(index) => self.derived.get(index).map(|d| d.path.clone()),
            Step::Require(index) => self.requirements.get(index).map(|r| format!("`{}`", r.that)),
        };
        let message = format!("{}: {message}", what.unwrap_or_default());
        Problem::new(message, written.and_then(|w| w.place.as_ref()))
            .with_hint("compare numbers with numbers, and words with words in single quotes")
    }
}

fn slots_of(expression: Option<&Expression>) -> Vec<Slot> {
    let mut slots = Vec::new();
    if let Some(expression) = expression {
        expression.visit_slots(&mut |slot| slots.push(slot));
    }
    slots.sort_unstable();
    slots.dedup();
    slots
}

struct Slots(HashMap<String, Slot>);

impl Names for Slots {
    fn slot(&self, path: &str) -> Option<Slot> {
        self.0.get(path).copied()
    }

    fn all(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

struct Reader<'r> {
    names: &'r Slots,
    problems: &'r mut Problems,
}

impl Reader<'_> {
    fn read(&mut self, written: &Written) -> Option<Expression> {
        match parse(&written.text, self.names) {
            Ok(expression) => Some(expression),
            Err(fault) => {
                let message = format!("`{}`: {}", shown(&written.text), fault.message);
                let mut problem = Problem::new(message, written.place.as_ref());
                problem.hint = fault.hint;
                self.problems.push(problem);
                None
            }
        }
    }

    fn choices(&mut self, new: &NewDecision) -> Vec<Value> {
        let mut choices = new.choices.clone();
        let mut report = |message: &str, hint: &str| {
            let message = format!("the choices of {} {message}", shown(&new.path));
            self.problems.push(Problem::new(message, new.place.as_ref()).with_hint(hint));
        };
        if choices.is_empty() || choices.len() > MOST_CHOICES {
            report(&format!("are {}", choices.len()), "give 1 to 65535 choices");
        }
        let kind = choices.first().and_then(Value::kind);
        if choices.iter().any(|choice| choice.kind() != kind || kind.is_none()) {
            report("mix numbers and words", "give numbers only or words only");
        }
        if kind == Some(Kind::Int) {
            choices.sort();
        }
        let mut sorted = choices.clone();
        sorted.sort();
        if sorted.windows(2).any(|pair| pair.first() == pair.get(1)) {
            report("repeat a value", "give each value once");
        }
        choices
    }
}

/// A path is names joined by points: letters, digits and underscores, a letter first.
fn check_path(path: &str, place: Option<&Place>, problems: &mut Problems) {
    let name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let starts = path.starts_with(|c: char| c.is_ascii_alphabetic());
    let reserved = ["in", "and", "or", "not", "else"].contains(&path) || path.starts_with("in.");
    if path.len() > LONGEST_PATH || !starts || !path.split('.').all(name) || reserved {
        let problem = Problem::new(format!("`{}` cannot be a path", shown(path)), place);
        problems.push(problem.with_hint(
            "join names of letters, digits and underscores by points, as in stage2.block0.kernel; \
             `in`, `and`, `or`, `not` and `else` are taken",
        ));
    }
}
