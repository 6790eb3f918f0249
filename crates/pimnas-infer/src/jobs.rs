//! How much work is worth a thread of its own. Waking one costs some microseconds, which layers of
//! small networks would spend more time on than on their outputs.

/// Work of about 50 µs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Worth {
    /// Products of an input digit and a cell digit.
    Digits = 1 << 21,
    /// Products of floats.
    Products = 1 << 19,
    /// Values that are read or written.
    Values = 1 << 15,
}

impl Worth {
    /// How many jobs, each of that work, one thread takes at least.
    pub fn jobs(self, work: usize) -> usize {
        (self as usize / work.max(1)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::Worth;

    #[test]
    fn small_jobs_go_together_and_large_ones_alone() {
        assert_eq!(Worth::Values.jobs(1 << 10), 32);
        assert_eq!(Worth::Values.jobs(1 << 20), 1);
        assert_eq!(Worth::Values.jobs(0), 1 << 15);
    }
}
