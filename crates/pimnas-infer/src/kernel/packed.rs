//! Cell digits in the order in which a kernel reads them.

use std::sync::Arc;

use super::aligned::Aligned;
use super::isa::Isa;

/// Bytes of all tables, at most: as many as stay close to the processor.
const MOST_BYTES: usize = 22_000;
/// Outputs whose sums are looked up together: with a panel (two of AVX-512), their registers are all
/// in use, and the panels and the usual tables together fit the first cache.
pub(super) const TOGETHER: usize = 4;
/// Fewest look-ups whose sum must fit a byte; with fewer, widening costs more than it saves.
const FEWEST_RUN: i32 = 5;

/// How digits are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Bytes, four rows a lane.
    Dot,
    /// Indices of that many rows' digits.
    Table(Tuple),
    /// One bit a row.
    Bits,
    /// A row a byte, cells as 16-bit numbers.
    Wide,
}

/// What one byte permutation looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// AVX2: indices of four bits, 32 positions at a time.
    Nibbles,
    /// AVX-512 VBMI: indices of six bits, 64 positions at a time.
    Sextets,
}

impl Lookup {
    /// Bits of a table's index.
    fn index_bits(self) -> u32 {
        match self {
            Self::Nibbles => 4,
            Self::Sextets => 6,
        }
    }

    /// Bytes of a table: one for each value of an index.
    pub fn table_bytes(self) -> usize {
        1 << self.index_bits()
    }

    /// Panels that are looked up together, and lie interleaved for that.
    pub fn chunk(self) -> usize {
        match self {
            Self::Nibbles => 1,
            Self::Sextets => 2,
        }
    }

    /// 32-bit numbers in a register.
    fn width(self) -> usize {
        match self {
            Self::Nibbles => 8,
            Self::Sextets => 16,
        }
    }
}

/// Rows whose digits form an index into a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tuple {
    pub lookup: Lookup,
    /// Rows of a tuple.
    pub rows: usize,
    /// Bits of an input digit.
    pub input_bits: u32,
    /// Bits of a cell.
    pub cell_bits: u32,
}

impl Tuple {
    /// As many rows as fit the index, the number of tables and a byte.
    fn new(lookup: Lookup, input_bits: u32, cell_bits: u32) -> Option<Self> {
        let fits = |rows: u32| {
            let tables = (1_usize << (cell_bits + 1)).saturating_sub(1).checked_pow(rows);
            let tuple = Self { lookup, rows: rows as usize, input_bits, cell_bits };
            rows * input_bits <= lookup.index_bits()
                && tables.is_some_and(|tables| tables <= MOST_BYTES / lookup.table_bytes())
                && FEWEST_RUN * tuple.largest() <= i32::from(u8::MAX)
        };
        // A single row is what products of bytes do as well.
        let rows = (2..=lookup.index_bits()).rev().find(|&rows| fits(rows))?;
        Some(Self { lookup, rows: rows as usize, input_bits, cell_bits })
    }

    /// Largest magnitude of a tuple's sum, and largest entry of a table.
    fn largest(&self) -> i32 {
        self.rows as i32 * ((1 << self.input_bits) - 1) * ((1 << self.cell_bits) - 1)
    }

    /// Largest entry of the table of a tuple of cells.
    fn span(&self, cells: &[i32]) -> i32 {
        cells.iter().map(|cell| cell.abs()).sum::<i32>() * ((1 << self.input_bits) - 1)
    }

    fn base(&self) -> i32 {
        (1 << (self.cell_bits + 1)) - 1
    }

    /// Which table a tuple of cells takes.
    fn table_of(&self, cells: &[i32]) -> u16 {
        let half = (1 << self.cell_bits) - 1;
        let number =
            cells.iter().rev().fold(0, |number, &cell| number * self.base() + (cell + half));
        // In units of eight bytes, which is what an address can scale by.
        (number as usize * self.lookup.table_bytes() / 8) as u16
    }

