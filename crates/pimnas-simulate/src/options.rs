//! How a simulation is done.

use pimnas_hardware::{Fidelity, Quirks};

/// How the layers of a network share time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InnerPipeline {
    /// A layer starts on a position as soon as the positions that it needs are there.
    #[default]
    Enabled,
    /// A layer starts when the layers before it are complete.
    Disabled,
}

/// What the input buffers of PEs hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BufferSizing {
    /// What the timeline needs: a few lines with the inner pipeline, whole inputs without.
    #[default]
    FollowPipeline,
    /// A few lines, whatever the timeline (the search interface of the reference does this).
    Lines,
    /// Whole inputs.
    WholeInputs,
}

/// How a simulation is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Defects of the reference that are kept.
    pub quirks: Quirks,
    /// How layers share time.
    pub inner_pipeline: InnerPipeline,
    /// What input buffers hold.
    pub buffer_sizing: BufferSizing,
    /// Copies of each hardware layer (convolution, fully connected, pooling, sum; in order),
    /// each working on its own columns of the output. Empty: one each. Only convolutions may
    /// have more.
    pub replication: Vec<u32>,
}

impl Options {
    /// Options of that fidelity, with the inner pipeline.
    #[must_use]
    pub fn new(fidelity: Fidelity) -> Self {
        Self {
            quirks: fidelity.into(),
            inner_pipeline: InnerPipeline::default(),
            buffer_sizing: BufferSizing::default(),
            replication: Vec::new(),
        }
    }

    /// These options with or without the inner pipeline.
    #[must_use]
    pub fn with_inner_pipeline(mut self, inner_pipeline: InnerPipeline) -> Self {
        self.inner_pipeline = inner_pipeline;
        self
    }

    /// Whether input buffers hold whole inputs.
    pub(crate) fn buffers_hold_inputs(&self) -> bool {
        match (self.buffer_sizing, self.inner_pipeline) {
            (BufferSizing::WholeInputs, _)
            | (BufferSizing::FollowPipeline, InnerPipeline::Disabled) => true,
            (BufferSizing::Lines, _) | (BufferSizing::FollowPipeline, InnerPipeline::Enabled) => {
                false
            }
        }
    }

    /// Copies of the hardware layer of that index.
    pub(crate) fn copies(&self, layer: usize) -> u32 {
        self.replication.get(layer).copied().unwrap_or(1)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new(Fidelity::Reference)
    }
}
