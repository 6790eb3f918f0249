//! `[Tile level]`.

use super::key::{Bounds, Key, Sentinel, Unset};

/// Section of the tile.
pub(crate) const TILE: &str = "Tile level";

/// PEs along each side of a tile where none are given.
const PE_SIDE_DEFAULT: f64 = 4.0;
/// Pooling window along each side where none is given.
const POOLING_SIDE_DEFAULT: f64 = 3.0;
/// Pooling units of a tile where none are given.
const POOLING_UNITS_DEFAULT: f64 = 64.0;
/// Technology of the pooling circuit where none is given, nm.
const POOLING_TECH_DEFAULT: f64 = 65.0;
const BANDWIDTH: Bounds = Bounds::positive(1e12);

pub(crate) static PE_NUM: Key = Key::pair(TILE, "PE_Num")
    .bounds(Bounds::between(1.0, 65_536.0))
    .unset(Unset::Constant(Sentinel::Zero, PE_SIDE_DEFAULT))
    .default("2,2")
    .about("PEs of a tile along x and y");
pub(crate) static POOLING_SHAPE: Key = Key::pair(TILE, "Pooling_shape")
    .bounds(Bounds::between(1.0, 1024.0))
    .unset(Unset::Constant(Sentinel::EitherZero, POOLING_SIDE_DEFAULT))
    .default("3,3")
    .about("window that the pooling circuit reduces in one pass");
pub(crate) static POOLING_UNIT_NUM: Key = Key::integer(TILE, "Pooling_unit_num")
    .bounds(Bounds::between(1.0, 1_048_576.0))
    .unset(Unset::Constant(Sentinel::Zero, POOLING_UNITS_DEFAULT))
    .default("64")
    .about("parallel pooling units of a tile");
pub(crate) static POOLING_TECH: Key = Key::integer(TILE, "Pooling_Tech")
    .unit("nm")
    .bounds(Bounds::between(1.0, 1e5))
    .unset(Unset::Constant(Sentinel::Zero, POOLING_TECH_DEFAULT))
    .default("65")
    .about("technology node of the pooling circuit");
pub(crate) static POOLING_AREA: Key = Key::number(TILE, "Pooling_area")
    .unit("µm²")
    .bounds(Bounds::positive(1e12))
    .unset(Unset::Modelled(Sentinel::Zero, "the figure of the technology table"))
    .default("0")
    .about("area of the whole pooling circuit of a tile");
pub(crate) static TILE_ADDER_NUM: Key =
    Key::integer(TILE, "Tile_Adder_Num").default("0").about("adders of a tile").unused();
pub(crate) static TILE_ADDER_LEVEL: Key =
    Key::integer(TILE, "Tile_Adder_Level").default("0").about("depth of the adder tree").unused();
pub(crate) static TILE_SHIFTREG_NUM: Key = Key::integer(TILE, "Tile_ShiftReg_Num")
    .default("0")
    .about("shift registers of a tile")
    .unused();
pub(crate) static TILE_SHIFTREG_LEVEL: Key = Key::integer(TILE, "Tile_ShiftReg_Level")
    .default("0")
    .about("depth of the shift registers")
    .unused();
pub(crate) static INTER_TILE_BANDWIDTH: Key = Key::number(TILE, "Inter_Tile_Bandwidth")
    .unit("Gbit/s")
    .bounds(BANDWIDTH)
    .default("20")
    .about("bandwidth of a link between two tiles");
pub(crate) static INTRA_TILE_BANDWIDTH: Key = Key::number(TILE, "Intra_Tile_Bandwidth")
    .unit("Gbit/s")
    .bounds(BANDWIDTH)
    .default("1024")
    .about("bandwidth between the PEs of a tile");
pub(crate) static TILE_LEVEL_OUTBUF_SIZE: Key = Key::number(TILE, "Tile_outBuf_Size")
    .unit("KB")
    .default("0")
    .about("not read: the key of the same name in [Process element level] counts")
    .unused();
pub(crate) static TILE_LEVEL_OUTBUF_AREA: Key = Key::number(TILE, "Tile_outBuf_Area")
    .unit("µm²")
    .default("0")
    .about("not read: the key of the same name in [Process element level] counts")
    .unused();
pub(crate) static TILE_LEVEL_DFU_BUF_SIZE: Key = Key::number(TILE, "DFU_Buf_Size")
    .unit("KB")
    .default("0")
    .about("not read: the key of the same name in [Process element level] counts")
    .unused();
pub(crate) static TILE_LEVEL_DFU_BUF_AREA: Key = Key::number(TILE, "DFU_Buf_Area")
    .unit("µm²")
    .default("0")
    .about("not read: the key of the same name in [Process element level] counts")
    .unused();
