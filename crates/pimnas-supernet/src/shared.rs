//! Shared tensors: one for each named layer, as large as any rollout asks for.

use indexmap::IndexMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::SupernetError;

/// What a shared tensor is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weights of a convolution.
    Convolution,
    /// Weights of a fully connected layer.
    Linear,
    /// Factors of a batch normalisation; 1 at first.
    Factor,
    /// Offsets of a batch normalisation; 0 at first.
    Offset,
}

/// A shared tensor with what the optimiser remembers of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// What it is.
    pub role: Role,
    /// Outputs × kernel rows × kernel columns × inputs (of all groups); the sides of kernels are
    /// odd. Fully connected layers have a kernel of 1, vectors inputs of 1, too.
    pub dims: [usize; 4],
    /// Bound of the values at first.
    pub bound: f32,
    /// The values, row by row.
    pub values: Vec<f32>,
    /// First moments of the optimiser.
    pub first: Vec<f32>,
    /// Second moments of the optimiser.
    pub second: Vec<f32>,
}

impl Shared {
    /// Position of a value.
    #[must_use]
    pub fn position(&self, [output, row, column, input]: [usize; 4]) -> usize {
        let [_, rows, columns, inputs] = self.dims;
        ((output * rows + row) * columns + column) * inputs + input
    }

    /// Sum of magnitudes of each output's values.
    #[must_use]
    pub fn norms(&self) -> Vec<f32> {
        let size = self.dims.iter().skip(1).product::<usize>().max(1);
        self.values.chunks(size).map(|row| row.iter().map(|value| value.abs()).sum()).collect()
    }
}

/// All shared tensors by name, `<layer's name>.weight` and `<layer's name>.bias`.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedStore {
    seed: u64,
    tensors: IndexMap<String, Shared>,
}

impl SharedStore {
    /// None yet. First values follow from the seed, a tensor's name and a value's place in it
    /// alone (kernels counted from their centre), not from when and in which order tensors grow.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, tensors: IndexMap::new() }
    }

    /// Makes room for what a rollout asks for; values that are there stay as they are. The bound
    /// of first values is that of the inputs which a tensor has when it is made.
    pub fn ask(&mut self, name: &str, role: Role, dims: [usize; 4]) {
        let held = self.tensors.get(name).map_or([0; 4], |shared| shared.dims);
        let mut wanted = held;
        wanted.iter_mut().zip(dims).for_each(|(held, asked)| *held = (*held).max(asked));
        if wanted == held {
            return;
        }
        let bound = match self.tensors.get(name) {
            Some(shared) => shared.bound,
            None => first_bound(role, dims),
        };
        let empty = Shared {
            role,
            dims: [0; 4],
            bound,
            values: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
        };
        let old = self.tensors.get(name).unwrap_or(&empty);
        let grown = self.grown(name, old, wanted);
        self.tensors.insert(name.to_owned(), grown);
    }

    fn grown(&self, name: &str, old: &Shared, dims: [usize; 4]) -> Shared {
        let size = dims.iter().product();
        let mut new = Shared {
            dims,
            values: Vec::with_capacity(size),
            first: vec![0.0; size],
            second: if old.second.is_empty() { Vec::new() } else { vec![0.0; size] },
            ..*old
        };
        let key = xxh3_64_with_seed(name.as_bytes(), self.seed);
        // Both sides are odd: kernels share their centre.
        let shift = [(dims[1] - old.dims[1]) / 2, (dims[2] - old.dims[2]) / 2];
        for place in places(dims) {
            let [output, row, column, input] = place;
            let inside = |at: usize, shift: usize, side: usize| {
                at.checked_sub(shift).filter(|&at| at < side)
            };
            let known = (output < old.dims[0] && input < old.dims[3])
                .then(|| {
                    let row = inside(row, shift[0], old.dims[1])?;
                    let column = inside(column, shift[1], old.dims[2])?;
                    Some(old.position([output, row, column, input]))
                })
                .flatten();
            let at = new.values.len();
            match known {
                Some(from) => {
                    new.values.push(old.values[from]);
                    new.first[at] = old.first[from];
                    if let Some(&second) = old.second.get(from) {
                        new.second[at] = second;
                    }
                }
                None => new.values.push(first_value(&new, key, place)),
            }
        }
        new
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// [`SupernetError::TooLarge`] where it does not hold `asked`.
    pub fn holding(
        &self,
        name: &str,
        asked: [usize; 4],
    ) -> Result<(usize, &Shared), SupernetError> {
        let found = self.tensors.get_full(name);
        let held = found.map_or([0; 4], |(_, _, shared)| shared.dims);
        match found {
            Some((index, _, shared)) if asked.iter().zip(held).all(|(a, h)| *a <= h) => {
                Ok((index, shared))
            }
            Some(_) | None => Err(SupernetError::TooLarge { name: name.to_owned(), held, asked }),
        }
    }

    /// The tensor at a position.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Shared> {
        self.tensors.get_index(index).map(|(_, shared)| shared)
    }

    /// The tensor at a position, to be changed.
    pub fn at_mut(&mut self, index: usize) -> Option<&mut Shared> {
        self.tensors.get_index_mut(index).map(|(_, shared)| shared)
    }

    /// Names and tensors in the order in which they were first asked for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Shared)> {
        self.tensors.iter().map(|(name, shared)| (name.as_str(), shared))
    }

    /// The tensor of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Shared> {
        self.tensors.get(name)
    }

    /// Adds a tensor, or replaces the one of that name.
    pub(crate) fn insert(&mut self, name: String, shared: Shared) {
        self.tensors.insert(name, shared);
    }

    /// Seed of first values.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Number of values of all tensors.
    #[must_use]
    pub fn values(&self) -> usize {
        self.tensors.values().map(|shared| shared.values.len()).sum()
    }
}

