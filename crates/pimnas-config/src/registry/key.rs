//! What the registry says of a key.

/// One key of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Section, as in its header.
    pub section: &'static str,
    /// Name, as usually written.
    pub name: &'static str,
    /// Form of the value.
    pub kind: ValueKind,
    /// Unit of each figure; empty for plain numbers and words.
    pub unit: &'static str,
    /// Range of each figure.
    pub bounds: Bounds,
    /// What 0 or -1 stands for.
    pub unset: Unset,
    /// Value in the reference configuration; empty where it leaves the key out.
    pub default: &'static str,
    /// What it describes.
    pub about: &'static str,
    /// Whether anything depends on it.
    pub usage: Usage,
}

/// Form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// One whole number.
    Integer,
    /// One number.
    Number,
    /// Two whole numbers.
    IntegerPair,
    /// Two numbers.
    NumberPair,
    /// One or more numbers.
    NumberList,
    /// One of some whole numbers, each with its meaning.
    Choice(&'static [(i64, &'static str)]),
    /// One of some words.
    Word(&'static [&'static str]),
}

impl ValueKind {
    /// In words, for tables and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "whole number",
            Self::Number => "number",
            Self::IntegerPair => "two whole numbers",
            Self::NumberPair => "two numbers",
            Self::NumberList => "list of numbers",
            Self::Choice(_) => "choice",
            Self::Word(_) => "word",
        }
    }
}

/// Range of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Whether `min` itself is allowed.
    pub min_allowed: bool,
}

impl Bounds {
    /// From `min` to `max`, both allowed.
    pub(super) const fn between(min: f64, max: f64) -> Self {
        Self { min, max, min_allowed: true }
    }

    /// Above zero, at most `max`.
    pub(super) const fn positive(max: f64) -> Self {
        Self { min: 0.0, max, min_allowed: false }
    }

    /// Whether a figure is in the range.
    #[must_use]
    pub fn contains(&self, figure: f64) -> bool {
        figure <= self.max && (figure > self.min || (self.min_allowed && figure >= self.min))
    }
}

/// The figures that stand for "not given".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentinel {
    /// 0; in a pair 0,0.
    Zero,
    /// 0 in either place of a pair.
    EitherZero,
    /// -1.
    MinusOne,
    /// 0 or -1.
    ZeroOrMinusOne,
}

impl Sentinel {
    /// Whether `figure` stands for "not given".
    #[must_use]
    pub fn is(self, figure: f64) -> bool {
        match self {
            Self::Zero | Self::EitherZero => figure == 0.0,
            Self::MinusOne => figure == -1.0,
            Self::ZeroOrMinusOne => figure == 0.0 || figure == -1.0,
        }
    }

    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zero | Self::EitherZero => "0",
            Self::MinusOne => "-1",
            Self::ZeroOrMinusOne => "0 or -1",
        }
    }
}

/// What 0 or -1 stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unset {
    /// For itself, if it is in the range.
    Never,
    /// For this figure; in a pair for both.
    Constant(Sentinel, f64),
    /// For what a component model computes, in words.
    Modelled(Sentinel, &'static str),
}

impl Unset {
    /// Whether `figure` stands for "not given".
    #[must_use]
    pub fn is(self, figure: f64) -> bool {
        match self {
            Self::Never => false,
            Self::Constant(sentinel, _) | Self::Modelled(sentinel, _) => sentinel.is(figure),
        }
    }
}

/// Whether anything depends on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Some model does, so it has to be there.
    Simulated,
    /// It is known and kept, but no model uses it.
    Unused,
}

impl Key {
    /// `Section/Key`, as overrides write it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.section, self.name)
    }

    const fn new(section: &'static str, name: &'static str, kind: ValueKind) -> Self {
        Self {
            section,
            name,
            kind,
            unit: "",
            bounds: Bounds::between(f64::MIN, f64::MAX),
            unset: Unset::Never,
            default: "",
            about: "",
            usage: Usage::Simulated,
        }
    }

    pub(super) const fn integer(section: &'static str, name: &'static str) -> Self {
        Self::new(section, name, ValueKind::Integer)
    }

    pub(super) const fn number(section: &'static str, name: &'static str) -> Self {
        Self::new(section, name, ValueKind::Number)
    }

    pub(super) const fn pair(section: &'static str, name: &'static str) -> Self {
        Self::new(section, name, ValueKind::IntegerPair)
    }

    pub(super) const fn number_pair(section: &'static str, name: &'static str) -> Self {
        Self::new(section, name, ValueKind::NumberPair)
    }

    pub(super) const fn list(section: &'static str, name: &'static str) -> Self {
        Self::new(section, name, ValueKind::NumberList)
    }

    pub(super) const fn with_choices(
        section: &'static str,
        name: &'static str,
        choices: &'static [(i64, &'static str)],
    ) -> Self {
        Self::new(section, name, ValueKind::Choice(choices))
    }

    pub(super) const fn with_words(
        section: &'static str,
        name: &'static str,
        words: &'static [&'static str],
    ) -> Self {
        Self::new(section, name, ValueKind::Word(words))
    }

    pub(super) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub(super) const fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    pub(super) const fn unset(mut self, unset: Unset) -> Self {
        self.unset = unset;
        self
    }

    pub(super) const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    pub(super) const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    pub(super) const fn unused(mut self) -> Self {
        self.usage = Usage::Unused;
        self
    }

    /// The allowed values, in words: range, sentinels, choices.
    #[must_use]
    pub fn allowed(&self) -> String {
        let mut text = match self.kind {
            ValueKind::Choice(choices) => choices
                .iter()
                .map(|(number, meaning)| format!("{number} ({meaning})"))
                .collect::<Vec<_>>()
                .join(", "),
            ValueKind::Word(words) => words.join(", "),
            ValueKind::Integer
            | ValueKind::Number
            | ValueKind::IntegerPair
            | ValueKind::NumberPair
            | ValueKind::NumberList => self.range(),
        };
        let pair = matches!(self.kind, ValueKind::IntegerPair);
        match self.unset {
            Unset::Never => {}
            Unset::Constant(_, figure) if pair => {
                text.push_str(&format!(", or 0,0 for {figure},{figure}"));
            }
            Unset::Constant(sentinel, figure) => {
                text.push_str(&format!(", or {} for {figure}", sentinel.as_str()));
            }
            Unset::Modelled(sentinel, meaning) => {
                text.push_str(&format!(", or {} for {meaning}", sentinel.as_str()));
            }
        }
        text
    }

    fn range(&self) -> String {
        let Bounds { min, max, min_allowed } = self.bounds;
        let unbounded = min == f64::MIN && max == f64::MAX;
        let range = match min_allowed {
            _ if unbounded => "any finite number".to_owned(),
            true => format!("{} to {}", figure(min), figure(max)),
            false => format!("above {}, at most {}", figure(min), figure(max)),
        };
        match self.kind {
            ValueKind::IntegerPair => format!("two whole numbers, each {range}"),
            ValueKind::NumberPair => format!("two numbers, each {range}"),
            ValueKind::NumberList => format!("numbers, each {range}"),
            ValueKind::Integer => format!("a whole number, {range}"),
            ValueKind::Number | ValueKind::Choice(_) | ValueKind::Word(_) => range,
        }
    }
}

/// A figure as short as it can be written.
pub(crate) fn figure(value: f64) -> String {
    let plain = value.to_string();
    let scientific = format!("{value:e}");
    if scientific.len() < plain.len() { scientific } else { plain }
}
