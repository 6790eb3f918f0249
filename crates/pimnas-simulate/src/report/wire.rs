//! The JSON form of the results: the keys and units of the reference's recorded cases.

use pimnas_hardware::Modules;
use serde::Serialize;

use crate::area::Area;
use crate::energy::Energy;
use crate::graph::{HardwareGraph, HardwareLayer, LayerKind, Producer};
use crate::mapping::distance::feeds_only_sums;
use crate::mapping::{Mapping, Partition};
use crate::power::Power;
use crate::report::{Metrics, SimReport};
use crate::timeline::{LayerTiming, Timeline};

/// All results. Latency in ns, area in µm², power in W, energy in nJ, buffers in KB.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Tiles, buffers and distances.
    pub mapping: MappingReport,
    /// Timing.
    pub latency: LatencyReport,
    /// Area.
    pub area_um2: AreaReport,
    /// Power.
    #[serde(rename = "power_W")]
    pub power_w: PowerReport,
    /// Energy.
    #[serde(rename = "energy_nJ")]
    pub energy_nj: EnergyReport,
    /// The four figures of merit.
    pub metrics: Metrics,
}

impl From<&SimReport> for Report {
    fn from(report: &SimReport) -> Self {
        Self {
            mapping: MappingReport::new(&report.graph, &report.mapping),
            latency: LatencyReport::from(&report.timeline),
            area_um2: AreaReport::from(&report.area),
            power_w: PowerReport::from(&report.power),
            energy_nj: EnergyReport::from(&report.energy),
            metrics: report.metrics(),
        }
    }
}

/// Tiles, buffers and distances.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
#[allow(non_snake_case, reason = "keys of the recorded cases")]
pub struct MappingReport {
    pub layers: Vec<LayerMapping>,
    pub used_tile_num: u64,
    pub max_inbuf_size_KB: f64,
    pub max_outbuf_size_KB: f64,
    pub global_buf_size_KB: f64,
    pub global_adder_num: u64,
    pub global_adder_bitwidth: u32,
    pub in_layer_distance: Vec<f64>,
    pub trans_layer_distance: Vec<f64>,
}

/// Tiles of one layer.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
#[allow(non_snake_case, reason = "keys of the recorded cases")]
pub struct LayerMapping {
    pub weight_precision: Option<u32>,
    pub startid: u64,
    pub r#type: &'static str,
    pub mx: u64,
    pub my: u64,
    pub x_width: u64,
    pub y_height: u64,
    pub max_row: u32,
    pub max_column: u32,
    pub max_group: u32,
    pub Inputindex: Vec<i64>,
    pub Outputindex: Vec<i64>,
    pub is_branchin: i8,
    pub is_branchout: i8,
    pub PEnum: u64,
    pub tilenum: u64,
    pub max_PE: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datanum_branchout: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_branchout: Option<u32>,
}

impl MappingReport {
    fn new(graph: &HardwareGraph, mapping: &Mapping) -> Self {
        let mut start = 0;
        let layers = (0..graph.layers.len())
            .map(|index| {
                let partition = &mapping.partitions[index];
                let layer = LayerMapping::new(graph, index, partition, start);
                start += partition.tiles;
                layer
            })
            .collect();
        Self {
            layers,
            used_tile_num: mapping.used_tiles,
            max_inbuf_size_KB: mapping.input_buffer.value(),
            max_outbuf_size_KB: mapping.output_buffer.value(),
            global_buf_size_KB: mapping.accumulator.buffer.value(),
            global_adder_num: mapping.accumulator.adders,
            global_adder_bitwidth: mapping.accumulator.bits,
            in_layer_distance: mapping.distances.iter().map(|d| d.in_layer).collect(),
            trans_layer_distance: mapping.distances.iter().map(|d| d.transfer).collect(),
        }
    }
}

