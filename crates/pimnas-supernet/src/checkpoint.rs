//! A super net and its training as one file: safetensors, with what is no tensor as JSON in its
//! metadata.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pimnas_search::Space;
use pimnas_train::{Position, Sums, TrainingOptions};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::SupernetError;
use crate::sampler::{LossTable, SamplerKind};
use crate::select::Selection;
use crate::shared::{Role, Shared};
use crate::supernet::{Statistics, SuperNet};
use crate::trainer::SupernetTrainer;

/// Key of the metadata.
const KEY: &str = "pimnas_supernet";
/// Version of the form.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    space: String,
    /// Hash of all decisions.
    decisions: u64,
    selection: Selection,
    seed: u64,
    options: TrainingOptions,
    sampler: SamplerKind,
    losses: LossTable,
    position: Position,
    sums: Sums,
    optimiser_steps: u64,
    /// Hash of the images.
    data: Option<u64>,
    /// Names of the shared tensors in their order, roles, bits of their first bounds.
    tensors: Vec<(String, u8, u32)>,
    /// Bits of full ranges by key.
    scales: BTreeMap<String, Option<u32>>,
}

fn wrong(why: impl Into<String>) -> SupernetError {
    SupernetError::Checkpoint { why: why.into() }
}

fn role_number(role: Role) -> u8 {
    match role {
        Role::Convolution => 0,
        Role::Linear => 1,
        Role::Factor => 2,
        Role::Offset => 3,
    }
}

fn role_of(number: u8) -> Result<Role, SupernetError> {
    [Role::Convolution, Role::Linear, Role::Factor, Role::Offset]
        .get(usize::from(number))
        .copied()
        .ok_or_else(|| wrong("has a tensor of an unknown role"))
}

/// What the decisions of a space are.
fn hash(space: &dyn Space) -> u64 {
    let mut text = String::new();
    for decision in space.decisions().list() {
        text.push_str(&decision.path);
        for choice in &decision.choices {
            text.push('\0');
            text.push_str(&choice.to_string());
        }
        text.push('\n');
    }
    xxh3_64(text.as_bytes())
}

type Named = Vec<(String, Vec<usize>, Vec<u8>)>;

fn add(tensors: &mut Named, name: String, dims: &[usize], values: &[f32]) {
    if !values.is_empty() {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tensors.push((name, dims.to_vec(), bytes));
    }
}

