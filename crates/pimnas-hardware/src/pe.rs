//! The processing element: groups of crossbars with their converters and digital circuits.

use pimnas_config::hardware::{Hardware, Subtraction};
use pimnas_units::{SquareMicrometres, Watts};

use crate::converter::{self, Converter};
use crate::crossbar::Crossbar;
use crate::digital::{Circuit, PE_ADDER_BITS};
use crate::error::HardwareError;
use crate::fidelity::Quirks;
use crate::modules::Modules;
use crate::multiplexer;

/// What one layer occupies of a crossbar and a PE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Rows used in the fullest crossbar.
    pub rows: u32,
    /// Columns used in the fullest crossbar.
    pub columns: u32,
    /// Groups used in the fullest PE.
    pub groups: u32,
    /// PEs used in the fullest tile.
    pub pes: u32,
}

/// Figures of a PE that do not depend on the network.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessingElement {
    /// One crossbar.
    pub crossbar: Crossbar,
    /// One DAC.
    pub dac: Converter,
    /// One ADC.
    pub adc: Converter,
    /// Groups of crossbars.
    pub groups: u32,
    /// DACs of a group.
    pub dacs_per_group: u32,
    /// ADCs of a group.
    pub adcs_per_group: u32,
    /// Rows that take turns at a DAC.
    pub demux_ways: u32,
    /// Columns that take turns at an ADC.
    pub mux_ways: u32,
    crossbars_per_group: u32,
    demux: Circuit,
    mux: Circuit,
    adder: Circuit,
    shift_register: Circuit,
    register: Circuit,
}

impl ProcessingElement {
    /// The PE of this hardware.
    ///
    /// # Errors
    /// A converter that cannot be built (see [`converter::dac`]).
    pub fn new(hardware: &Hardware, quirks: Quirks) -> Result<Self, HardwareError> {
        let crossbar = Crossbar::new(hardware);
        let dac = converter::dac(&hardware.dac, quirks)?;
        let adc = converter::adc(&hardware.adc, quirks)?;
        let crossbars_per_group = hardware.pe.polarity.crossbars();
        let conversions = match hardware.pe.subtraction {
            Subtraction::Analog => 1,
            Subtraction::Digital => 2,
        };
        let dacs_per_group = hardware
            .pe
            .dacs_per_group
            .unwrap_or_else(|| fitting(&crossbar, 1, &dac).min(crossbar.rows));
        let adcs_per_group = hardware.pe.adcs_per_group.unwrap_or_else(|| {
            fitting(&crossbar, crossbars_per_group, &adc)
                .saturating_mul(conversions)
                .min(crossbar.columns)
        });
        let demux_ways = crossbar.rows.div_ceil(dacs_per_group);
        let columns_per_adc = f64::from(crossbar.columns) / f64::from(adcs_per_group);
        let mux_ways = (columns_per_adc * f64::from(conversions)).ceil() as u32;
        let transistor_nm = hardware.crossbar.transistor_tech_nm;
        Ok(Self {
            dac,
            adc,
            groups: hardware.pe.groups,
            dacs_per_group,
            adcs_per_group,
            demux_ways,
            mux_ways,
            crossbars_per_group,
            demux: multiplexer::circuit(demux_ways, transistor_nm),
            mux: multiplexer::circuit(mux_ways, transistor_nm),
            adder: Circuit::adder(&hardware.digital.adder, PE_ADDER_BITS),
            shift_register: Circuit::shift_register(&hardware.digital.shift_register),
            register: Circuit::register(&hardware.digital.register),
            crossbar,
        })
    }

    /// Adders that join the groups of a PE pairwise, for each ADC of a group: groups - 1.
    #[must_use]
    pub fn adders(&self) -> u32 {
        self.groups.saturating_sub(1)
    }

    /// ADCs of the PE.
    #[must_use]
    pub fn adcs(&self) -> f64 {
        f64::from(self.groups) * f64::from(self.adcs_per_group)
    }

    /// DACs of the PE.
    #[must_use]
    pub fn dacs(&self) -> f64 {
        f64::from(self.groups) * f64::from(self.dacs_per_group)
    }

    /// Area of the PE by module, without its input buffer.
    #[must_use]
    pub fn area(&self) -> Modules<SquareMicrometres> {
        let crossbars = f64::from(self.groups) * f64::from(self.crossbars_per_group);
        let adders = f64::from(self.adcs_per_group) * f64::from(self.adders());
        Modules {
            crossbar: self.crossbar.area * crossbars,
            adc: self.adc.area * self.adcs(),
            dac: self.dac.area * self.dacs(),
            adder: self.adder.area * adders,
            shift_register: self.shift_register.area * self.adcs(),
            input_register: self.register.area * self.dacs(),
            output_register: self.register.area * self.adcs(),
            input_demux: self.demux.area * self.dacs(),
            output_mux: self.mux.area * self.adcs(),
            ..Modules::default()
        }
    }

    /// Columns of ADC results that a layer reads at once: ⌈columns / mux ways⌉.
    #[must_use]
    pub fn active_adcs(&self, occupancy: Occupancy) -> f64 {
        f64::from(occupancy.columns.div_ceil(self.mux_ways))
    }

    /// Power of the PE by module while it reads a layer that occupies this much of it.
    #[must_use]
    pub fn read_power(&self, occupancy: Occupancy) -> Modules<Watts> {
        let groups = f64::from(occupancy.groups);
        let rows_at_once = groups * f64::from(occupancy.rows.div_ceil(self.demux_ways));
        let columns_at_once = groups * self.active_adcs(occupancy);
        // One of the demultiplexed rows and one of the multiplexed columns are on at a time.
        let crossbar = self.crossbar.read_power(occupancy.rows, occupancy.columns)
            * (f64::from(self.crossbars_per_group) * groups)
            / f64::from(self.demux_ways)
            / f64::from(self.mux_ways);
        Modules {
            crossbar,
            adc: self.adc.power * columns_at_once,
            dac: self.dac.power * rows_at_once,
            adder: self.adder.power * ((groups - 1.0) * self.active_adcs(occupancy)),
            shift_register: self.shift_register.power * columns_at_once,
            input_register: self.register.power * rows_at_once,
            output_register: self.register.power * columns_at_once,
            input_demux: self.demux.power * rows_at_once,
            output_mux: self.mux.power * columns_at_once,
            ..Modules::default()
        }
    }
}

/// Converters whose edges fill the edge of the crossbars of a group.
fn fitting(crossbar: &Crossbar, crossbars: u32, converter: &Converter) -> u32 {
    let edges = crossbar.area.0.sqrt() * f64::from(crossbars) / converter.area.0.sqrt();
    (edges.ceil() as u32).max(1)
}