impl LayerMapping {
    fn new(graph: &HardwareGraph, index: usize, partition: &Partition, start: u64) -> Self {
        let layer = &graph.layers[index];
        let is_sum = layer.kind == LayerKind::ElementSum;
        let feeds_sums = !is_sum && feeds_only_sums(graph, index);
        let relative = |to: usize| to as i64 - index as i64;
        Self {
            weight_precision: partition.stored_bits,
            startid: start,
            r#type: layer.kind.name(),
            mx: partition.across,
            my: partition.down,
            x_width: partition.matrix_width,
            y_height: partition.matrix_height,
            max_row: partition.occupancy.rows,
            max_column: partition.occupancy.columns,
            max_group: partition.occupancy.groups,
            Inputindex: layer.inputs.iter().map(|&from| relative_input(from, index)).collect(),
            Outputindex: layer.consumers.iter().map(|&to| relative(to)).collect(),
            is_branchin: if layer.consumers.len() == 1 { -1 } else { 1 },
            is_branchout: if feeds_sums { 1 } else { -1 },
            PEnum: partition.pes,
            tilenum: partition.tiles,
            max_PE: partition.occupancy.pes,
            datanum_branchout: is_sum.then_some(layer.out_channels),
            bit_branchout: is_sum.then_some(bits_of(layer)),
        }
    }
}

fn bits_of(layer: &HardwareLayer) -> u32 {
    layer.output_bits
}

fn relative_input(from: Producer, index: usize) -> i64 {
    match from {
        Producer::Input => -1 - index as i64,
        Producer::Layer(from) => from as i64 - index as i64,
    }
}

/// Timing, in ns.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
pub struct LatencyReport {
    pub total_ns: f64,
    pub layers: Vec<LayerLatency>,
}

/// Timing of one layer, in ns.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
#[allow(non_snake_case, reason = "keys of the recorded cases")]
pub struct LayerLatency {
    pub begin_ns: f64,
    pub finish_ns: f64,
    pub first_finish_ns: f64,
    pub outputs: usize,
    pub occupancy: f64,
    pub buffer: f64,
    pub buffer_r: f64,
    pub buffer_w: f64,
    pub computing: f64,
    pub DAC: f64,
    pub xbar: f64,
    pub ADC: f64,
    pub digital: f64,
    pub iReg: f64,
    pub input_demux: f64,
    pub output_mux: f64,
    pub shiftreg: f64,
    pub adder: f64,
    pub oReg: f64,
    pub jointmodule: f64,
    pub pooling: f64,
    pub intra_tile: f64,
    pub inter_tile: f64,
    pub tile_merge: f64,
    pub tile_transfer: f64,
}

impl From<&Timeline> for LatencyReport {
    fn from(timeline: &Timeline) -> Self {
        Self {
            total_ns: timeline.total.value(),
            layers: timeline.layers.iter().map(LayerLatency::from).collect(),
        }
    }
}

impl From<&LayerTiming> for LayerLatency {
    fn from(layer: &LayerTiming) -> Self {
        let spent = &layer.spent;
        let modules = &spent.modules;
        Self {
            begin_ns: layer.begin.value(),
            finish_ns: layer.finish.value(),
            first_finish_ns: layer.first_finish.value(),
            outputs: layer.outputs,
            occupancy: layer.occupancy,
            buffer: spent.buffer().value(),
            buffer_r: spent.buffer_read.value(),
            buffer_w: spent.buffer_write.value(),
            computing: spent.computing().value(),
            DAC: modules.dac.value(),
            xbar: modules.crossbar.value(),
            ADC: modules.adc.value(),
            digital: spent.digital().value(),
            iReg: modules.input_register.value(),
            input_demux: modules.input_demux.value(),
            output_mux: modules.output_mux.value(),
            shiftreg: modules.shift_register.value(),
            adder: modules.adder.value(),
            oReg: modules.output_register.value(),
            jointmodule: modules.joint_module.value(),
            pooling: modules.pooling.value(),
            intra_tile: spent.intra_tile.value(),
            inter_tile: spent.inter_tile().value(),
            tile_merge: spent.merge.value(),
            tile_transfer: spent.transfer.value(),
        }
    }
}

/// A figure by kind of circuit. `digital` sums the digital circuits but pooling.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
#[allow(non_snake_case, reason = "keys of the recorded cases")]
pub struct ModuleFigures {
    pub xbar: f64,
    pub ADC: f64,
    pub DAC: f64,
    pub digital: f64,
    pub adder: f64,
    pub shiftreg: f64,
    pub iReg: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oReg: Option<f64>,
    pub input_demux: f64,
    pub output_mux: f64,
    pub jointmodule: f64,
    pub buf: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buf_r: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buf_w: Option<f64>,
    pub pooling: f64,
}

