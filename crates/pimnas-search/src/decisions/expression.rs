//! Expressions over decisions: derived values, conditions, parameters of layers.

use super::value::{Kind, Value};

/// Place of a value among all values of a space.
pub(crate) type Slot = usize;

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Infix {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Sum,
    Product,
    Min,
    Max,
    Gcd,
    Active,
}

impl Function {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("sum", Self::Sum),
        ("product", Self::Product),
        ("min", Self::Min),
        ("max", Self::Max),
        ("gcd", Self::Gcd),
        ("active", Self::Active),
    ];
}

/// A parsed expression. Its evaluation is total: sums and products stop at the ends of 64 bits,
/// a division by 0 is inactive, and what is computed from something inactive is inactive, but
/// for the functions, which leave inactive arguments out, and comparisons, which are then false.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Constant(Value),
    Slot(Slot),
    Not(Box<Expression>),
    Infix(Infix, Box<[Expression; 2]>),
    Call(Function, Vec<Expression>),
    Select { by: Box<Expression>, cases: Vec<(Value, Expression)>, other: Option<Box<Expression>> },
}

impl Expression {
    /// The value, with those of the slots.
    pub(crate) fn evaluate(&self, slots: &[Value]) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Slot(slot) => slots.get(*slot).cloned().unwrap_or(Value::Inactive),
            Self::Not(inner) => truth(!inner.evaluate(slots).holds()),
            Self::Infix(Infix::Or, sides) => {
                truth(sides[0].evaluate(slots).holds() || sides[1].evaluate(slots).holds())
            }
            Self::Infix(Infix::And, sides) => {
                truth(sides[0].evaluate(slots).holds() && sides[1].evaluate(slots).holds())
            }
            Self::Infix(infix, sides) => {
                join(*infix, &sides[0].evaluate(slots), &sides[1].evaluate(slots))
            }
            Self::Call(function, arguments) => {
                call(*function, arguments.iter().map(|argument| argument.evaluate(slots)))
            }
            Self::Select { by, cases, other } => {
                let key = by.evaluate(slots);
                match (cases.iter().find(|(case, _)| *case == key), other) {
                    (Some((_, chosen)), _) => chosen.evaluate(slots),
                    (None, Some(other)) if key != Value::Inactive => other.evaluate(slots),
                    (None, Some(_) | None) => Value::Inactive,
                }
            }
        }
    }

    /// Every slot that is read.
    pub(crate) fn visit_slots(&self, visit: &mut dyn FnMut(Slot)) {
        match self {
            Self::Constant(_) => {}
            Self::Slot(slot) => visit(*slot),
            Self::Not(inner) => inner.visit_slots(visit),
            Self::Infix(_, sides) => sides.iter().for_each(|side| side.visit_slots(visit)),
            Self::Call(_, arguments) => {
                arguments.iter().for_each(|argument| argument.visit_slots(visit));
            }
            Self::Select { by, cases, other } => {
                by.visit_slots(visit);
                cases.iter().for_each(|(_, chosen)| chosen.visit_slots(visit));
                other.iter().for_each(|other| other.visit_slots(visit));
            }
        }
    }

    /// What its values are, with what those of the slots are.
    ///
    /// # Errors
    /// In words: numbers and words where the other is needed.
    pub(crate) fn kind(&self, slots: &dyn Fn(Slot) -> Kind) -> Result<Kind, String> {
        match self {
            Self::Constant(value) => Ok(value.kind().unwrap_or(Kind::Int)),
            Self::Slot(slot) => Ok(slots(*slot)),
            Self::Not(inner) => need_int(inner.kind(slots)?, "not"),
            Self::Infix(Infix::Equal | Infix::Unequal, sides) => {
                let (left, right) = (sides[0].kind(slots)?, sides[1].kind(slots)?);
                if left == right {
                    return Ok(Kind::Int);
                }
                Err(format!("{} is compared with {}", left.as_str(), right.as_str()))
            }
            Self::Infix(
                Infix::Or
                | Infix::And
                | Infix::Less
                | Infix::AtMost
                | Infix::Greater
                | Infix::AtLeast
                | Infix::Add
                | Infix::Subtract
                | Infix::Multiply
                | Infix::Divide
                | Infix::Remainder,
                sides,
            ) => {
                need_int(sides[0].kind(slots)?, "an operator")?;
                need_int(sides[1].kind(slots)?, "an operator")
            }
            Self::Call(Function::Active, arguments) => {
                arguments.iter().try_for_each(|a| a.kind(slots).map(|_| ()))?;
                Ok(Kind::Int)
            }
            Self::Call(_, arguments) => arguments
                .iter()
                .try_fold(Kind::Int, |_, argument| need_int(argument.kind(slots)?, "a function")),
            Self::Select { by, cases, other } => select_kind((by, cases, other.as_deref()), slots),
        }
    }
}

