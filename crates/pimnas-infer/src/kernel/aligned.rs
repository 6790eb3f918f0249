//! Buffers of numbers that begin at a cache line, so that no register's worth of them spans two.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Bytes of a cache line.
const LINE: usize = 64;

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// Numbers: any bytes are a value.
///
/// # Safety
/// Of primitive integers and floats alone, whose sizes divide a cache line.
pub(crate) unsafe trait Number: Copy {}

// SAFETY: a primitive integer.
unsafe impl Number for u8 {}
// SAFETY: as above.
unsafe impl Number for u32 {}
// SAFETY: as above.
unsafe impl Number for u64 {}
// SAFETY: as above.
unsafe impl Number for i32 {}
// SAFETY: a primitive float.
unsafe impl Number for f32 {}

/// A growing buffer of zeros to be written over.
#[derive(Clone, Debug)]
pub(crate) struct Aligned<T> {
    lines: Vec<Line>,
    length: usize,
    values: PhantomData<T>,
}

impl<T> Default for Aligned<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), length: 0, values: PhantomData }
    }
}

impl<T: Number> Aligned<T> {
    /// Makes it that long. Values that were there stay; new ones may be any.
    pub fn set_length(&mut self, length: usize) {
        let lines = (length * size_of::<T>()).div_ceil(LINE);
        if lines > self.lines.len() {
            self.lines.resize(lines, Line([0; LINE]));
        }
        self.length = length;
    }
}

impl Aligned<u8> {
    /// A buffer of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut buffer = Self::default();
        buffer.set_length(bytes.len());
        buffer.copy_from_slice(bytes);
        buffer
    }
}

impl<T: Number> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines are initialised, hold at least `length` values by `set_length`, are
        // aligned for any primitive number, and any bytes are a value.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl<T: Number> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}