    /// The smallest sum of a tuple of cells: what its table's entries are less than the sums.
    fn least(&self, cells: &[i32]) -> i32 {
        cells.iter().map(|&cell| cell.min(0)).sum::<i32>() * ((1 << self.input_bits) - 1)
    }

    /// All tables, one after another. Entries are sums less the table's least sum.
    fn tables(&self) -> Vec<u8> {
        let half = (1 << self.cell_bits) - 1;
        let count = self.base().pow(self.rows as u32);
        let mask = (1 << self.input_bits) - 1;
        let bytes = self.lookup.table_bytes();
        let mut tables = Vec::with_capacity(count as usize * bytes);
        for number in 0..count {
            let mut rest = number;
            let cells: Vec<i32> = (0..self.rows)
                .map(|_| {
                    let cell = rest % self.base() - half;
                    rest /= self.base();
                    cell
                })
                .collect();
            let least = self.least(&cells);
            for index in 0..bytes as i32 {
                let digit = |row: usize| (index >> (row as u32 * self.input_bits)) & mask;
                let sum: i32 = cells.iter().enumerate().map(|(row, &c)| c * digit(row)).sum();
                tables.push((sum - least) as u8);
            }
        }
        tables
    }
}

impl Layout {
    /// The best layout for digits of these bits and sums of at most that magnitude.
    pub fn choose(isa: Isa, (input_bits, cell_bits): (u32, u32), largest_sum: i64) -> Self {
        let lookup = match isa {
            Isa::Portable => None,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Some(Lookup::Nibbles),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Some(Lookup::Sextets),
        };
        if largest_sum <= i64::from(i16::MAX)
            && let Some(lookup) = lookup
            && let Some(tuple) = Tuple::new(lookup, input_bits, cell_bits)
        {
            return Self::Table(tuple);
        }
        match (input_bits, cell_bits) {
            (1, 1) => Self::Bits,
            (_, 8..) => Self::Wide,
            _ => Self::Dot,
        }
    }

    /// Rows of a unit.
    pub fn rows(self) -> usize {
        match self {
            Self::Dot => 4,
            Self::Table(tuple) => tuple.rows,
            Self::Bits => u64::BITS as usize,
            Self::Wide => 1,
        }
    }

    /// Numbers of the vectors of running sums that hold every fourth position, four such vectors
    /// after one another; `None` where sums are in the order of positions.
    pub fn width(self) -> Option<usize> {
        match self {
            Self::Table(tuple) => Some(tuple.lookup.width()),
            Self::Dot | Self::Bits | Self::Wide => None,
        }
    }

    /// Where the running sum of a position of a group is.
    pub fn place(self, position: usize) -> usize {
        self.width().map_or(position, |width| {
            let span = 4 * width;
            position / span * span + position % 4 * width + position % span / 4
        })
    }

    /// Outputs whose cells are packed together.
    pub fn block(self) -> usize {
        match self {
            Self::Dot => 4,
            Self::Table(_) => TOGETHER,
            Self::Bits => 2,
            Self::Wide => 1,
        }
    }
}

/// The digits of one slice of one row split: outputs × rows, signed.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub digits: &'a [i32],
    pub rows: usize,
}

impl Cells<'_> {
    /// The digit of an output and row; 0 outside.
    fn at(&self, output: usize, row: usize) -> i32 {
        if row < self.rows {
            self.digits.get(output * self.rows + row).copied().unwrap_or(0)
        } else {
            0
        }
    }
}

/// Cell digits of all slices of a row split.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub layout: Layout,
    pub slices: usize,
    pub outputs: usize,
    /// Units of one sign of the inputs.
    pub half_units: usize,
    /// 1 if inputs are never negative, otherwise 2: the second with the cells' signs turned.
    pub halves: usize,
    /// Units of bytes whose products of pairs can be added up in 16 bits.
    pub run: usize,
    pub data: Data,
}