type Cases<'e> = (&'e Expression, &'e [(Value, Expression)], Option<&'e Expression>);

fn select_kind(
    (by, cases, other): Cases<'_>,
    slots: &dyn Fn(Slot) -> Kind,
) -> Result<Kind, String> {
    let by = by.kind(slots)?;
    for (case, _) in cases {
        if case.kind() != Some(by) {
            return Err(format!("the case {case} is not {}, as what it selects by", by.as_str()));
        }
    }
    let mut found = None;
    for chosen in cases.iter().map(|(_, chosen)| chosen).chain(other) {
        let kind = chosen.kind(slots)?;
        if found.is_some_and(|found| found != kind) {
            return Err("some cases are numbers and some are words".to_owned());
        }
        found = Some(kind);
    }
    Ok(found.unwrap_or(Kind::Int))
}

fn need_int(kind: Kind, whose: &str) -> Result<Kind, String> {
    match kind {
        Kind::Int => Ok(Kind::Int),
        Kind::Word => Err(format!("a word stands where {whose} needs a number")),
    }
}

fn truth(holds: bool) -> Value {
    Value::Int(i64::from(holds))
}

/// Comparisons and arithmetic. Words are only compared for equality.
fn join(infix: Infix, left: &Value, right: &Value) -> Value {
    if *left == Value::Inactive || *right == Value::Inactive {
        return match infix {
            Infix::Add | Infix::Subtract | Infix::Multiply | Infix::Divide | Infix::Remainder => {
                Value::Inactive
            }
            Infix::Or
            | Infix::And
            | Infix::Equal
            | Infix::Unequal
            | Infix::Less
            | Infix::AtMost
            | Infix::Greater
            | Infix::AtLeast => truth(false),
        };
    }
    let (a, b) = (left.as_int().unwrap_or_default(), right.as_int().unwrap_or_default());
    match infix {
        Infix::Or => truth(left.holds() || right.holds()),
        Infix::And => truth(left.holds() && right.holds()),
        Infix::Equal => truth(left == right),
        Infix::Unequal => truth(left != right),
        Infix::Less => truth(a < b),
        Infix::AtMost => truth(a <= b),
        Infix::Greater => truth(a > b),
        Infix::AtLeast => truth(a >= b),
        Infix::Add => Value::Int(a.saturating_add(b)),
        Infix::Subtract => Value::Int(a.saturating_sub(b)),
        Infix::Multiply => Value::Int(a.saturating_mul(b)),
        Infix::Divide => a.checked_div_euclid(b).map_or(Value::Inactive, Value::Int),
        Infix::Remainder => a.checked_rem_euclid(b).map_or(Value::Inactive, Value::Int),
    }
}

fn call(function: Function, arguments: impl Iterator<Item = Value>) -> Value {
    let mut numbers = arguments.filter_map(|argument| match (function, argument) {
        (_, Value::Int(number)) => Some(number),
        // Only `active` takes words, and only their presence counts.
        (_, Value::Word(_)) => Some(1),
        (_, Value::Inactive) => None,
    });
    let folded = match function {
        Function::Sum => numbers.reduce(i64::saturating_add),
        Function::Product => numbers.reduce(i64::saturating_mul),
        Function::Min => numbers.min(),
        Function::Max => numbers.max(),
        Function::Gcd => numbers.reduce(gcd),
        Function::Active => Some(i64::from(numbers.next().is_some())),
    };
    folded.map_or(Value::Inactive, Value::Int)
}

/// Greatest common divisor; 0 only for zeros.
fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    i64::try_from(a).unwrap_or(i64::MAX)
}
