//! What a report means: work done, throughput, and what bounds the latency.

use pimnas_units::{Nanojoules, Nanoseconds};

use crate::graph::{HardwareLayer, LayerKind, Producer};
use crate::report::SimReport;

/// A layer on the path that decides the latency, and what it adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathStep {
    /// Hardware layer.
    pub layer: usize,
    /// From the end of the inputs' last output to the end of this layer's.
    pub added: Nanoseconds,
}

impl HardwareLayer {
    /// Multiplications with a weight for one inference.
    #[must_use]
    pub fn macs(&self) -> f64 {
        match self.kind {
            LayerKind::Convolution | LayerKind::FullyConnected => {
                let window = self.kernel as f64 * self.kernel as f64;
                let outputs = self.out_channels as f64 * self.out_size.positions() as f64;
                window * self.in_channels as f64 * outputs
            }
            LayerKind::Pooling | LayerKind::ElementSum => 0.0,
        }
    }
}

impl SimReport {
    /// Multiplications with a weight for one inference.
    #[must_use]
    pub fn macs(&self) -> f64 {
        self.graph.layers.iter().map(HardwareLayer::macs).sum()
    }

    /// Throughput of one inference at a time, 10¹² operations a second (a multiplication and an
    /// addition are two).
    #[must_use]
    pub fn tops(&self) -> f64 {
        // Operations a nanosecond are 10⁹ a second.
        2.0 * self.macs() / self.timeline.total.value() * 1e-3
    }

    /// Operations by energy, 10¹² a joule (TOPS/W).
    #[must_use]
    pub fn tops_per_watt(&self) -> f64 {
        // Operations a nanojoule are 10⁹ a joule.
        2.0 * self.macs() / self.energy.total.value() * 1e-3
    }

    /// The layer that works longest: with the inner pipeline it bounds the rate of inferences.
    #[must_use]
    pub fn bottleneck(&self) -> usize {
        let active = |&layer: &usize| self.timeline.layers[layer].active().value();
        let longest =
            (0..self.timeline.layers.len()).max_by(|a, b| active(a).total_cmp(&active(b)));
        longest.unwrap_or(0)
    }

    /// The layer that takes most energy.
    #[must_use]
    pub fn most_energy(&self) -> usize {
        let energy = |&layer: &usize| self.energy.layers[layer].total.value();
        let most = (0..self.energy.layers.len()).max_by(|a, b| energy(a).total_cmp(&energy(b)));
        most.unwrap_or(0)
    }

    /// Layers from the input to the last to finish, each with the time that it adds to the end
    /// of the latest of its inputs. The times add up to the latency.
    #[must_use]
    pub fn critical_path(&self) -> Vec<PathStep> {
        let finish = |layer: usize| self.timeline.layers[layer].finish;
        let mut next = (0..self.graph.layers.len())
            .max_by(|&a, &b| finish(a).value().total_cmp(&finish(b).value()));
        let mut path = Vec::new();
        while let Some(layer) = next {
            let producers = self.graph.layers[layer].inputs.iter().filter_map(|&from| match from {
                Producer::Input => None,
                Producer::Layer(from) => Some(from),
            });
            next = producers.max_by(|&a, &b| finish(a).value().total_cmp(&finish(b).value()));
            let before = next.map_or(Nanoseconds::ZERO, finish);
            path.push(PathStep { layer, added: finish(layer) - before });
        }
        path.reverse();
        path
    }

    /// Share of a layer in the energy of an inference.
    #[must_use]
    pub fn energy_share(&self, layer: usize) -> f64 {
        let total = self.energy.total;
        if total > Nanojoules::ZERO { self.energy.layers[layer].total / total } else { 0.0 }
    }
}
