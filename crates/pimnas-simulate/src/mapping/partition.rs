//! How many PEs and tiles a layer takes, and how full they are.

use pimnas_config::hardware::Polarity;
use pimnas_hardware::{Accelerator, Occupancy, Quirk};

use crate::error::SimulationError;
use crate::graph::{HardwareLayer, LayerKind};

/// Largest number of PEs or matrix edges that a layer may take; far beyond any mesh, and small
/// enough that sums and products of the figures stay exact.
const LIMIT: u64 = 1 << 40;

/// The share of the hardware that a layer takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partition {
    /// Bits of a weight that are stored (without the sign where a pair of crossbars holds it).
    pub stored_bits: Option<u32>,
    /// Crossbars that share the bits of a weight.
    pub slices: u32,
    /// PEs side by side: for output channels and slices.
    pub across: u64,
    /// PEs below each other: for input channels.
    pub down: u64,
    /// Columns of the weight matrix: outputs × slices.
    pub matrix_width: u64,
    /// Rows of the weight matrix of one group.
    pub matrix_height: u64,
    /// PEs, copies included.
    pub pes: u64,
    /// Tiles.
    pub tiles: u64,
    /// How full the fullest crossbar, PE and tile are.
    pub occupancy: Occupancy,
}

impl Partition {
    /// The share of a layer of which there are `copies` copies.
    ///
    /// # Errors
    /// A kernel larger than a crossbar, weights without stored bits, numbers out of range.
    pub fn new(
        layer: &HardwareLayer,
        accelerator: &Accelerator<'_>,
        copies: u32,
    ) -> Result<Self, SimulationError> {
        let stored_bits = layer.weight_bits.map(|bits| match accelerator.hardware.pe.polarity {
            Polarity::Single => bits,
            Polarity::Pair => bits.saturating_sub(1),
        });
        let share = match layer.kind {
            LayerKind::Convolution | LayerKind::FullyConnected => {
                weights(layer, accelerator, stored_bits)?
            }
            LayerKind::Pooling => Self { across: 1, down: 1, ..Self::default() },
            LayerKind::ElementSum => Self::default(),
        };
        let pes = share
            .across
            .checked_mul(share.down)
            .and_then(|pes| pes.checked_mul(u64::from(copies)))
            .filter(|&pes| pes <= LIMIT)
            .ok_or_else(|| out_of_range(layer, "number of PEs", LIMIT as f64))?;
        let pes_per_tile = u64::from(accelerator.hardware.tile.pes());
        let in_fullest_tile = pes.min(pes_per_tile);
        Ok(Self {
            stored_bits,
            pes,
            tiles: pes.div_ceil(pes_per_tile),
            occupancy: Occupancy {
                pes: u32::try_from(in_fullest_tile).unwrap_or(u32::MAX),
                ..share.occupancy
            },
            ..share
        })
    }
}

fn out_of_range(layer: &HardwareLayer, what: &str, value: f64) -> SimulationError {
    SimulationError::OutOfRange { what: format!("{}: {what}", layer.reference()), value }
}

/// How a matrix is cut into crossbars.
struct Cut {
    /// Crossbars below each other.
    down: u64,
    /// Crossbars side by side, for one slice.
    across: u64,
    /// Rows used in the fullest crossbar.
    rows: u64,
    /// Columns used in the fullest crossbar.
    columns: u64,
}

fn weights(
    layer: &HardwareLayer,
    accelerator: &Accelerator<'_>,
    stored_bits: Option<u32>,
) -> Result<Partition, SimulationError> {
    let Some(stored_bits) = stored_bits else {
        return Err(SimulationError::UnknownWeightBits { layer: layer.reference() });
    };
    if stored_bits == 0 {
        let bits = layer.weight_bits.unwrap_or(0);
        return Err(SimulationError::NoWeightBits { layer: layer.reference(), bits });
    }
    let slices = if accelerator.quirks.keeps(Quirk::OneBitCellsInMapping) {
        stored_bits
    } else {
        stored_bits.div_ceil(accelerator.hardware.device.bits_per_cell().max(1))
    };
    let window = window(layer, accelerator)?;
    let dense = layer.groups == 1 || accelerator.quirks.keeps(Quirk::GroupsMappedDense);
    let cut = if dense {
        cut_dense(layer.in_channels, layer.out_channels, window, accelerator)
    } else {
        cut_groups(layer, window, accelerator)
    };
    let groups = accelerator.pe.groups;
    let matrix_height = window.checked_mul(layer.in_channels as u64);
    let matrix_width = u64::from(slices).checked_mul(layer.out_channels as u64);
    let (Some(matrix_height), Some(matrix_width)) =
        (matrix_height.filter(|&h| h <= LIMIT), matrix_width.filter(|&w| w <= LIMIT))
    else {
        return Err(out_of_range(layer, "edge of the weight matrix", LIMIT as f64));
    };
    Ok(Partition {
        slices,
        across: u64::from(slices.div_ceil(groups)) * cut.across,
        down: cut.down,
        matrix_width,
        matrix_height,
        occupancy: Occupancy {
            rows: u32::try_from(cut.rows).unwrap_or(u32::MAX),
            columns: u32::try_from(cut.columns).unwrap_or(u32::MAX),
            groups: slices.min(groups),
            pes: 0,
        },
        ..Partition::default()
    })
}

/// Rows that one input channel takes: kernel².
fn window(layer: &HardwareLayer, accelerator: &Accelerator<'_>) -> Result<u64, SimulationError> {
    let rows = accelerator.pe.crossbar.rows;
    let kernel = layer.kernel as u64;
    let window = kernel.saturating_mul(kernel);
    if window > u64::from(rows) {
        return Err(SimulationError::KernelTooLarge {
            layer: layer.reference(),
            kernel: layer.kernel,
            needed: window,
            rows,
        });
    }
    Ok(window)
}

/// A matrix whose rows all feed all columns. Whole channels stay in one crossbar.
fn cut_dense(
    in_channels: usize,
    out_channels: usize,
    window: u64,
    accelerator: &Accelerator<'_>,
) -> Cut {
    let crossbar = &accelerator.pe.crossbar;
    let (inputs, outputs) = (in_channels as u64, out_channels as u64);
    let channels_per_crossbar = u64::from(crossbar.rows) / window;
    Cut {
        down: inputs.div_ceil(channels_per_crossbar),
        across: outputs.div_ceil(u64::from(crossbar.columns)),
        rows: channels_per_crossbar.min(inputs) * window,
        columns: outputs.min(u64::from(crossbar.columns)),
    }
}

/// A block-diagonal matrix: each group has rows and columns of its own. Groups that fit share a
/// crossbar along its diagonal; a group that does not fit is cut like a dense matrix.
fn cut_groups(layer: &HardwareLayer, window: u64, accelerator: &Accelerator<'_>) -> Cut {
    let crossbar = &accelerator.pe.crossbar;
    let groups = layer.groups as u64;
    let outputs = layer.out_channels / layer.groups;
    let block = cut_dense(layer.in_channels, outputs, window, accelerator);
    if block.down > 1 || block.across > 1 {
        return Cut { down: block.down.saturating_mul(groups), ..block };
    }
    let on_diagonal = (u64::from(crossbar.rows) / block.rows.max(1))
        .min(u64::from(crossbar.columns) / block.columns.max(1))
        .clamp(1, groups);
    Cut {
        down: groups.div_ceil(on_diagonal),
        across: 1,
        rows: block.rows * on_diagonal,
        columns: block.columns * on_diagonal,
    }
}
