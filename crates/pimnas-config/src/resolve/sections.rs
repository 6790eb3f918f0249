//! Each section of the hardware from its keys.

use pimnas_units::{Kibibytes, Nanoseconds, Ohms, SquareMicrometres, Volts, Watts};

use super::reader::Reader;
use crate::hardware::{
    Algorithm, Architecture, AreaModel, BufferKind, BufferOverride, CellType, Converter,
    ConverterChoice, Crossbar, Device, Digital, DigitalModule, Hardware, Placement, Polarity,
    PoolingUnit, ProcessElement, SimulationLevel, Subtraction, Tile,
};
use crate::registry as keys;
use crate::registry::Key;

/// The whole hardware; stand-ins where values are bad.
pub(super) fn hardware(r: &mut Reader<'_>) -> Hardware {
    let device = device(r);
    Hardware {
        crossbar: crossbar(r, &device),
        device,
        dac: dac(r),
        adc: adc(r),
        pe: element(r),
        digital: digital(r),
        tile: tile(r),
        architecture: architecture(r),
        algorithm: algorithm(r),
    }
}

fn device(r: &mut Reader<'_>) -> Device {
    r.integer(&keys::READ_LEVEL);
    r.integer(&keys::WRITE_LEVEL);
    r.integer(&keys::DEVICE_LEVEL);
    let (stuck_at_hrs_percent, stuck_at_lrs_percent) = r.numbers(&keys::DEVICE_SAF);
    Device {
        tech_nm: r.number(&keys::DEVICE_TECH),
        area: SquareMicrometres(r.number(&keys::DEVICE_AREA)),
        read_voltages: r.list(&keys::READ_VOLTAGE).into_iter().map(Volts).collect(),
        write_voltages: r.list(&keys::WRITE_VOLTAGE).into_iter().map(Volts).collect(),
        read_latency: Nanoseconds(r.number(&keys::READ_LATENCY)),
        write_latency: Nanoseconds(r.number(&keys::WRITE_LATENCY)),
        resistances: r.list(&keys::DEVICE_RESISTANCE).into_iter().map(Ohms).collect(),
        variation_percent: r.number(&keys::DEVICE_VARIATION),
        stuck_at_hrs_percent,
        stuck_at_lrs_percent,
    }
}

fn crossbar(r: &mut Reader<'_>, device: &Device) -> Crossbar {
    let (rows, columns) = r.pair(&keys::XBAR_SIZE);
    let load = r.optional(&keys::LOAD_RESISTANCE);
    Crossbar {
        rows,
        columns,
        cell: match r.word(&keys::CELL_TYPE) {
            Some("0T1R") => CellType::Passive,
            Some(_) | None => CellType::OneTransistor,
        },
        transistor_tech_nm: r.number(&keys::TRANSISTOR_TECH),
        wire_resistance: Ohms(r.number(&keys::WIRE_RESISTANCE)),
        wire_capacitance_ff: r.number(&keys::WIRE_CAPACITY),
        load_resistance: Ohms(load.unwrap_or_else(|| mean_resistance(device))),
        area_model: match r.choice(&keys::AREA_CALCULATION) {
            Some(1) => AreaModel::DeviceTechnology,
            Some(_) | None => AreaModel::DeviceArea,
        },
    }
}

/// √(HRS·LRS), the load where none is given.
fn mean_resistance(device: &Device) -> f64 {
    match (device.resistances.first(), device.resistances.last()) {
        (Some(high), Some(low)) => (high.0 * low.0).sqrt(),
        (Some(_) | None, None) | (None, Some(_)) => 1.0,
    }
}

fn dac(r: &mut Reader<'_>) -> Converter {
    Converter {
        choice: converter_choice(r, &keys::DAC_CHOICE),
        area: r.optional(&keys::DAC_AREA).map(SquareMicrometres),
        precision_bits: r.optional(&keys::DAC_PRECISION).map(|bits| bits as u32),
        power: r.optional(&keys::DAC_POWER).map(Watts),
        sample_rate_gsps: r.optional(&keys::DAC_SAMPLE_RATE),
    }
}

fn adc(r: &mut Reader<'_>) -> Converter {
    Converter {
        choice: converter_choice(r, &keys::ADC_CHOICE),
        area: r.optional(&keys::ADC_AREA).map(SquareMicrometres),
        precision_bits: r.optional(&keys::ADC_PRECISION).map(|bits| bits as u32),
        power: r.optional(&keys::ADC_POWER).map(Watts),
        sample_rate_gsps: r.optional(&keys::ADC_SAMPLE_RATE),
    }
}

fn converter_choice(r: &mut Reader<'_>, key: &Key) -> ConverterChoice {
    match r.choice(key).map(u8::try_from) {
        Some(Ok(number)) => ConverterChoice::Table(number),
        Some(Err(_)) => ConverterChoice::UserDefined,
        None => ConverterChoice::Table(1),
    }
}

