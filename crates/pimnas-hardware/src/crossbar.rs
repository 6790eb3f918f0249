//! The crossbar array: area, read latency, read power.

use pimnas_config::hardware::{AreaModel, CellType, Hardware, SimulationLevel};
use pimnas_units::{Nanoseconds, SquareMicrometres, Watts};

use crate::device;

/// Width over length of an access transistor. Source: constant of the reference simulator.
const TRANSISTOR_W_OVER_L: f64 = 3.0;
/// Share of a cell's read power that a half-selected cell takes in a passive array.
/// Source: constant of the reference simulator (half the voltage, a quarter of the power).
const HALF_SELECTED_SHARE: f64 = 0.25;
/// Polynomial of the wire latency in ps over the array size in KB, from the constant term up.
/// Source: fit used by the reference simulator.
const WIRE_LATENCY_PS: [f64; 3] = [4e-14, 5e-6, 0.0002];

/// Figures of one crossbar that do not depend on what it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossbar {
    /// Word lines.
    pub rows: u32,
    /// Bit lines.
    pub columns: u32,
    /// Area of the array.
    pub area: SquareMicrometres,
    /// Time of one read: device and wires.
    pub read_latency: Nanoseconds,
    cell: CellType,
    level: SimulationLevel,
    occupied_cell_power: Watts,
    idle_cell_power: Watts,
    full_power: Watts,
}

impl Crossbar {
    /// The crossbar of this hardware.
    #[must_use]
    pub fn new(hardware: &Hardware) -> Self {
        let crossbar = &hardware.crossbar;
        Self {
            rows: crossbar.rows,
            columns: crossbar.columns,
            area: area(hardware),
            read_latency: hardware.device.read_latency
                + wire_latency(crossbar.rows, crossbar.columns),
            cell: crossbar.cell,
            level: hardware.algorithm.simulation_level,
            occupied_cell_power: device::mean_read_power(&hardware.device),
            idle_cell_power: device::hrs_read_power(&hardware.device),
            full_power: full_array_power(hardware),
        }
    }

    /// Power of a read with `rows` × `columns` occupied cells.
    ///
    /// At behaviour level: cells × mean cell power, and in a passive array a quarter of an HRS
    /// cell's power for every other cell on the active rows. At estimation level: the whole
    /// array at the geometric mean resistance, whatever is occupied.
    #[must_use]
    pub fn read_power(&self, rows: u32, columns: u32) -> Watts {
        match self.level {
            SimulationLevel::Estimation => self.full_power,
            SimulationLevel::Behaviour => {
                let occupied = f64::from(rows) * f64::from(columns);
                let selected = self.occupied_cell_power * occupied;
                match self.cell {
                    CellType::OneTransistor => selected,
                    CellType::Passive => {
                        let idle =
                            f64::from(rows) * f64::from(self.columns.saturating_sub(columns));
                        selected + self.idle_cell_power * (HALF_SELECTED_SHARE * idle)
                    }
                }
            }
        }
    }
}

fn area(hardware: &Hardware) -> SquareMicrometres {
    let crossbar = &hardware.crossbar;
    let cells = f64::from(crossbar.rows) * f64::from(crossbar.columns);
    match crossbar.area_model {
        AreaModel::DeviceArea => hardware.device.area * cells,
        AreaModel::DeviceTechnology => {
            // nm² to µm²
            let square_feature = hardware.device.tech_nm * hardware.device.tech_nm * 1e-6;
            let features = match crossbar.cell {
                CellType::Passive => 4.0,
                CellType::OneTransistor => 3.0 * (TRANSISTOR_W_OVER_L + 1.0),
            };
            SquareMicrometres(features * cells * square_feature)
        }
    }
}

fn wire_latency(rows: u32, columns: u32) -> Nanoseconds {
    let size_kb = f64::from(rows) * f64::from(columns) / 1024.0 / 8.0;
    let [constant, linear, square] = WIRE_LATENCY_PS;
    Nanoseconds(0.001 * (square * size_kb * size_kb + linear * size_kb + constant))
}

fn full_array_power(hardware: &Hardware) -> Watts {
    let cells = f64::from(hardware.crossbar.rows) * f64::from(hardware.crossbar.columns);
    let (hrs, lrs) = device::resistance_ends(&hardware.device);
    let (low, high) = device::voltage_ends(&hardware.device);
    Watts(cells * ((low * low + high * high) / 2.0) / (hrs * lrs).sqrt())
}