impl SupernetTrainer {
    /// The training as a file's bytes: shared tensors, moments of the optimiser, statistics,
    /// losses, position. Random numbers depend on the seed and the position alone.
    ///
    /// # Errors
    /// [`SupernetError::Checkpoint`] where it cannot be written.
    pub fn checkpoint(&self) -> Result<Vec<u8>, SupernetError> {
        let mut tensors = Named::new();
        let mut heads = Vec::new();
        for (name, shared) in self.net.shared.iter() {
            heads.push((name.to_owned(), role_number(shared.role), shared.bound.to_bits()));
            for (kind, values) in
                [("value", &shared.values), ("first", &shared.first), ("second", &shared.second)]
            {
                add(&mut tensors, format!("{kind}.{name}"), &shared.dims, values);
            }
        }
        for (key, kept) in &self.net.statistics {
            for (kind, values) in [("mean", &kept.mean), ("variance", &kept.variance)] {
                add(&mut tensors, format!("{kind}.{key}"), &[values.len()], values);
            }
        }
        let scale = |kept: &Statistics| kept.scale.map(f32::to_bits);
        let head = Head {
            version: VERSION,
            space: self.net.space().name().to_owned(),
            decisions: hash(self.net.space()),
            selection: self.net.selection,
            seed: self.net.shared.seed(),
            options: self.options.clone(),
            sampler: self.sampler,
            losses: self.losses.clone(),
            position: self.position,
            sums: self.sums,
            optimiser_steps: self.optimiser_steps,
            data: self.data,
            tensors: heads,
            scales: self.net.statistics.iter().map(|(k, kept)| (k.clone(), scale(kept))).collect(),
        };
        let head = serde_json::to_string(&head).map_err(|error| wrong(error.to_string()))?;
        let views: Result<Vec<(&str, TensorView<'_>)>, _> = tensors
            .iter()
            .map(|(name, dims, bytes)| {
                TensorView::new(Dtype::F32, dims.clone(), bytes).map(|view| (name.as_str(), view))
            })
            .collect();
        let views = views.map_err(|error| wrong(error.to_string()))?;
        let metadata = HashMap::from([(KEY.to_owned(), head)]);
        safetensors::serialize(views, Some(metadata)).map_err(|error| wrong(error.to_string()))
    }

    /// The name of the space that a checkpoint is of.
    ///
    /// # Errors
    /// A file that is no checkpoint of a super net.
    pub fn space_of(bytes: &[u8]) -> Result<String, SupernetError> {
        Ok(read_head(bytes)?.space)
    }

    /// The training that a checkpoint of that space holds.
    ///
    /// # Errors
    /// A file that is none, that lacks something, or that is of another space.
    pub fn from_checkpoint(space: Arc<dyn Space>, bytes: &[u8]) -> Result<Self, SupernetError> {
        let head = read_head(bytes)?;
        if head.decisions != hash(space.as_ref()) || head.space != space.name() {
            let why = format!("is of the space {}, as it was when it began", head.space);
            return Err(wrong(why));
        }
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| wrong(format!("is no safetensors file: {error}")))?;
        let mut net = SuperNet::new(space, (head.selection, head.seed))?;
        for (name, role, bound) in head.tensors {
            let (dims, values) = read(&tensors, &format!("value.{name}"))?
                .ok_or_else(|| wrong(format!("lacks `{name}`")))?;
            let Ok(dims) = <[usize; 4]>::try_from(dims) else {
                return Err(wrong(format!("has `{name}` in another shape")));
            };
            let moments = |kind: &str| -> Result<Option<Vec<f32>>, SupernetError> {
                match read(&tensors, &format!("{kind}.{name}"))? {
                    Some((_, found)) if found.len() != values.len() => {
                        Err(wrong(format!("has moments of `{name}` in another shape")))
                    }
                    Some((_, found)) => Ok(Some(found)),
                    None => Ok(None),
                }
            };
            let first = moments("first")?.unwrap_or_else(|| vec![0.0; values.len()]);
            let second = moments("second")?.unwrap_or_default();
            let (role, bound) = (role_of(role)?, f32::from_bits(bound));
            net.shared.insert(name, Shared { role, dims, bound, values, first, second });
        }
        for (key, scale) in head.scales {
            let part = |kind: &str| -> Result<Vec<f32>, SupernetError> {
                Ok(read(&tensors, &format!("{kind}.{key}"))?.map(|(_, v)| v).unwrap_or_default())
            };
            let kept = Statistics {
                mean: part("mean")?,
                variance: part("variance")?,
                scale: scale.map(f32::from_bits),
            };
            net.statistics.insert(key, kept);
        }
        let mut trainer = Self::new(net, (head.options, head.sampler))?;
        trainer.losses = head.losses;
        (trainer.position, trainer.sums) = (head.position, head.sums);
        trainer.optimiser_steps = head.optimiser_steps;
        trainer.data = head.data;
        Ok(trainer)
    }
}

fn read_head(bytes: &[u8]) -> Result<Head, SupernetError> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|error| wrong(format!("is no safetensors file: {error}")))?;
    let head = metadata.metadata().as_ref().and_then(|entries| entries.get(KEY));
    let head = head.ok_or_else(|| wrong(format!("has no `{KEY}` in its metadata")))?;
    let head: Head = serde_json::from_str(head)
        .map_err(|error| wrong(format!("has metadata of another form: {error}")))?;
    if head.version != VERSION {
        return Err(wrong(format!("has version {}; this is {VERSION}", head.version)));
    }
    Ok(head)
}

/// A tensor's dimensions and values.
type Found = Option<(Vec<usize>, Vec<f32>)>;

fn read(tensors: &SafeTensors<'_>, name: &str) -> Result<Found, SupernetError> {
    let Ok(view) = tensors.tensor(name) else { return Ok(None) };
    if view.dtype() != Dtype::F32 {
        return Err(wrong(format!("has `{name}` in another type")));
    }
    let values = view.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Ok(Some((view.shape().to_vec(), values)))
}
