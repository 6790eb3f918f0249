//! Cell digits in the order in which a kernel reads them.

use std::sync::Arc;

use super::isa::Isa;

/// Bytes of a look-up table: one for each value of an index of six bits.
pub(super) const TABLE_BYTES: usize = 64;
/// Most tables that stay close to the processor: 22 KB.
const MOST_TABLES: usize = 343;
/// Bits of a table's index.
const INDEX_BITS: u32 = 6;

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

/// Rows whose digits form an index into a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tuple {
    /// Rows of a tuple.
    pub rows: usize,
    /// Bits of an input digit.
    pub input_bits: u32,
    /// Bits of a cell.
    pub cell_bits: u32,
}

impl Tuple {
    /// As many rows as fit the index, the number of tables and a byte.
    fn new(input_bits: u32, cell_bits: u32) -> Option<Self> {
        let fits = |rows: u32| {
            let tables = (1_usize << (cell_bits + 1)).saturating_sub(1).checked_pow(rows);
            let tuple = Self { rows: rows as usize, input_bits, cell_bits };
            rows * input_bits <= INDEX_BITS
                && tables.is_some_and(|tables| tables <= MOST_TABLES)
                && 2 * tuple.bias() <= i32::from(u8::MAX)
        };
        // A single row is what products of bytes do as well.
        let rows = (2..=INDEX_BITS).rev().find(|&rows| fits(rows))?;
        Some(Self { rows: rows as usize, input_bits, cell_bits })
    }

    /// Largest sum of a tuple; added to each entry, it makes entries bytes.
    pub fn bias(&self) -> i32 {
        self.rows as i32 * ((1 << self.input_bits) - 1) * ((1 << self.cell_bits) - 1)
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
        (number as usize * TABLE_BYTES / 8) as u16
    }

    /// All tables, one after another.
    fn tables(&self) -> Vec<u8> {
        let half = (1 << self.cell_bits) - 1;
        let count = self.base().pow(self.rows as u32);
        let mask = (1 << self.input_bits) - 1;
        let mut tables = Vec::with_capacity(count as usize * TABLE_BYTES);
        for number in 0..count {
            for index in 0..TABLE_BYTES as i32 {
                let (mut rest, mut inputs, mut sum) = (number, index, 0);
                for _ in 0..self.rows {
                    sum += (rest % self.base() - half) * (inputs & mask);
                    rest /= self.base();
                    inputs >>= self.input_bits;
                }
                tables.push((sum + self.bias()) as u8);
            }
        }
        tables
    }
}

impl Layout {
    /// The best layout for digits of these bits and sums of at most that magnitude.
    pub fn choose(isa: Isa, (input_bits, cell_bits): (u32, u32), largest_sum: i64) -> Self {
        #[cfg(target_arch = "x86_64")]
        if isa == Isa::Avx512
            && largest_sum <= i64::from(i16::MAX)
            && let Some(tuple) = Tuple::new(input_bits, cell_bits)
            && tuple.rows >= 3
        {
            return Self::Table(tuple);
        }
        let _ = (isa, largest_sum);
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

    /// Outputs whose cells are packed together.
    pub fn block(self) -> usize {
        match self {
            Self::Dot => 4,
            Self::Table(_) => 2,
            Self::Bits | Self::Wide => 1,
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
    pub data: Data,
}

/// The packed digits: block of outputs, slice, unit, output of the block.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// Four digits a unit.
    Dot(Vec<[i8; 4]>),
    /// An offset into the tables a unit, in eight bytes.
    Table { offsets: Vec<u16>, tables: Arc<Vec<u8>> },
    /// Positive and negative cells of 64 rows a unit.
    Bits(Vec<[u64; 2]>),
    /// One digit a unit.
    Wide(Vec<i16>),
}

/// What the arrays of a layer have in common.
#[derive(Clone, Debug)]
pub(crate) struct Packer {
    pub layout: Layout,
    /// 1 if inputs are never negative, otherwise 2.
    pub halves: usize,
    tables: Arc<Vec<u8>>,
}

impl Packer {
    pub fn new(layout: Layout, halves: usize) -> Self {
        let tables = match layout {
            Layout::Table(tuple) => tuple.tables(),
            Layout::Dot | Layout::Bits | Layout::Wide => Vec::new(),
        };
        Self { layout, halves, tables: Arc::new(tables) }
    }

    /// Packs the slices of a row split.
    pub fn pack(&self, slices: &[Cells<'_>], outputs: usize) -> Packed {
        let layout = self.layout;
        let order = Order { packer: self, slices, outputs };
        let data = match layout {
            Layout::Dot => Data::Dot(order.collect(quad)),
            Layout::Wide => Data::Wide(order.collect(|digits| digits[0] as i16)),
            Layout::Bits => Data::Bits(order.collect(planes)),
            Layout::Table(tuple) => Data::Table {
                offsets: order.collect(|digits| tuple.table_of(digits)),
                tables: Arc::clone(&self.tables),
            },
        };
        let half_units = order.half_units();
        Packed { layout, slices: slices.len(), outputs, half_units, halves: self.halves, data }
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

impl Packed {
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
