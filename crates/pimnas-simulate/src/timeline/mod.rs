//! When each layer works on each of its output positions.
//!
//! Every layer walks its output positions in row order. A position begins when the layer is done
//! with the one before and the inputs that it needs are there, and takes a time that depends
//! only on its [`PositionClass`]. So the walk is one addition and one maximum a position, and the
//! time spent by part is a count of positions for each class.

mod breakdown;
mod cost;
mod need;
mod occupancy;
mod walk;

use pimnas_hardware::{Accelerator, HardwareError, Quirk};
use pimnas_units::Nanoseconds;

use crate::graph::{HardwareGraph, LayerKind};
use crate::mapping::Mapping;
use crate::options::{InnerPipeline, Options};
pub use breakdown::TimeBreakdown;
use cost::CostModel;
pub use cost::PositionClass;
use walk::Walk;

/// Timing of one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerTiming {
    /// Begin of the first position.
    pub begin: Nanoseconds,
    /// End of the last position to end.
    pub finish: Nanoseconds,
    /// End of the first position.
    pub first_finish: Nanoseconds,
    /// Outputs: positions of a map, features of a fully connected layer.
    pub outputs: usize,
    /// Share of the time from begin to finish in which the layer works.
    pub occupancy: f64,
    /// Time spent by part, over all positions.
    pub spent: TimeBreakdown,
}

impl LayerTiming {
    /// Time during which the layer works.
    #[must_use]
    pub fn active(&self) -> Nanoseconds {
        (self.finish - self.begin) * self.occupancy
    }
}

/// Timing of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Timing of each hardware layer.
    pub layers: Vec<LayerTiming>,
    /// Latency of the network.
    pub total: Nanoseconds,
}

impl Timeline {
    /// The timeline of a mapped network.
    ///
    /// # Errors
    /// A buffer for which the technology table has no figures.
    pub fn new(
        graph: &HardwareGraph,
        mapping: &Mapping,
        accelerator: &Accelerator<'_>,
        options: &Options,
    ) -> Result<Self, HardwareError> {
        let model = CostModel::new(graph, mapping, accelerator, options)?;
        let mut walk = Walk::new(graph, options, accelerator.quirks);
        let layers: Vec<LayerTiming> = (0..graph.layers.len())
            .map(|layer| {
                let cost = model.layer(layer);
                let mut timing = walk.layer(layer, &cost);
                if unreported_merge(graph, layer, accelerator, options) {
                    timing.spent.merge = Nanoseconds::ZERO;
                    timing.spent.transfer = Nanoseconds::ZERO;
                }
                timing
            })
            .collect();
        let total = walk.total(&layers, accelerator.quirks);
        Ok(Self { layers, total })
    }
}

/// Without the inner pipeline, the reference spends these times but does not report them.
fn unreported_merge(
    graph: &HardwareGraph,
    layer: usize,
    accelerator: &Accelerator<'_>,
    options: &Options,
) -> bool {
    options.inner_pipeline == InnerPipeline::Disabled
        && accelerator.quirks.keeps(Quirk::UnreportedMergeWithoutPipeline)
        && cost::timed_as(graph, layer, accelerator.quirks) == LayerKind::Convolution
}
