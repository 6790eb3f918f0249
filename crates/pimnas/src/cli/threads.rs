//! Number of threads.

use clap::Args;

use super::failure::Failure;

/// How many threads.
#[derive(Args, Clone, Copy, Debug)]
pub struct ThreadArgs {
    /// Threads; without it, as many as the machine runs at once. Results do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

impl ThreadArgs {
    /// Runs work on that many threads.
    pub fn run<T: Send>(
        self,
        work: impl FnOnce() -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        let hint = "give a number of threads from 1";
        let threads = match self.threads {
            None => return work(),
            Some(0) => return Err(Failure::new("0 threads can do nothing", Some(hint))),
            Some(threads) => threads,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let unavailable = |error| {
            Failure::new(format_args!("cannot start {threads} threads: {error}"), Some(hint))
        };
        pool.map_err(unavailable)?.install(work)
    }
}