fn element(r: &mut Reader<'_>) -> ProcessElement {
    let polarity = match r.choice(&keys::XBAR_POLARITY) {
        Some(1) => Polarity::Single,
        Some(_) | None => Polarity::Pair,
    };
    let written = r.choice(&keys::SUB_POSITION);
    let subtraction = match (polarity, written) {
        // One crossbar holds both signs: there is nothing to subtract behind its ADCs.
        (Polarity::Single, _) => Subtraction::Analog,
        (Polarity::Pair, Some(1)) => Subtraction::Digital,
        (Polarity::Pair, Some(_) | None) => Subtraction::Analog,
    };
    ProcessElement {
        polarity,
        subtraction,
        groups: r.integer(&keys::GROUP_NUM),
        dacs_per_group: r.optional(&keys::DAC_NUM).map(|count| count as u32),
        adcs_per_group: r.optional(&keys::ADC_NUM).map(|count| count as u32),
        input_buffer: buffer(r, [&keys::PE_INBUF_SIZE, &keys::PE_INBUF_AREA]),
        output_buffer: buffer(r, [&keys::TILE_OUTBUF_SIZE, &keys::TILE_OUTBUF_AREA]),
        forwarding_buffer: buffer(r, [&keys::DFU_BUF_SIZE, &keys::DFU_BUF_AREA]),
    }
}

fn buffer(r: &mut Reader<'_>, [size, area]: [&Key; 2]) -> BufferOverride {
    BufferOverride {
        size: r.optional(size).map(Kibibytes),
        area: r.optional(area).map(SquareMicrometres),
    }
}

fn digital(r: &mut Reader<'_>) -> Digital {
    let adder = [&keys::ADDER_TECH, &keys::ADDER_AREA, &keys::ADDER_POWER];
    let shift = [&keys::SHIFTREG_TECH, &keys::SHIFTREG_AREA, &keys::SHIFTREG_POWER];
    let register = [&keys::REG_TECH, &keys::REG_AREA, &keys::REG_POWER];
    let joint = [&keys::JOINTMODULE_TECH, &keys::JOINTMODULE_AREA, &keys::JOINTMODULE_POWER];
    Digital {
        frequency_mhz: r.number(&keys::DIGITAL_FREQUENCY),
        adder: module(r, adder),
        shift_register: module(r, shift),
        register: module(r, register),
        joint_module: module(r, joint),
    }
}

fn module(r: &mut Reader<'_>, [tech, area, power]: [&Key; 3]) -> DigitalModule {
    DigitalModule {
        tech_nm: r.integer(tech),
        area: r.optional(area).map(SquareMicrometres),
        power: r.optional(power).map(Watts),
    }
}

fn tile(r: &mut Reader<'_>) -> Tile {
    Tile {
        pe_grid: r.pair(&keys::PE_NUM),
        pooling: PoolingUnit {
            shape: r.pair(&keys::POOLING_SHAPE),
            units: r.integer(&keys::POOLING_UNIT_NUM),
            tech_nm: r.integer(&keys::POOLING_TECH),
            area: r.optional(&keys::POOLING_AREA).map(SquareMicrometres),
        },
        inter_tile_gbps: r.number(&keys::INTER_TILE_BANDWIDTH),
        intra_tile_gbps: r.number(&keys::INTRA_TILE_BANDWIDTH),
    }
}

fn architecture(r: &mut Reader<'_>) -> Architecture {
    Architecture {
        buffer: match r.choice(&keys::BUFFER_CHOICE) {
            Some(0) => BufferKind::UserDefined,
            Some(2) => BufferKind::Dram,
            Some(3) => BufferKind::Rram,
            Some(_) | None => BufferKind::Sram,
        },
        buffer_tech_nm: r.integer(&keys::BUFFER_TECHNOLOGY),
        buffer_bus_bits: r.integer(&keys::BUFFER_BITWIDTH),
        buffer_read_power: r.optional(&keys::BUFFER_READPOWER).map(Watts::from_milliwatts),
        buffer_write_power: r.optional(&keys::BUFFER_WRITEPOWER).map(Watts::from_milliwatts),
        placement: match r.choice(&keys::TILE_CONNECTION) {
            Some(0) => Placement::RowMajor,
            Some(1) => Placement::Snake,
            Some(3) => Placement::ZigZag,
            Some(_) | None => Placement::Hui,
        },
        tile_grid: r.pair(&keys::TILE_NUM),
    }
}

fn algorithm(r: &mut Reader<'_>) -> Algorithm {
    r.choice(&keys::NOC_ENABLE);
    Algorithm {
        simulation_level: match r.choice(&keys::SIMULATION_LEVEL) {
            Some(1) => SimulationLevel::Estimation,
            Some(_) | None => SimulationLevel::Behaviour,
        },
    }
}