impl ModuleFigures {
    fn new(modules: &Modules<f64>, buffer: f64) -> Self {
        Self {
            xbar: modules.crossbar,
            ADC: modules.adc,
            DAC: modules.dac,
            digital: modules.digital(),
            adder: modules.adder,
            shiftreg: modules.shift_register,
            iReg: modules.input_register,
            oReg: Some(modules.output_register),
            input_demux: modules.input_demux,
            output_mux: modules.output_mux,
            jointmodule: modules.joint_module,
            buf: buffer,
            buf_r: None,
            buf_w: None,
            pooling: modules.pooling,
        }
    }

    fn with_buffer(self, read: f64, write: f64) -> Self {
        Self { buf: read + write, buf_r: Some(read), buf_w: Some(write), ..self }
    }
}

/// Area, in µm².
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
pub struct AreaReport {
    pub total: f64,
    pub modules: ModuleFigures,
    pub layers: Vec<f64>,
    pub utilization: UtilizationReport,
}

/// Shares of circuits that are used.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
#[allow(non_snake_case, reason = "keys of the recorded cases")]
pub struct UtilizationReport {
    pub xbar: f64,
    pub DAC: f64,
    pub ADC: f64,
    pub xbar_layers: Vec<f64>,
}

impl From<&Area> for AreaReport {
    fn from(area: &Area) -> Self {
        let mut modules = area.modules.zip_with(area.modules, |figure, _| figure.value());
        modules.adder += area.accumulator_adders.value();
        Self {
            total: area.total.value(),
            modules: ModuleFigures::new(&modules, (area.buffer + area.accumulator_buffer).value()),
            layers: area.layers.iter().map(|layer| layer.value()).collect(),
            utilization: UtilizationReport {
                xbar: area.utilisation.crossbar,
                DAC: area.utilisation.dac,
                ADC: area.utilisation.adc,
                xbar_layers: area.utilisation.crossbar_layers.clone(),
            },
        }
    }
}

/// Power, in W.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
pub struct PowerReport {
    pub total: f64,
    pub modules: ModuleFigures,
    pub layers: Vec<f64>,
}

impl From<&Power> for PowerReport {
    fn from(power: &Power) -> Self {
        let sum = power.modules();
        let mut modules = sum.zip_with(sum, |figure, _| figure.value());
        modules.adder += power.accumulator.adders.value();
        let reads = power.layers.iter().map(|layer| layer.buffer_read.value()).sum::<f64>();
        let writes = power.layers.iter().map(|layer| layer.buffer_write.value()).sum::<f64>();
        Self {
            total: power.total.value(),
            modules: ModuleFigures::new(&modules, 0.0).with_buffer(
                reads + power.accumulator.buffer_read.value(),
                writes + power.accumulator.buffer_write.value(),
            ),
            layers: power.layers.iter().map(|layer| layer.total().value()).collect(),
        }
    }
}

/// Energy, in nJ.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "keys of the recorded cases; see docs/GLOSSARY.md")]
pub struct EnergyReport {
    pub total: f64,
    pub modules: ModuleFigures,
    pub layers: Vec<f64>,
}

impl From<&Energy> for EnergyReport {
    fn from(energy: &Energy) -> Self {
        let sum = energy.modules();
        let modules = sum.zip_with(sum, |figure, _| figure.value());
        let reads = energy.layers.iter().map(|layer| layer.buffer_read.value()).sum::<f64>();
        let writes = energy.layers.iter().map(|layer| layer.buffer_write.value()).sum::<f64>();
        let adders = energy.accumulator.adders.value();
        let figures = ModuleFigures::new(&modules, 0.0).with_buffer(
            reads + energy.accumulator.buffer_read.value(),
            writes + energy.accumulator.buffer_write.value(),
        );
        Self {
            total: energy.total.value(),
            modules: ModuleFigures {
                // The sum of digital energy has no place for the adders of PEs here: the key
                // `adder` holds them.
                digital: modules.digital_without_adders() + adders,
                adder: modules.adder + adders,
                oReg: None,
                ..figures
            },
            layers: energy.layers.iter().map(|layer| layer.total.value()).collect(),
        }
    }
}
