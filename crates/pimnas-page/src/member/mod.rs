//! A member of the front: its network on its hardware, as a value to draw.
//!
//! [`MemberDetail::new`] makes it from a network and a hardware by simulating them.

mod build;
mod floor;
mod network;

use serde::{Deserialize, Serialize};

pub use floor::{FloorPlan, TileRun};
pub use network::{NetworkDrawing, Node};

/// A network on a hardware, with all that is drawn of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberDetail {
    /// Facts of the hardware, by name, in words.
    pub hardware: Vec<(String, String)>,
    /// The network.
    pub network: NetworkDrawing,
    /// Layers that have circuits, in order.
    pub layers: Vec<LayerFigures>,
    /// Where their tiles are.
    pub floor: FloorPlan,
    /// Figures by kind of circuit.
    pub modules: Vec<ModuleFigures>,
    /// Figures of the whole.
    pub totals: Totals,
}

/// Figures of one inference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Latency, ns.
    pub latency_ns: f64,
    /// Energy, nJ.
    pub energy_nj: f64,
    /// Area, µm².
    pub area_um2: f64,
    /// Power with all layers at work, W.
    pub power_w: f64,
    /// Share of crossbar cells that hold weights, in tiles of layers with weights; 0 to 1.
    pub cells_used: f64,
    /// Operations by energy, 10¹² a joule.
    pub tops_per_watt: f64,
}

/// Figures of a layer that has circuits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerFigures {
    /// Its name.
    pub name: String,
    /// What it is, such as `conv`.
    pub kind: String,
    /// Tiles; 0 for a sum, which the global accumulator computes.
    pub tiles: u64,
    /// PEs.
    pub pes: u64,
    /// Share of its crossbar cells that hold weights, 0 to 1; `None` without weights.
    pub cells_used: Option<f64>,
    /// Begin of its first position, ns.
    pub begin_ns: f64,
    /// End of its first position, ns.
    pub first_finish_ns: f64,
    /// End of its last position, ns.
    pub finish_ns: f64,
    /// Share of the time from begin to end in which it works, 0 to 1.
    pub occupancy: f64,
    /// Energy, nJ.
    pub energy_nj: f64,
    /// Area of its tiles, µm².
    pub area_um2: f64,
}

impl LayerFigures {
    /// Time in which it works, ns.
    #[must_use]
    pub fn active_ns(&self) -> f64 {
        (self.finish_ns - self.begin_ns) * self.occupancy
    }
}

/// Figures of a kind of circuit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModuleFigures {
    /// The kind.
    pub name: String,
    /// Time spent in it, summed over layers, ns. Layers overlap in time.
    pub time_ns: f64,
    /// Energy, nJ.
    pub energy_nj: f64,
    /// Area, µm².
    pub area_um2: f64,
}