/// The packed digits: block of outputs, slice, unit, output of the block.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// Four digits a unit.
    Dot(Vec<[i8; 4]>),
    /// Which tables to look into.
    Table(Lookups),
    /// Positive and negative cells of 64 rows a unit.
    Bits(Vec<[u64; 2]>),
    /// One digit a unit.
    Wide(Vec<i16>),
}

/// The look-ups of all blocks and slices.
#[derive(Clone, Debug)]
pub(crate) struct Lookups {
    pub tables: Arc<Aligned<u8>>,
    pub entries: Vec<Entry>,
    /// Of each block and slice.
    pub lists: Vec<List>,
}

/// A unit of rows that is not zero in all outputs of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub unit: u16,
    /// Where each output's table begins, in eight bytes.
    pub tables: [u16; TOGETHER],
}

/// The look-ups of a block and slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    /// Entries: from the first, up to the first of the second half of the units, to the last.
    pub places: [u32; 3],
    /// Entries whose tables' largest sums fit a byte, wherever they begin.
    pub run: u16,
    /// What each output's sum lacks, without and with the second half.
    pub least: [[i16; TOGETHER]; 2],
}

impl List {
    /// The entries of one half or both, their run, and what the outputs' sums lack.
    pub fn entries(self, lookups: &Lookups, halves: usize) -> (&[Entry], usize, [i16; TOGETHER]) {
        let [start, half, end] = self.places.map(|place| place as usize);
        let end = if halves == 2 { end } else { half };
        (&lookups.entries[start..end], usize::from(self.run), self.least[halves - 1])
    }
}

/// What the arrays of a layer have in common.
#[derive(Clone, Debug)]
pub(crate) struct Packer {
    pub layout: Layout,
    /// 1 if inputs are never negative, otherwise 2.
    pub halves: usize,
    /// Largest input digit and largest cell digit.
    largest: [i32; 2],
    tables: Arc<Aligned<u8>>,
}

impl Packer {
    pub fn new(layout: Layout, halves: usize, (input_bits, cell_bits): (u32, u32)) -> Self {
        let largest = [input_bits, cell_bits].map(|bits| (1 << bits) - 1);
        let tables = match layout {
            Layout::Table(tuple) => tuple.tables(),
            Layout::Dot | Layout::Bits | Layout::Wide => Vec::new(),
        };
        Self { layout, halves, largest, tables: Arc::new(Aligned::of(&tables)) }
    }

    /// Packs the slices of a row split.
    pub fn pack(&self, slices: &[Cells<'_>], outputs: usize) -> Packed {
        let layout = self.layout;
        let order = Order { packer: self, slices, outputs };
        let data = match layout {
            Layout::Dot => Data::Dot(order.collect(quad)),
            Layout::Wide => Data::Wide(order.collect(|digits| digits[0] as i16)),
            Layout::Bits => Data::Bits(order.collect(planes)),
            Layout::Table(tuple) => Data::Table(order.lookups(tuple)),
        };
        let half_units = order.half_units();
        let (halves, run) = (self.halves, self.run());
        Packed { layout, slices: slices.len(), outputs, half_units, halves, run, data }
    }

    /// A pair of products is at most twice the product of the largest digits.
    fn run(&self) -> usize {
        let [input, cell] = self.largest;
        (i32::from(i16::MAX) / (2 * input * cell).max(1)) as usize
    }
}

/// The order of packed units.
struct Order<'a> {
    packer: &'a Packer,
    slices: &'a [Cells<'a>],
    outputs: usize,
}

impl Order<'_> {
    fn half_units(&self) -> usize {
        let rows = self.slices.first().map_or(0, |cells| cells.rows);
        rows.div_ceil(self.packer.layout.rows())
    }

    /// Each unit's digits, packed: blocks of outputs, slices, signs, units, outputs of a block.
    fn collect<T>(&self, pack: impl Fn(&[i32]) -> T) -> Vec<T> {
        let (rows, block) = (self.packer.layout.rows(), self.packer.layout.block());
        let mut digits = vec![0; rows];
        let blocks = self.outputs.div_ceil(block);
        let units = self.half_units() * self.packer.halves;
        let mut packed = Vec::with_capacity(blocks * block * self.slices.len() * units);
        for first in (0..self.outputs).step_by(block) {
            for cells in self.slices {
                for unit in 0..units {
                    let sign = if unit < self.half_units() { 1 } else { -1 };
                    let row = unit % self.half_units() * rows;
                    for output in first..first + block {
                        for (place, row) in digits.iter_mut().zip(row..) {
                            *place = sign * cells.at(output, row);
                        }
                        packed.push(pack(&digits));
                    }
                }
            }
        }
        packed
    }
}

