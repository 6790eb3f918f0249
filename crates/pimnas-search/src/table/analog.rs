//! The table of the Python package `analog-nasbench`: cells of NAS-Bench-201 on analog hardware.
//!
//! The file is a pickle of objects. It is read as data: nothing in it is executed, and objects
//! are taken for their attributes. A key is a tuple of six numbers, one an edge; which edge and
//! which operation a number means is not documented. 341 rows have a digital accuracy of 10 %
//! to the last digit, as many as there are cells in which no path leads from the first node to
//! the last. Of all orders of edges and of all numbers for "no operation", only the order by the
//! node that an edge leaves (01, 02, 03, 12, 13, 23; or its mirror image) with the number 1 makes
//! them those cells. That is the numbering of NASLib, and its other numbers fit the figures.

use serde_pickle::{DeOptions, HashableValue, Value as Pickle};

use super::{Table, TableError};
use crate::rollout::Rollout;
use crate::search::{CostClass, Direction, Metric};
use crate::space::Space;

/// Decisions in the order of the keys' numbers.
const EDGES: [&str; 6] = [
    "cell.edge_0_1",
    "cell.edge_0_2",
    "cell.edge_0_3",
    "cell.edge_1_2",
    "cell.edge_1_3",
    "cell.edge_2_3",
];
/// Operations by their numbers.
const OPERATIONS: [&str; 5] =
    ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"];
/// Attributes that are accuracies in percent.
const ACCURACIES: [&str; 5] =
    ["baseline_accuracy", "ptq_accuracy", "qat_accuracy", "noisy_accuracy", "analog_accuracy"];
/// Attributes that are an accuracy after a time in seconds, with its spread.
const DRIFTED: [&str; 8] = [
    "baseline_drift_60",
    "baseline_drift_3600",
    "baseline_drift_86400",
    "baseline_drift_2592000",
    "analog_drift_60",
    "analog_drift_3600",
    "analog_drift_86400",
    "analog_drift_2592000",
];
/// What is done about a file that is not this table.
const HINT: &str = "give the file data.anb of the package analog-nasbench, version 0.1.3";

impl Table {
    /// The table in the package's file `data.anb`, for a space with the decisions and choices of
    /// the shipped `nasbench201`: five accuracies and eight after drift (means), in percent.
    ///
    /// # Errors
    /// A file that is not that pickle, and rows that the space has not.
    pub fn from_analog_nasbench(file: &[u8], space: &dyn Space) -> Result<Self, TableError> {
        let options = DeOptions::new().replace_unresolved_globals();
        let root = serde_pickle::value_from_slice(file, options)
            .map_err(|error| TableError::new(format!("it is no such table: {error}"), HINT))?;
        let Pickle::Dict(rows) = root else {
            return Err(TableError::new("it is a pickle, but not of rows by cell", HINT));
        };
        let names = ACCURACIES.iter().chain(&DRIFTED);
        let metric = |name: &&str| {
            Metric::new(name, "%", Direction::Maximise, CostClass::Lookup).at_best(100.0)
        };
        let mut table = Self::new(names.clone().map(metric).collect());
        let mut rising = 0;
        for (key, row) in &rows {
            let wrong = |what: &str| TableError::new(format!("the row {key}: {what}"), HINT);
            let rollout = cell(key, space).ok_or_else(|| wrong("its key is no cell"))?;
            let mut figures = Vec::new();
            let mut spreads = Vec::new();
            for name in names.clone() {
                let (value, spread) =
                    figure(row, name).ok_or_else(|| wrong(&format!("it has no {name}")))?;
                figures.push(Some(value));
                spreads.push(spread);
            }
            rising += usize::from(drift_rises(&figures, &spreads));
            table.rows.insert(rollout, figures);
        }
        if rising > 0 {
            table.notes.push(format!(
                "{rising} of {} rows have an accuracy that rises with the time of drift, by more \
                 than three times the spreads that they state",
                table.len()
            ));
        }
        Ok(table)
    }
}

fn cell(key: &HashableValue, space: &dyn Space) -> Option<Rollout> {
    let HashableValue::Tuple(numbers) = key else { return None };
    if numbers.len() != EDGES.len() {
        return None;
    }
    let mut choices = vec![0; space.decisions().list().len()];
    for (number, edge) in numbers.iter().zip(EDGES) {
        let HashableValue::I64(number) = number else { return None };
        let operation = *OPERATIONS.get(usize::try_from(*number).ok()?)?;
        let position = space.decisions().position(edge)?;
        let known = &space.decisions().list().get(position)?.choices;
        choices[position] = known.iter().position(|choice| *choice == operation.into())?;
    }
    let assignment = space.decisions().assign(|index| choices.get(index).copied().unwrap_or(0));
    assignment.is_allowed().then_some(assignment.rollout)
}

fn attribute<'p>(object: &'p Pickle, name: &str) -> Option<&'p Pickle> {
    let Pickle::Dict(attributes) = object else { return None };
    attributes.get(&HashableValue::String(name.to_owned()))
}

/// An attribute's value, and its spread where it states one.
fn figure(row: &Pickle, name: &str) -> Option<(f64, f64)> {
    let found = attribute(row, name)?;
    let number = |value: &Pickle| match value {
        Pickle::F64(number) => Some(*number),
        Pickle::I64(number) => Some(*number as f64),
        _ => None,
    };
    let stated =
        || Some((number(attribute(found, "value")?)?, number(attribute(found, "uncertainty")?)?));
    number(found).map(|value| (value, 0.0)).or_else(stated).filter(|(value, _)| value.is_finite())
}

/// Whether accuracy after a longer time is better than after a shorter one by more than three
/// times the two spreads together.
fn drift_rises(figures: &[Option<f64>], spreads: &[f64]) -> bool {
    const TIMES: usize = 4;
    let start = ACCURACIES.len();
    (0..DRIFTED.len()).filter(|at| at % TIMES != 0).any(|at| {
        let (before, after) = (start + at - 1, start + at);
        let (Some(early), Some(late)) = (figures[before], figures[after]) else { return false };
        late - early > 3.0 * (spreads[before] + spreads[after]).max(0.01)
    })
}
