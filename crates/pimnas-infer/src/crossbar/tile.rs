//! Outputs of some positions: from padded input codes to running sums.

use std::ops::Range;

use super::arrays::Array;
use super::geometry::Run;
use super::layer::CrossbarLayer;
use super::real::{self, RealScratch};
use crate::kernel::{
    Aligned, Call, Counting, Digits, LANES, Magnitude, PanelShape, Sums, accumulate, add_counts,
    magnitudes,
};

/// Positions of a tile, at most.
pub(crate) const TILE: usize = 256;

/// Codes of padded inputs: item × channel × row × column, positive and negative apart.
pub(crate) struct Codes<M> {
    pub positive: Vec<M>,
    pub negative: Vec<M>,
    pub any_negative: bool,
    /// A channel without its padding.
    channel: [Vec<M>; 2],
}

impl<M: Magnitude> Codes<M> {
    pub fn new() -> Self {
        let (positive, negative) = (Vec::new(), Vec::new());
        Self { positive, negative, any_negative: false, channel: [Vec::new(), Vec::new()] }
    }

    /// Encodes the items of a batch.
    pub fn encode(&mut self, layer: &CrossbarLayer, items: &[f32]) {
        let geometry = &layer.geometry;
        let (plane, size) = (geometry.plane(), geometry.sides.0 * geometry.sides.1);
        let elements = items.len() / size * plane;
        let signed = layer.packer.halves == 2;
        for codes in [&mut self.positive, &mut self.negative] {
            if codes.len() != elements {
                codes.clear();
                codes.resize(elements, M::default());
            }
        }
        self.any_negative = false;
        let [over, under] = &mut self.channel;
        over.resize(size, M::default());
        under.resize(if signed { size } else { 0 }, M::default());
        for (i, channel) in items.chunks_exact(size).enumerate() {
            let place = i * plane..(i + 1) * plane;
            // All at once, since rows are short, and divisions of a few values cost as much as of many.
            self.any_negative |= magnitudes(layer.isa, layer.input, channel, (over, under));
            geometry.pad(over, &mut self.positive[place.clone()]);
            if signed {
                geometry.pad(under, &mut self.negative[place]);
            }
        }
    }
}

/// Buffers of a thread.
pub(crate) struct Scratch<M> {
    pub codes: Codes<M>,
    gathered: [Vec<M>; 2],
    digits: Digits,
    real: RealScratch,
    counts: Aligned<i32>,
    /// Sums of the tile: outputs × lanes.
    pub sums: Vec<f32>,
}

impl<M: Magnitude> Scratch<M> {
    pub fn new() -> Self {
        Self {
            codes: Codes::new(),
            gathered: [Vec::new(), Vec::new()],
            digits: Digits::default(),
            real: RealScratch::default(),
            counts: Aligned::default(),
            sums: Vec::new(),
        }
    }
}

/// A part of a layer's outputs.
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    pub group: usize,
    /// Positions of all items, one item after another.
    pub positions: Range<usize>,
    /// Number of the first position among all that are ever read, whatever the batch.
    pub first: u64,
    /// Outputs of the group.
    pub outputs: Range<usize>,
}

impl Tile {
    /// Lanes in which the positions are computed.
    pub fn lanes(&self) -> usize {
        self.positions.len().next_multiple_of(LANES)
    }
}

/// Buffers of a tile, without the codes.
pub(crate) struct Work<'a, M> {
    pub gathered: &'a mut [Vec<M>; 2],
    pub digits: &'a mut Digits,
    pub real: &'a mut RealScratch,
    /// Weighted codes of the tile: outputs × lanes.
    pub counts: &'a mut Aligned<i32>,
    pub sums: &'a mut Vec<f32>,
}

impl<M: Magnitude> Scratch<M> {
    /// The scratch's own codes apart from its other buffers.
    pub fn parts(&mut self) -> (&Codes<M>, Work<'_, M>) {
        let Self { codes, gathered, digits, real, counts, sums } = self;
        (codes, Work { gathered, digits, real, counts, sums })
    }
}

impl CrossbarLayer {
    /// Computes a tile's sums, in units of the output's full range, into `work.sums`.
    pub fn tile<M: Magnitude>(&self, codes: &Codes<M>, tile: &Tile, work: &mut Work<'_, M>) {
        let lanes = tile.lanes();
        work.sums.clear();
        work.sums.resize(tile.outputs.len() * lanes, 0.0);
        if matches!(self.conversion.counting, Counting::Codes(_)) {
            work.counts.set_length(tile.outputs.len() * lanes);
            work.counts.fill(0);
        }
        let channels = self.geometry.channels;
        let image = self.groups * channels * self.geometry.plane();
        let mut runs = self.geometry.runs(tile.positions.clone(), image);
        for run in &mut runs {
            run.source += tile.group * channels * self.geometry.plane();
        }
        let starts = &self.starts[tile.group * channels..];
        for (split, rows) in self.splits.iter().enumerate() {
            self.gather(codes, (starts, &runs, lanes), rows.clone(), work.gathered);
            let array = &self.arrays[tile.group * self.splits.len() + split];
            match array {
                Array::Digits(packed) => {
                    let shape = PanelShape {
                        layout: packed.layout,
                        rows: rows.len(),
                        lanes,
                        digit_bits: self.digit_bits,
                        cycles: self.cycles,
                    };
                    let [positive, negative] = &*work.gathered;
                    let halves: &[&[M]] =
                        if codes.any_negative { &[positive, negative] } else { &[positive] };
                    work.digits.fill(self.isa, &shape, halves);
                    let call = Call {
                        digits: work.digits,
                        lanes,
                        packed,
                        outputs: tile.outputs.clone(),
                        conversion: &self.conversion,
                    };
                    let mut sums = match self.conversion.counting {
                        Counting::Codes(_) => Sums::Codes(work.counts),
                        Counting::Values(_) => Sums::Values(work.sums),
                    };
                    accumulate(self.isa, &call, &mut sums);
                }
                Array::Conductances(arrays) => {
                    real::accumulate(self, (arrays, rows.len()), (tile, codes.any_negative), work);
                }
            }
        }
        self.add_counts(work);
    }

    /// Adds the values of the weighted codes to the sums.
    fn add_counts<M>(&self, work: &mut Work<'_, M>) {
        let Counting::Codes(codes) = &self.conversion.counting else { return };
        add_counts(self.isa, self.packer.layout, (work.counts, codes.unit), work.sums);
    }

    fn gather<M: Magnitude>(
        &self,
        codes: &Codes<M>,
        (starts, runs, lanes): (&[usize], &[Run], usize),
        rows: Range<usize>,
        gathered: &mut [Vec<M>; 2],
    ) {
        let sources = [&codes.positive, &codes.negative];
        let count = if codes.any_negative { 2 } else { 1 };
        for (gathered, source) in gathered.iter_mut().zip(sources).take(count) {
            if gathered.len() < rows.len() * lanes {
                gathered.resize(rows.len() * lanes, M::default());
            }
            self.geometry.gather((source, starts, runs), rows.clone(), (gathered, lanes));
        }
    }
}