/// All places of a tensor, row by row.
fn places(dims: [usize; 4]) -> impl Iterator<Item = [usize; 4]> {
    let [outputs, rows, columns, inputs] = dims;
    (0..outputs * rows * columns * inputs).map(move |at| {
        let (rest, input) = (at / inputs, at % inputs);
        let (rest, column) = (rest / columns, rest % columns);
        [rest / rows, rest % rows, column, input]
    })
}

/// Bounds of uniform first values: ±√(6 / inputs) of convolutions (He's rule for rectified
/// layers), ±√(1 / inputs) of fully connected layers.
fn first_bound(role: Role, [_, rows, columns, inputs]: [usize; 4]) -> f32 {
    let inputs = (rows * columns * inputs).max(1) as f64;
    match role {
        Role::Convolution => (6.0 / inputs).sqrt() as f32,
        Role::Linear => (1.0 / inputs).sqrt() as f32,
        Role::Factor | Role::Offset => 0.0,
    }
}

fn first_value(shared: &Shared, key: u64, [output, row, column, input]: [usize; 4]) -> f32 {
    match shared.role {
        Role::Factor => 1.0,
        Role::Offset => 0.0,
        Role::Convolution | Role::Linear => {
            let centred = |at: usize, side: usize| at as i64 - (side / 2) as i64;
            let (row, column) = (centred(row, shared.dims[1]), centred(column, shared.dims[2]));
            let place = [output as i64, row, column, input as i64];
            let mut bytes = [0; 32];
            for (to, from) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(place) {
                *to = from.to_le_bytes();
            }
            let unit = (xxh3_64_with_seed(&bytes, key) >> 11) as f64 / (1_u64 << 53) as f64;
            ((unit * 2.0 - 1.0) * f64::from(shared.bound)) as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_keeps_values_and_does_not_depend_on_its_order() {
        let mut at_once = SharedStore::new(7);
        at_once.ask("a.weight", Role::Convolution, [4, 1, 1, 2]);
        let mut slowly = at_once.clone();
        at_once.ask("a.weight", Role::Convolution, [6, 5, 5, 3]);
        slowly.ask("a.weight", Role::Convolution, [4, 3, 3, 2]);
        let between = slowly.clone();
        slowly.ask("a.weight", Role::Convolution, [5, 3, 3, 3]);
        slowly.ask("a.weight", Role::Convolution, [6, 5, 5, 1]);
        assert_eq!(at_once, slowly);
        let (old, new) = (between.at(0).unwrap(), slowly.at(0).unwrap());
        for [output, row, column, input] in places(old.dims) {
            let moved = [output, row + 1, column + 1, input];
            let (from, to) = (old.position([output, row, column, input]), new.position(moved));
            assert_eq!(old.values[from].to_bits(), new.values[to].to_bits());
        }
        assert!(new.values.iter().all(|value| value.abs() <= new.bound));
    }
}
