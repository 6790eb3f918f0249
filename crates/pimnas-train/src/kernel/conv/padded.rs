//! Maps with room around them, so that no window leaves its buffer.

use super::geometry::MapShape;

/// Floats behind a buffer that a vector load may touch; none of them is ever used.
pub(super) const SLACK: usize = 16;

/// Rows and columns around a map: those of the buffer, of which the map takes a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The map.
    pub map: MapShape,
    /// Rows and columns before the map.
    pub before: (usize, usize),
    /// Rows and columns of the buffer.
    pub sides: (usize, usize),
}

impl Frame {
    /// The frame that has the rows and columns `first..end` of the map's own count (which starts
    /// at 0 and may be exceeded on both sides) and the map itself.
    pub fn new(map: MapShape, rows: (isize, isize), columns: (isize, isize)) -> Self {
        let along = |(first, end): (isize, isize), side: usize| {
            let before = (-first.min(0)) as usize;
            (before, before + (end.max(side as isize)) as usize)
        };
        let (top, height) = along(rows, map.height);
        let (left, width) = along(columns, map.width);
        Self { map, before: (top, left), sides: (height, width) }
    }

    /// Floats of an item in the buffer.
    pub fn item(&self) -> usize {
        self.sides.0 * self.sides.1 * self.map.channels
    }

    /// Whether the frame is the map itself.
    pub fn is_map(&self) -> bool {
        self.sides == (self.map.height, self.map.width)
    }

    /// Place in the buffer of that row and column of the map's own count.
    pub fn at(&self, row: isize, column: isize) -> usize {
        let row = (row + self.before.0 as isize) as usize;
        let column = (column + self.before.1 as isize) as usize;
        (row * self.sides.1 + column) * self.map.channels
    }

    /// Copies an item of the map into its place in the buffer and zeros around it.
    pub fn fill(&self, item: &[f32], buffer: &mut [f32]) {
        let line = self.map.width * self.map.channels;
        let wide = self.sides.1 * self.map.channels;
        let left = self.before.1 * self.map.channels;
        for (row, place) in buffer.chunks_exact_mut(wide.max(1)).enumerate() {
            let from = row.checked_sub(self.before.0).filter(|&row| row < self.map.height);
            match from.and_then(|row| item.get(row * line..(row + 1) * line)) {
                Some(values) => {
                    place[..left].fill(0.0);
                    place[left..left + line].copy_from_slice(values);
                    place[left + line..].fill(0.0);
                }
                None => place.fill(0.0),
            }
        }
    }
}

/// Bytes of a cache line: a vector that begins at one does not span two.
const LINE: usize = 64;

/// That many floats of a buffer, from a cache line on; the buffer has `SLACK` more.
pub(super) fn aligned(buffer: &mut [f32], length: usize) -> &mut [f32] {
    let first = buffer.as_ptr().align_offset(LINE).min(buffer.len().saturating_sub(length));
    &mut buffer[first..first + length]
}
