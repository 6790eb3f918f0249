//! A report by module: one row for each kind of circuit.

use pimnas_hardware::Modules;
use pimnas_simulate::SimReport;

/// What one kind of circuit takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModuleRow {
    /// The kind.
    pub name: &'static str,
    /// Time spent in it, summed over layers, ns. Layers overlap in time.
    pub time_ns: f64,
    /// Area, µm².
    pub area_um2: f64,
    /// Power, W.
    pub power_w: f64,
    /// Energy of one inference, nJ.
    pub energy_nj: f64,
}

/// The kinds of circuits of a report, in the order of a signal's way.
#[must_use]
pub fn modules(report: &SimReport) -> Vec<ModuleRow> {
    let mut spent = pimnas_simulate::TimeBreakdown::default();
    for layer in &report.timeline.layers {
        spent += layer.spent;
    }
    let times = values(spent.modules, |time| time.value());
    let areas = values(report.area.modules, |area| area.value());
    let powers = values(report.power.modules(), |power| power.value());
    let energies = values(report.energy.modules(), |energy| energy.value());
    let mut rows: Vec<ModuleRow> = NAMES
        .iter()
        .enumerate()
        .map(|(index, &name)| ModuleRow {
            name,
            time_ns: times[index],
            area_um2: areas[index],
            power_w: powers[index],
            energy_nj: energies[index],
        })
        .collect();
    rows.push(buffers(report, &spent));
    rows.push(accumulator(report, &spent));
    rows.push(ModuleRow {
        name: "transfers",
        time_ns: (spent.intra_tile + spent.inter_tile()).value(),
        area_um2: 0.0,
        power_w: 0.0,
        energy_nj: 0.0,
    });
    rows
}

fn buffers(report: &SimReport, spent: &pimnas_simulate::TimeBreakdown) -> ModuleRow {
    let power = report.power.layers.iter().map(|l| (l.buffer_read + l.buffer_write).value());
    let energy = report.energy.layers.iter().map(|l| (l.buffer_read + l.buffer_write).value());
    ModuleRow {
        name: "buffers",
        time_ns: spent.buffer().value(),
        area_um2: report.area.buffer.value(),
        power_w: power.sum(),
        energy_nj: energy.sum(),
    }
}

fn accumulator(report: &SimReport, spent: &pimnas_simulate::TimeBreakdown) -> ModuleRow {
    ModuleRow {
        name: "global accumulator",
        time_ns: spent.accumulator.value(),
        area_um2: (report.area.accumulator_adders + report.area.accumulator_buffer).value(),
        power_w: report.power.accumulator.total().value(),
        energy_nj: report.energy.accumulator.total().value(),
    }
}

const NAMES: [&str; 11] = [
    "input registers",
    "input demux",
    "DAC",
    "crossbar",
    "output mux",
    "ADC",
    "shift registers",
    "adders",
    "output registers",
    "joint modules",
    "pooling",
];

/// Figures in the order of [`NAMES`].
fn values<Q>(modules: Modules<Q>, value: impl Fn(Q) -> f64) -> [f64; 11] {
    [
        modules.input_register,
        modules.input_demux,
        modules.dac,
        modules.crossbar,
        modules.output_mux,
        modules.adc,
        modules.shift_register,
        modules.adder,
        modules.output_register,
        modules.joint_module,
        modules.pooling,
    ]
    .map(value)
}
