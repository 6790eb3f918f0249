//! Named defects of the reference simulator, each of which can be kept or corrected.
//!
//! `docs/QUIRKS.md` says for each: what, why, and its measured effect.

/// One defect of the reference that changes a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Quirk {
    /// A layer's energy leaves out the adders of its PEs, though power counts them.
    AddersOutsideEnergy,
    /// Totals of area, power and energy leave out the global accumulator (its adders and buffer).
    AccumulatorOutsideTotals,
    /// The energy of the global accumulator is that of one addition in a thousandth of a cycle,
    /// whatever the number of outputs, and of no buffer access.
    AccumulatorEnergyOnce,
    /// Without the inner pipeline, merge and transfer times of convolutions are not reported.
    UnreportedMergeWithoutPipeline,
    /// Without the inner pipeline, an element-wise sum starts before its inputs are complete
    /// and works on several positions at once.
    EagerSumWithoutPipeline,
    /// The power of the 8-bit DAC lacks a factor of 1e-3.
    Dac8BitInWatts,
    /// Every buffer access takes 20 ns, whatever the table says.
    ConstantBufferCycle,
    /// A grouped convolution is mapped as one dense layer with C/groups inputs.
    GroupsMappedDense,
    /// The mapping counts one crossbar a bit of a weight, whatever a cell stores.
    OneBitCellsInMapping,
    /// A layer's input precision is taken to be that of its own output.
    InputBitsFromOutput,
    /// A pooling circuit of a shape that the table lacks has no area and no power.
    FreePoolingOffTable,
    /// Areas and powers written in the configuration are overwritten by the tables.
    WrittenFiguresIgnored,
    /// The global accumulator's buffer takes the written size of the PE or tile buffer.
    AccumulatorTakesLocalBufferSize,
    /// The total latency is that of the layer whose list of finish times is last in
    /// lexicographic order, not the latest finish.
    LexicographicTotalLatency,
    /// Distances of 1,000 hops and more count as 0.
    DistanceCap,
    /// The way from an element-wise sum is measured to the first tile of the next layer only.
    SumDistanceToFirstTile,
    /// A network of one layer is not placed: no distance inside it.
    SingleLayerUnplaced,
    /// The first layer is timed as a convolution, whatever it is.
    FirstLayerTimedAsConvolution,
    /// A layer behind a resizing layer without a circuit waits for positions of the wrong size.
    ResizeKeepsPositions,
    /// With replicated layers, the wait for a neighbouring replica is computed from one
    /// replica's width only, and positions are those of the first replica.
    ReplicaWaitFromOneWidth,
    /// Without the inner pipeline, one copy of a replicated layer works and the others idle.
    CopiesIdleWithoutPipeline,
    /// The energy of a replicated layer counts the power of all its copies at every position,
    /// though one copy works on it.
    CopiesMultiplyEnergy,
}

impl Quirk {
    /// Every quirk, in the order of `docs/QUIRKS.md`.
    pub const ALL: [Self; 22] = [
        Self::AddersOutsideEnergy,
        Self::AccumulatorOutsideTotals,
        Self::AccumulatorEnergyOnce,
        Self::UnreportedMergeWithoutPipeline,
        Self::EagerSumWithoutPipeline,
        Self::Dac8BitInWatts,
        Self::ConstantBufferCycle,
        Self::GroupsMappedDense,
        Self::OneBitCellsInMapping,
        Self::InputBitsFromOutput,
        Self::FreePoolingOffTable,
        Self::WrittenFiguresIgnored,
        Self::AccumulatorTakesLocalBufferSize,
        Self::LexicographicTotalLatency,
        Self::DistanceCap,
        Self::SumDistanceToFirstTile,
        Self::SingleLayerUnplaced,
        Self::FirstLayerTimedAsConvolution,
        Self::ResizeKeepsPositions,
        Self::ReplicaWaitFromOneWidth,
        Self::CopiesIdleWithoutPipeline,
        Self::CopiesMultiplyEnergy,
    ];

    /// The name by which the command and the documentation know this quirk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AddersOutsideEnergy => "adders-outside-energy",
            Self::AccumulatorOutsideTotals => "accumulator-outside-totals",
            Self::AccumulatorEnergyOnce => "accumulator-energy-once",
            Self::UnreportedMergeWithoutPipeline => "unreported-merge-without-pipeline",
            Self::EagerSumWithoutPipeline => "eager-sum-without-pipeline",
            Self::Dac8BitInWatts => "dac-8-bit-in-watts",
            Self::ConstantBufferCycle => "constant-buffer-cycle",
            Self::GroupsMappedDense => "groups-mapped-dense",
            Self::OneBitCellsInMapping => "one-bit-cells-in-mapping",
            Self::InputBitsFromOutput => "input-bits-from-output",
            Self::FreePoolingOffTable => "free-pooling-off-table",
            Self::WrittenFiguresIgnored => "written-figures-ignored",
            Self::AccumulatorTakesLocalBufferSize => "accumulator-takes-local-buffer-size",
            Self::LexicographicTotalLatency => "lexicographic-total-latency",
            Self::DistanceCap => "distance-cap",
            Self::SumDistanceToFirstTile => "sum-distance-to-first-tile",
            Self::SingleLayerUnplaced => "single-layer-unplaced",
            Self::FirstLayerTimedAsConvolution => "first-layer-timed-as-convolution",
            Self::ResizeKeepsPositions => "resize-keeps-positions",
            Self::ReplicaWaitFromOneWidth => "replica-wait-from-one-width",
            Self::CopiesIdleWithoutPipeline => "copies-idle-without-pipeline",
            Self::CopiesMultiplyEnergy => "copies-multiply-energy",
        }
    }

    /// The quirk of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quirk| quirk.name() == name)
    }
}

/// Which of the reference's defects a simulation keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quirks(u32);

impl Quirks {
    /// All of them: the reference's numbers.
    #[must_use]
    pub fn reference() -> Self {
        Quirk::ALL.into_iter().fold(Self::corrected(), Self::with)
    }

    /// None of them.
    #[must_use]
    pub const fn corrected() -> Self {
        Self(0)
    }

    /// Whether this defect is kept.
    #[must_use]
    pub const fn keeps(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk as u8) != 0
    }

    /// These and that one.
    #[must_use]
    pub const fn with(self, quirk: Quirk) -> Self {
        Self(self.0 | (1 << quirk as u8))
    }

    /// These without that one.
    #[must_use]
    pub const fn without(self, quirk: Quirk) -> Self {
        Self(self.0 & !(1 << quirk as u8))
    }
}

/// The two named sets of quirks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fidelity {
    /// The reference's numbers, defects included.
    #[default]
    Reference,
    /// Every known defect corrected.
    Corrected,
}

impl From<Fidelity> for Quirks {
    fn from(fidelity: Fidelity) -> Self {
        match fidelity {
            Fidelity::Reference => Self::reference(),
            Fidelity::Corrected => Self::corrected(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_quirks() {
        for quirk in Quirk::ALL {
            assert_eq!(Quirk::by_name(quirk.name()), Some(quirk));
        }
    }

    #[test]
    fn the_reference_keeps_all_and_corrected_none() {
        for quirk in Quirk::ALL {
            assert!(Quirks::reference().keeps(quirk));
            assert!(!Quirks::corrected().keeps(quirk));
            assert!(!Quirks::reference().without(quirk).keeps(quirk));
        }
    }
}