impl Order<'_> {
    fn lookups(&self, tuple: Tuple) -> Lookups {
        let (units, half) = (self.half_units() * self.packer.halves, self.half_units());
        let zero = tuple.table_of(&vec![0; tuple.rows]);
        let cells = self.collect(|digits| Cell {
            table: tuple.table_of(digits),
            least: tuple.least(digits) as i16,
            span: tuple.span(digits) as u8,
        });
        let mut entries = Vec::with_capacity(cells.len() / TOGETHER);
        let (mut lists, mut spans) = (Vec::new(), Vec::new());
        let places = |entries: &Vec<Entry>| entries.len() as u32;
        // Nothing to look up for layers without rows or outputs.
        for list in cells.chunks_exact((TOGETHER * units).max(1)) {
            let (mut half_place, mut least) = (0, [[0_i16; TOGETHER]; 2]);
            let start = places(&entries);
            spans.clear();
            for (unit, cells) in list.as_chunks::<TOGETHER>().0.iter().enumerate() {
                if unit == half {
                    half_place = places(&entries);
                }
                for (output, cell) in cells.iter().enumerate() {
                    least[1][output] += cell.least;
                    least[0][output] += if unit < half { cell.least } else { 0 };
                }
                if cells.iter().any(|cell| cell.table != zero) {
                    entries.push(Entry { unit: unit as u16, tables: cells.map(|cell| cell.table) });
                    spans.push(cells.map(|cell| cell.span));
                }
            }
            let end = places(&entries);
            let half_place = if units > half { half_place } else { end };
            lists.push(List { places: [start, half_place, end], run: longest_run(&spans), least });
        }
        entries.shrink_to_fit();
        Lookups { tables: Arc::clone(&self.packer.tables), entries, lists }
    }
}

/// A tuple of cells.
#[derive(Clone, Copy)]
struct Cell {
    table: u16,
    least: i16,
    span: u8,
}

/// The most entries of which any that follow each other have spans whose sums fit a byte.
fn longest_run(spans: &[[u8; TOGETHER]]) -> u16 {
    let mut run = spans.len();
    for output in 0..TOGETHER {
        let (mut first, mut sum) = (0, 0_u32);
        for (last, spans_here) in spans.iter().enumerate() {
            sum += u32::from(spans_here[output]);
            while sum > u32::from(u8::MAX) {
                // What begins at `first` must end before `last`.
                run = run.min(last - first);
                sum -= u32::from(spans[first][output]);
                first += 1;
            }
        }
    }
    run.clamp(1, usize::from(u16::MAX)) as u16
}

impl Packed {
    /// How tables are looked up, if they are.
    pub fn lookup(&self) -> Option<Lookup> {
        match self.layout {
            Layout::Table(tuple) => Some(tuple.lookup),
            Layout::Dot | Layout::Bits | Layout::Wide => None,
        }
    }

    /// Units of both signs.
    pub fn units(&self) -> usize {
        self.half_units * self.halves
    }
}

fn quad(digits: &[i32]) -> [i8; 4] {
    let mut quad = [0; 4];
    for (place, &digit) in quad.iter_mut().zip(digits) {
        *place = digit as i8;
    }
    quad
}

fn planes(digits: &[i32]) -> [u64; 2] {
    let mut planes = [0; 2];
    for (row, &digit) in digits.iter().enumerate() {
        planes[0] |= u64::from(digit > 0) << row;
        planes[1] |= u64::from(digit < 0) << row;
    }
    planes
}
