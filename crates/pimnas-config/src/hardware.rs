//! [`Hardware`]: the hardware description as meant.
//!
//! Values here are checked and complete. What the file leaves to a default that is a constant
//! (0, -1 or 0,0 in the file) is already replaced by that constant. What it leaves to a default
//! that a component model computes (an area or power from a technology table, a number of
//! converters that fits under the crossbar) is `None`: the models in `pimnas-hardware` fill it.

use pimnas_units::{Kibibytes, Nanoseconds, Ohms, SquareMicrometres, Volts, Watts};

/// A complete, checked description of an accelerator.
#[derive(Clone, Debug, PartialEq)]
pub struct Hardware {
    /// The memristive device (`[Device level]`).
    pub device: Device,
    /// The crossbar of cells (`[Crossbar level]`).
    pub crossbar: Crossbar,
    /// Digital-to-analogue converters on the rows (`[Interface level]`).
    pub dac: Converter,
    /// Analogue-to-digital converters on the columns (`[Interface level]`).
    pub adc: Converter,
    /// The processing element (`[Process element level]`).
    pub pe: ProcessElement,
    /// Digital circuits (`[Digital module]`).
    pub digital: Digital,
    /// The tile of PEs (`[Tile level]`).
    pub tile: Tile,
    /// The mesh of tiles and its buffers (`[Architecture level]`).
    pub architecture: Architecture,
    /// Simulation settings (`[Algorithm Configuration]`).
    pub algorithm: Algorithm,
}

/// The memristive device of one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Technology node, nm (`Device_Tech`).
    pub tech_nm: f64,
    /// Area of one cell (`Device_Area`).
    pub area: SquareMicrometres,
    /// Read voltages, one per level, lowest first (`Read_Voltage`, as many as `Read_Level`).
    pub read_voltages: Vec<Volts>,
    /// Write voltages (`Write_Voltage`, as many as `Write_Level`).
    pub write_voltages: Vec<Volts>,
    /// Time of one read (`Read_Latency`).
    pub read_latency: Nanoseconds,
    /// Time of one write (`Write_Latency`).
    pub write_latency: Nanoseconds,
    /// Resistance of each level from HRS to LRS (`Device_Resistance`, as many as `Device_Level`).
    pub resistances: Vec<Ohms>,
    /// Standard deviation of a cell's resistance, percent of its level (`Device_Variation`).
    pub variation_percent: f64,
    /// Cells stuck at the high-resistance state, percent (first figure of `Device_SAF`).
    pub stuck_at_hrs_percent: f64,
    /// Cells stuck at the low-resistance state, percent (second figure of `Device_SAF`).
    pub stuck_at_lrs_percent: f64,
}

impl Device {
    /// Number of resistance levels of a cell (`Device_Level`).
    #[must_use]
    pub fn levels(&self) -> u32 {
        self.resistances.len() as u32
    }

    /// Whole bits that one cell stores: ⌊log2(levels)⌋.
    #[must_use]
    pub fn bits_per_cell(&self) -> u32 {
        self.levels().max(1).ilog2()
    }
}

/// How a cell is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    /// No access transistor: unselected cells leak (`0T1R`).
    Passive,
    /// One access transistor a cell (`1T1R`).
    OneTransistor,
}

/// How the area of a crossbar is computed (`Area_Calculation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaModel {
    /// Rows × columns × `Device_Area` (0).
    DeviceArea,
    /// From the technology node, in F² a cell (1).
    DeviceTechnology,
}

/// A crossbar array.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossbar {
    /// Word lines (first figure of `Xbar_Size`).
    pub rows: u32,
    /// Bit lines (second figure of `Xbar_Size`).
    pub columns: u32,
    /// Cell type (`Cell_Type`).
    pub cell: CellType,
    /// Technology of the access transistors and multiplexers, nm (`Transistor_Tech`).
    pub transistor_tech_nm: f64,
    /// Resistance of a wire segment (`Wire_Resistance`; default 2.82 Ω).
    pub wire_resistance: Ohms,
    /// Capacitance of a wire segment, fF (`Wire_Capacity`; default 1 fF).
    pub wire_capacitance_ff: f64,
    /// Load resistance (`Load_Resistance`; default √(HRS·LRS)).
    pub load_resistance: Ohms,
    /// Area model (`Area_Calculation`).
    pub area_model: AreaModel,
}

/// Which converter is used (`DAC_Choice`, `ADC_Choice`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConverterChoice {
    /// The figures written in the file (-1).
    UserDefined,
    /// A published converter, by its number in the technology table (1 to 6 DACs, 1 to 7 ADCs).
    Table(u8),
}

/// A family of converters. With [`ConverterChoice::UserDefined`] all four figures are given.
#[derive(Clone, Debug, PartialEq)]
pub struct Converter {
    /// Which converter.
    pub choice: ConverterChoice,
    /// Area of one, as written; `None` where the file says 0.
    pub area: Option<SquareMicrometres>,
    /// Resolution in bits, as written; `None` where the file says 0.
    pub precision_bits: Option<u32>,
    /// Power of one, as written; `None` where the file says 0.
    pub power: Option<Watts>,
    /// Sample rate in GSamples/s, as written; `None` where the file says 0.
    pub sample_rate_gsps: Option<f64>,
}

/// How signed weights sit in crossbars (`Xbar_Polarity`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// One crossbar holds positive and negative weights (1).
    Single,
    /// A pair of crossbars, one for each sign (2).
    Pair,
}

impl Polarity {
    /// Crossbars that hold one slice of a weight.
    #[must_use]
    pub fn crossbars(self) -> u32 {
        match self {
            Self::Single => 1,
            Self::Pair => 2,
        }
    }
}

