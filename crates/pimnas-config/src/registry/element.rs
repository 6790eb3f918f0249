//! `[Process element level]`.

use super::key::{Bounds, Key, Sentinel, Unset};

/// Section of the processing element.
pub(crate) const ELEMENT: &str = "Process element level";

const CONVERTERS: Bounds = Bounds::between(1.0, 65_536.0);
const SIZE: Bounds = Bounds::positive(1e9);
const AREA: Bounds = Bounds::positive(1e12);
const FITTING: Unset = Unset::Modelled(Sentinel::Zero, "as many as fit beside the crossbar");
const NEEDED: Unset = Unset::Modelled(Sentinel::Zero, "what the mapped network needs");
const TABLE: Unset = Unset::Modelled(Sentinel::Zero, "the figure of the SRAM table");

pub(crate) static XBAR_POLARITY: Key = Key::with_choices(
    ELEMENT,
    "Xbar_Polarity",
    &[(1, "one crossbar for both signs"), (2, "one crossbar for each sign")],
)
.default("2")
.about("how signed weights sit in crossbars");
pub(crate) static MULTIPLEX_XBAR_NUM: Key = Key::pair(ELEMENT, "Multiplex_Xbar_Num")
    .about("crossbars that share a set of converters")
    .unused();
pub(crate) static SUB_POSITION: Key = Key::with_choices(
    ELEMENT,
    "Sub_Position",
    &[(0, "analogue, before the ADC"), (1, "digital, behind the ADC")],
)
.default("0")
.about("where the partial sums of the two signs are subtracted; a single crossbar has no choice");
pub(crate) static GROUP_NUM: Key = Key::integer(ELEMENT, "Group_Num")
    .bounds(Bounds::between(1.0, 4096.0))
    .unset(Unset::Constant(Sentinel::Zero, 1.0))
    .default("8")
    .about("crossbar groups of a PE");
pub(crate) static DAC_NUM: Key = Key::integer(ELEMENT, "DAC_Num")
    .bounds(CONVERTERS)
    .unset(FITTING)
    .default("64")
    .about("DACs of a crossbar group");
pub(crate) static ADC_NUM: Key = Key::integer(ELEMENT, "ADC_Num")
    .bounds(CONVERTERS)
    .unset(FITTING)
    .default("4")
    .about("ADCs of a crossbar group");
pub(crate) static PE_INBUF_SIZE: Key = Key::number(ELEMENT, "PE_inBuf_Size")
    .unit("KB")
    .bounds(SIZE)
    .unset(NEEDED)
    .default("0")
    .about("input buffer of a PE");
pub(crate) static PE_INBUF_AREA: Key = Key::number(ELEMENT, "PE_inBuf_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of the input buffer of a PE");
pub(crate) static TILE_OUTBUF_SIZE: Key = Key::number(ELEMENT, "Tile_outBuf_Size")
    .unit("KB")
    .bounds(SIZE)
    .unset(NEEDED)
    .default("0")
    .about("output buffer of a tile");
pub(crate) static TILE_OUTBUF_AREA: Key = Key::number(ELEMENT, "Tile_outBuf_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of the output buffer of a tile");
pub(crate) static DFU_BUF_SIZE: Key = Key::number(ELEMENT, "DFU_Buf_Size")
    .unit("KB")
    .bounds(SIZE)
    .unset(NEEDED)
    .default("0")
    .about("buffer of the data forwarding unit");
pub(crate) static DFU_BUF_AREA: Key = Key::number(ELEMENT, "DFU_Buf_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of the buffer of the data forwarding unit");
