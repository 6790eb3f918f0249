//! Weights cut along their inputs, as crossbars of a given size hold them.
//!
//! A trained layer list keeps the weights of a layer in parts of as many input channels (features)
//! as fit into the rows of a crossbar: `layer_list.3.layer_list.0.weight`, `….1.weight`, …, for
//! groups `layer_list.3.group_conv.1.layer_list.0.weight`. Joined they are one tensor
//! `layer_list.3.weight`; what an even kernel's output loses (`padding_flag`) is one value then, or
//! one for each input channel if the parts differ.

use std::collections::BTreeMap;
use std::ops::Range;

use thiserror::Error;

use crate::named::NamedTensors;
use crate::tensor::{Tensor, TensorData, map_type};
use crate::text::shown;

/// Word before the index of a layer or a part.
const LIST: &str = "layer_list";
/// Word before the index of a group.
const GROUP: &str = "group_conv";

/// Why parts of weights cannot be joined or cut.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SplitError {
    /// A part that is missing among later ones.
    #[error("{place}: part {part} of its weights is missing")]
    MissingPart {
        /// The layer or group.
        place: String,
        /// Index of the part.
        part: usize,
    },
    /// A part that does not continue the parts before it.
    #[error("{place}: part {part} has dimensions {found:?}, which do not continue {first:?}")]
    PartShape {
        /// The layer or group.
        place: String,
        /// Index of the part.
        part: usize,
        /// Its dimensions.
        found: Vec<usize>,
        /// Dimensions of the first part.
        first: Vec<usize>,
    },
    /// Parts whose outputs lose different edges, but not each part says which.
    #[error("{place}: its parts differ in padding_flag, and part {part} has none for its channels")]
    MissingFlag {
        /// The layer or group.
        place: String,
        /// Index of the part.
        part: usize,
    },
    /// A kernel that does not fit.
    #[error("{place}: a kernel of {cells} cells does not fit into {rows} crossbar rows")]
    KernelTooLarge {
        /// The layer or group.
        place: String,
        /// Cells of one channel of the kernel.
        cells: usize,
        /// Rows of a crossbar.
        rows: usize,
    },
}

impl SplitError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::MissingPart { .. } | Self::PartShape { .. } | Self::MissingFlag { .. } => {
                "check that the weights belong to one network and are complete"
            }
            Self::KernelTooLarge { .. } => "take larger crossbars (Xbar_Size)",
        }
    }
}

/// Rows of a crossbar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossbarRows(pub usize);

impl NamedTensors {
    /// These tensors with the parts of each layer's weights joined: `….layer_list.0.weight` and so
    /// on become `….weight`, of 32-bit floats. Other tensors stay as they are.
    ///
    /// # Errors
    /// Parts that are missing or do not fit together.
    pub fn joined(&self) -> Result<Self, SplitError> {
        let mut places: BTreeMap<&str, Parts<'_>> = BTreeMap::new();
        for (name, tensor) in self.iter() {
            if let Some(part) = PartName::of(name) {
                places.entry(part.place).or_default().add(&part, tensor);
            }
        }
        let mut joined = Self::new();
        for (name, tensor) in self.iter() {
            let Some(part) = PartName::of(name) else {
                joined.insert(name, tensor.clone());
                continue;
            };
            // All of a layer's parts stand where the first was.
            if let Some(parts) = places.remove(part.place) {
                let place = part.place;
                if let Some(weight) = parts.weight(place)? {
                    joined.insert(format!("{place}.weight"), weight);
                }
                if let Some(flag) = parts.flag(place)? {
                    joined.insert(format!("{place}.padding_flag"), flag);
                }
            }
        }
        Ok(joined)
    }

    /// These tensors with each layer's weights cut for crossbars of that many rows, whether they
    /// were cut before or not: convolutions into parts of floor(rows / kernel²) channels, fully
    /// connected layers into parts of as many features as there are rows.
    ///
    /// # Errors
    /// As [`Self::joined`]; a kernel of more cells than rows.
    pub fn split_for(&self, rows: CrossbarRows) -> Result<Self, SplitError> {
        let joined = self.joined()?;
        let mut split = Self::new();
        for (name, tensor) in joined.iter() {
            match whole(name) {
                Some((place, "weight")) => {
                    let parts = cut(place, tensor, rows)?;
                    let flag = joined.get(&format!("{place}.padding_flag"));
                    let mut first = 0;
                    for (index, part) in parts.into_iter().enumerate() {
                        let channels = channels(&part);
                        split.insert(format!("{place}.{LIST}.{index}.weight"), part);
                        if let Some(flag) = flag {
                            let name = format!("{place}.{LIST}.{index}.padding_flag");
                            split.insert(name, flags_of(flag, first..first + channels));
                        }
                        first += channels;
                    }
                }
                Some((_, "padding_flag")) => {}
                Some(_) | None => split.insert(name, tensor.clone()),
            }
        }
        Ok(split)
    }
}

/// A name of a part: `layer_list.3.layer_list.0.weight`.
struct PartName<'a> {
    place: &'a str,
    index: usize,
    kind: &'a str,
}

impl<'a> PartName<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (rest, kind) = name.rsplit_once('.')?;
        let (rest, index) = rest.rsplit_once('.')?;
        let place = rest.strip_suffix(LIST)?.strip_suffix('.')?;
        let index = index.parse().ok()?;
        let known = matches!(kind, "weight" | "padding_flag") && is_place(place);
        known.then_some(Self { place, index, kind })
    }
}

/// Place and kind of a name of joined weights: `layer_list.3.weight`.
fn whole(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('.').filter(|(place, _)| is_place(place))
}