/// Where positive and negative partial sums are subtracted (`Sub_Position`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subtraction {
    /// Before the ADC (0).
    Analog,
    /// After the ADC (1).
    Digital,
}

/// A size and an area that the file may override; `None` where it says 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BufferOverride {
    /// Size; `None`: as large as the mapped network needs.
    pub size: Option<Kibibytes>,
    /// Area; `None`: from the SRAM table.
    pub area: Option<SquareMicrometres>,
}

/// A processing element: groups of crossbars with their converters.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessElement {
    /// Sign handling (`Xbar_Polarity`).
    pub polarity: Polarity,
    /// Where the subtraction happens (`Sub_Position`).
    pub subtraction: Subtraction,
    /// Crossbar groups in a PE (`Group_Num`; default 1).
    pub groups: u32,
    /// DACs of a group (`DAC_Num`); `None`: as many as fit beside the crossbar.
    pub dacs_per_group: Option<u32>,
    /// ADCs of a group (`ADC_Num`); `None`: as many as fit beside the crossbar.
    pub adcs_per_group: Option<u32>,
    /// PE input buffer (`PE_inBuf_Size`, `PE_inBuf_Area`).
    pub input_buffer: BufferOverride,
    /// Tile output buffer (`Tile_outBuf_Size`, `Tile_outBuf_Area`, of the PE section).
    pub output_buffer: BufferOverride,
    /// Data-forwarding-unit buffer (`DFU_Buf_Size`, `DFU_Buf_Area`); no model uses it.
    pub forwarding_buffer: BufferOverride,
}

/// A digital circuit whose area and power scale with its technology.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DigitalModule {
    /// Technology, nm (default 65 for all but the adder, which has none).
    pub tech_nm: u32,
    /// Area of one; `None`: from the table.
    pub area: Option<SquareMicrometres>,
    /// Power of one; `None`: from the table.
    pub power: Option<Watts>,
}

/// Digital circuits and their clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Digital {
    /// Clock, MHz (`Digital_Frequency`).
    pub frequency_mhz: f64,
    /// Adders (`Adder_*`).
    pub adder: DigitalModule,
    /// Shift registers (`ShiftReg_*`).
    pub shift_register: DigitalModule,
    /// Input and output registers (`Reg_*`).
    pub register: DigitalModule,
    /// Joint modules, which merge the PEs of a tile (`JointModule_*`).
    pub joint_module: DigitalModule,
}

/// The pooling circuit of a tile.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolingUnit {
    /// Window that the circuit reduces in one pass, (x, y) (`Pooling_shape`; default 3×3).
    pub shape: (u32, u32),
    /// Parallel units (`Pooling_unit_num`; default 64).
    pub units: u32,
    /// Technology, nm (`Pooling_Tech`; default 65).
    pub tech_nm: u32,
    /// Area of the whole circuit (`Pooling_area`); `None`: from the table.
    pub area: Option<SquareMicrometres>,
}

/// A tile: a grid of PEs with a pooling circuit and an output buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// PEs (x, y) (`PE_Num`; default 4×4).
    pub pe_grid: (u32, u32),
    /// Pooling circuit (`Pooling_*`).
    pub pooling: PoolingUnit,
    /// Bandwidth between tiles, Gbit/s (`Inter_Tile_Bandwidth`).
    pub inter_tile_gbps: f64,
    /// Bandwidth between the PEs of a tile, Gbit/s (`Intra_Tile_Bandwidth`).
    pub intra_tile_gbps: f64,
}

impl Tile {
    /// PEs of a tile.
    #[must_use]
    pub fn pes(&self) -> u32 {
        self.pe_grid.0 * self.pe_grid.1
    }
}

/// Memory technology of the buffers (`Buffer_Choice`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferKind {
    /// User defined (0).
    UserDefined,
    /// SRAM (1).
    Sram,
    /// DRAM (2).
    Dram,
    /// RRAM (3).
    Rram,
}

/// The order in which tiles of the mesh are given to layers (`Tile_Connection`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Row by row, each from the left (0).
    RowMajor,
    /// Row by row, every second from the right (1).
    Snake,
    /// Growing squares around the first corner (2).
    Hui,
    /// Along the anti-diagonals, up and down in turn (3).
    ZigZag,
}

/// Buffers of the architecture and the mesh of tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// Memory technology (`Buffer_Choice`).
    pub buffer: BufferKind,
    /// Buffer technology node, nm (`Buffer_Technology`; default 65).
    pub buffer_tech_nm: u32,
    /// Buffer bus width, bits (`Buffer_Bitwidth`; default 256).
    pub buffer_bus_bits: u32,
    /// Power of a buffer while read (`Buffer_ReadPower`, mW in the file); `None`: from the table.
    pub buffer_read_power: Option<Watts>,
    /// Power of a buffer while written (`Buffer_WritePower`); `None`: from the table.
    pub buffer_write_power: Option<Watts>,
    /// Order of placement (`Tile_Connection`).
    pub placement: Placement,
    /// Tiles of the mesh, (rows, columns) (`Tile_Num`; default 8×8).
    pub tile_grid: (u32, u32),
}

impl Architecture {
    /// Tiles of the mesh.
    #[must_use]
    pub fn tiles(&self) -> u64 {
        u64::from(self.tile_grid.0) * u64::from(self.tile_grid.1)
    }
}

/// How the read power of a crossbar is estimated (`Simulation_Level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulationLevel {
    /// From the number of occupied cells and a mean cell (0).
    Behaviour,
    /// From a crossbar full of cells at the geometric mean resistance (1).
    Estimation,
}

/// Simulation settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Algorithm {
    /// Level of the crossbar power estimate (`Simulation_Level`).
    pub simulation_level: SimulationLevel,
}
