//! Where a network's tiles are on the mesh.

use pimnas_config::Hardware;
use pimnas_simulate::SimReport;
use pimnas_simulate::mapping::placement::walk;
use serde::{Deserialize, Serialize};

/// Most tiles of which the places are kept; a picture of more shows nothing.
pub const MAX_DRAWN_TILES: u64 = 1 << 16;

/// Tiles of a network on the mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorPlan {
    /// Rows of the mesh.
    pub rows: u32,
    /// Columns of the mesh.
    pub columns: u32,
    /// Tiles used.
    pub used: u64,
    /// Neighbouring tiles of a row that belong to the same layer; empty where there are more
    /// than 65,536.
    pub runs: Vec<TileRun>,
}

/// Tiles beside each other in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileRun {
    /// Row.
    pub row: u32,
    /// First column.
    pub column: u32,
    /// Tiles.
    pub length: u32,
    /// The layer, by its position among those with circuits.
    pub layer: usize,
}

impl FloorPlan {
    /// The tiles of a simulated network.
    #[must_use]
    pub fn new(hardware: &Hardware, report: &SimReport) -> Self {
        let architecture = &hardware.architecture;
        let used = report.mapping.used_tiles;
        let mut plan = Self {
            rows: architecture.tile_grid.0,
            columns: architecture.tile_grid.1,
            used,
            runs: Vec::new(),
        };
        if used > MAX_DRAWN_TILES {
            return plan;
        }
        let partitions = report.mapping.partitions.iter().enumerate();
        let mut layers = partitions.flat_map(|(layer, part)| (0..part.tiles).map(move |_| layer));
        let mut tiles = Vec::new();
        walk(architecture.placement, architecture.tile_grid, used, |place| {
            if let Some(layer) = layers.next() {
                tiles.push((place.row, place.column, layer));
            }
        });
        tiles.sort_unstable();
        for (row, column, layer) in tiles {
            match plan.runs.last_mut() {
                Some(run)
                    if run.row == row
                        && run.layer == layer
                        && run.column + run.length == column =>
                {
                    run.length += 1;
                }
                Some(_) | None => plan.runs.push(TileRun { row, column, length: 1, layer }),
            }
        }
        plan
    }
}