/// `layer_list.3` or `layer_list.3.group_conv.1`.
fn is_place(place: &str) -> bool {
    let words: Vec<&str> = place.split('.').collect();
    let is_index = |word: &str| word.parse::<usize>().is_ok();
    match *words.as_slice() {
        [LIST, layer] => is_index(layer),
        [LIST, layer, GROUP, group] => is_index(layer) && is_index(group),
        _ => false,
    }
}

#[derive(Default)]
struct Parts<'a> {
    weights: BTreeMap<usize, &'a Tensor>,
    flags: BTreeMap<usize, &'a Tensor>,
}

impl<'a> Parts<'a> {
    fn add(&mut self, name: &PartName<'_>, tensor: &'a Tensor) {
        if name.kind == "weight" {
            self.weights.insert(name.index, tensor);
        } else {
            self.flags.insert(name.index, tensor);
        }
    }

    fn weight(&self, place: &str) -> Result<Option<Tensor>, SplitError> {
        let Some(first) = self.weights.values().next() else { return Ok(None) };
        for (expected, &index) in self.weights.keys().enumerate() {
            if index != expected {
                return Err(SplitError::MissingPart { place: shown(place), part: expected });
            }
        }
        for (&part, tensor) in &self.weights {
            if !continues(first, tensor) {
                return Err(SplitError::PartShape {
                    place: shown(place),
                    part,
                    found: tensor.dims().to_vec(),
                    first: first.dims().to_vec(),
                });
            }
        }
        let parts: Vec<&Tensor> = self.weights.values().copied().collect();
        Ok(concatenate(&parts))
    }

    fn flag(&self, place: &str) -> Result<Option<Tensor>, SplitError> {
        let Some(&first) = self.flags.values().next() else { return Ok(None) };
        if self.flags.values().all(|flag| flag.to_f32() == first.to_f32()) {
            return Ok(Some(first.clone()));
        }
        let mut flags = Vec::new();
        for (&part, weight) in &self.weights {
            let channels = channels(weight);
            match self.flags.get(&part).map(|flag| flag.to_f32()).as_deref() {
                Some(&[flag]) => flags.extend(std::iter::repeat_n(flag, channels)),
                Some(each) if each.len() == channels => flags.extend_from_slice(each),
                Some(_) | None => {
                    return Err(SplitError::MissingFlag { place: shown(place), part });
                }
            }
        }
        Ok(Some(Tensor::vector(flags)))
    }
}

/// Input channels of weights.
fn channels(weight: &Tensor) -> usize {
    weight.dims().get(1).copied().unwrap_or(0)
}

/// The flags of some channels: one, if they are the same.
fn flags_of(flag: &Tensor, channels: Range<usize>) -> Tensor {
    match flag.to_f32().get(channels) {
        Some(flags @ [first, ..]) if flags.iter().any(|flag| flag != first) => {
            Tensor::vector(flags.to_vec())
        }
        Some([first, ..]) if flag.to_f32().len() > 1 => Tensor::vector(vec![*first]),
        Some(_) | None => flag.clone(),
    }
}

/// Whether a part has the dimensions of another in all but the second, and the same type.
fn continues(first: &Tensor, part: &Tensor) -> bool {
    let same_type = first.data().type_name() == part.data().type_name();
    match (first.dims(), part.dims()) {
        ([outputs, _, window @ ..], [part_outputs, _, part_window @ ..]) => {
            same_type && outputs == part_outputs && window == part_window
        }
        _ => false,
    }
}

/// Joins along the second dimension tensors that continue each other.
fn concatenate(parts: &[&Tensor]) -> Option<Tensor> {
    let first = parts.first()?;
    let mut dims = first.dims().to_vec();
    let outputs = *dims.first()?;
    *dims.get_mut(1)? = parts.iter().filter_map(|part| part.dims().get(1)).sum();
    let floats: Vec<Vec<f32>> = parts.iter().map(|part| part.to_f32()).collect();
    let mut data = Vec::new();
    for output in 0..outputs {
        for part in &floats {
            let size = part.len() / outputs.max(1);
            data.extend_from_slice(part.get(output * size..(output + 1) * size)?);
        }
    }
    Tensor::f32(dims, data).ok()
}

/// The parts of a weight tensor for crossbars of that many rows.
fn cut(
    place: &str,
    tensor: &Tensor,
    CrossbarRows(rows): CrossbarRows,
) -> Result<Vec<Tensor>, SplitError> {
    let (outputs, inputs, window) = match tensor.dims() {
        &[outputs, inputs, ref window @ ..] => (outputs, inputs, window),
        _ => return Ok(vec![tensor.clone()]),
    };
    let cells = window.iter().fold(1_usize, |cells, &side| cells.saturating_mul(side));
    let of_part = rows.checked_div(cells).unwrap_or(0);
    if of_part == 0 {
        return Err(SplitError::KernelTooLarge { place: shown(place), cells, rows });
    }
    let mut parts = Vec::new();
    for start in (0..inputs).step_by(of_part) {
        let channels = of_part.min(inputs - start);
        let mut dims = vec![outputs, channels];
        dims.extend_from_slice(window);
        let data = columns(tensor.data(), (inputs * cells, start * cells, channels * cells));
        if let Ok(part) = Tensor::new(dims, data) {
            parts.push(part);
        }
    }
    Ok(parts)
}

/// From every row of that size, that many values from a start.
fn columns(data: &TensorData, (row, start, count): (usize, usize, usize)) -> TensorData {
    map_type!(data, values => values
        .chunks_exact(row.max(1))
        .flat_map(|row| row.iter().skip(start).take(count).copied())
        .collect())
}
