//! `[Architecture level]`.

use super::key::{Bounds, Key, Sentinel, Unset};

/// Section of the buffers and of the mesh of tiles.
pub(crate) const ARCHITECTURE: &str = "Architecture level";

/// Buffer technology where none is given, nm.
const BUFFER_TECH_DEFAULT: f64 = 65.0;
/// Buffer bus width where none is given, bit.
const BUFFER_BITS_DEFAULT: f64 = 256.0;
/// Tiles along each side of the mesh where none are given.
const TILE_SIDE_DEFAULT: f64 = 8.0;
const MILLIWATTS: Bounds = Bounds::positive(1e9);
const TABLE: Unset = Unset::Modelled(Sentinel::Zero, "the figure of the SRAM table");

pub(crate) static BUFFER_CHOICE: Key = Key::with_choices(
    ARCHITECTURE,
    "Buffer_Choice",
    &[(0, "user defined"), (1, "SRAM"), (2, "DRAM"), (3, "RRAM")],
)
.default("1")
.about("memory technology of the buffers");
pub(crate) static BUFFER_TECHNOLOGY: Key = Key::integer(ARCHITECTURE, "Buffer_Technology")
    .unit("nm")
    .bounds(Bounds::between(1.0, 1e5))
    .unset(Unset::Constant(Sentinel::Zero, BUFFER_TECH_DEFAULT))
    .default("90")
    .about("technology node of the buffers");
pub(crate) static BUFFER_READPOWER: Key = Key::number(ARCHITECTURE, "Buffer_ReadPower")
    .unit("mW")
    .bounds(MILLIWATTS)
    .unset(TABLE)
    .default("0")
    .about("power of a buffer while it is read");
pub(crate) static BUFFER_WRITEPOWER: Key = Key::number(ARCHITECTURE, "Buffer_WritePower")
    .unit("mW")
    .bounds(MILLIWATTS)
    .unset(TABLE)
    .default("0")
    .about("power of a buffer while it is written");
pub(crate) static BUFFER_BITWIDTH: Key = Key::integer(ARCHITECTURE, "Buffer_Bitwidth")
    .unit("bit")
    .bounds(Bounds::between(1.0, 1_048_576.0))
    .unset(Unset::Constant(Sentinel::Zero, BUFFER_BITS_DEFAULT))
    .default("64")
    .about("width of the bus of a buffer");
pub(crate) static LUT_CAPACITY: Key = Key::number(ARCHITECTURE, "LUT_Capacity")
    .unit("Mbit")
    .default("1")
    .about("capacity of the look-up table")
    .unused();
pub(crate) static LUT_AREA: Key = Key::number(ARCHITECTURE, "LUT_Area")
    .unit("mm²")
    .default("0")
    .about("area of the look-up table")
    .unused();
pub(crate) static LUT_POWER: Key = Key::number(ARCHITECTURE, "LUT_Power")
    .unit("mW")
    .default("0")
    .about("power of the look-up table")
    .unused();
pub(crate) static LUT_BANDWIDTH: Key = Key::number(ARCHITECTURE, "LUT_Bandwidth")
    .unit("Mbit/s")
    .default("0")
    .about("bandwidth of the look-up table")
    .unused();
pub(crate) static TILE_CONNECTION: Key = Key::with_choices(
    ARCHITECTURE,
    "Tile_Connection",
    &[
        (0, "row by row"),
        (1, "row by row, every second reversed"),
        (2, "growing squares"),
        (3, "along the anti-diagonals"),
    ],
)
.default("2")
.about("order in which the tiles of the mesh are given to layers");
pub(crate) static TILE_NUM: Key = Key::pair(ARCHITECTURE, "Tile_Num")
    .bounds(Bounds::between(1.0, 65_536.0))
    .unset(Unset::Constant(Sentinel::Zero, TILE_SIDE_DEFAULT))
    .default("64,64")
    .about("tiles of the mesh (rows, columns)");
