//! A figure for each kind of circuit.

use std::ops::{AddAssign, Mul};

/// One figure (an area, a power, an energy) for each kind of circuit but the buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Modules<Q> {
    /// Crossbars.
    pub crossbar: Q,
    /// Analogue-to-digital converters.
    pub adc: Q,
    /// Digital-to-analogue converters.
    pub dac: Q,
    /// Adders that join the groups of a PE.
    pub adder: Q,
    /// Output shift registers.
    pub shift_register: Q,
    /// Input registers.
    pub input_register: Q,
    /// Output registers.
    pub output_register: Q,
    /// Input demultiplexers.
    pub input_demux: Q,
    /// Output multiplexers.
    pub output_mux: Q,
    /// Joint modules that merge the PEs of a tile.
    pub joint_module: Q,
    /// Pooling circuit.
    pub pooling: Q,
}

impl<Q: Copy + std::iter::Sum> Modules<Q> {
    /// All digital circuits but the adders, buffers and the pooling circuit.
    #[must_use]
    pub fn digital_without_adders(&self) -> Q {
        [
            self.shift_register,
            self.input_register,
            self.output_register,
            self.input_demux,
            self.output_mux,
            self.joint_module,
        ]
        .into_iter()
        .sum()
    }

    /// All digital circuits but buffers and the pooling circuit.
    #[must_use]
    pub fn digital(&self) -> Q {
        [self.adder, self.digital_without_adders()].into_iter().sum()
    }

    /// Crossbars and converters.
    #[must_use]
    pub fn analog(&self) -> Q {
        [self.crossbar, self.adc, self.dac].into_iter().sum()
    }

    /// The sum of all.
    #[must_use]
    pub fn total(&self) -> Q {
        [self.analog(), self.digital(), self.pooling].into_iter().sum()
    }
}

impl<Q> Modules<Q> {
    /// The figures of each kind through a function of two.
    #[must_use]
    pub fn zip_with<R, S>(self, other: Modules<R>, mut f: impl FnMut(Q, R) -> S) -> Modules<S> {
        Modules {
            crossbar: f(self.crossbar, other.crossbar),
            adc: f(self.adc, other.adc),
            dac: f(self.dac, other.dac),
            adder: f(self.adder, other.adder),
            shift_register: f(self.shift_register, other.shift_register),
            input_register: f(self.input_register, other.input_register),
            output_register: f(self.output_register, other.output_register),
            input_demux: f(self.input_demux, other.input_demux),
            output_mux: f(self.output_mux, other.output_mux),
            joint_module: f(self.joint_module, other.joint_module),
            pooling: f(self.pooling, other.pooling),
        }
    }
}

impl<Q: Mul<f64, Output = Q> + Copy> Mul<f64> for Modules<Q> {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        self.zip_with(self, |figure, _| figure * factor)
    }
}

impl<Q: AddAssign + Copy> AddAssign for Modules<Q> {
    fn add_assign(&mut self, other: Self) {
        *self = self.zip_with(other, |mut sum, term| {
            sum += term;
            sum
        });
    }
}
