//! `pimnas search`.

#[cfg(feature = "train")]
pub mod accuracy;
mod args;
mod live;
mod setup;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(feature = "train")]
use crate::search::WrittenSpace;
use crate::search::controllers::by_name;
use crate::search::search::{Evaluator, Search, StopReason};
use crate::search::{Purpose, Rollout, Space, Streams};
#[cfg(feature = "train")]
use crate::store::TestAccuracies;
use crate::store::{
    DecisionInfo, DriveError, Place, RunInfo, RunStore, RunSummary, Session, SpaceInfo, StageInfo,
    Stored, differences, drive,
};

pub use args::SearchArgs;
use live::Live;
#[cfg(feature = "train")]
pub use setup::fidelity;
use setup::{Kept, Setup};
pub use setup::{config_of, read_table};

#[cfg(feature = "train")]
use super::dataset::{DatasetArgs, SplitImages};
use super::failure::{FOUND_WRONG, Failure};
use super::feasible::nothing_feasible;
use super::output::note;
use super::runs;

/// Exit code of a search that was interrupted, as of other programs.
const INTERRUPTED: u8 = 130;

/// A failure of the store.
pub fn store_failure(error: &crate::store::StoreError) -> Failure {
    Failure::new(error, Some(error.hint()))
}

/// Runs the command.
pub fn run(args: &SearchArgs) -> Result<std::process::ExitCode, Failure> {
    let code = match &args.resume {
        Some(folder) => resume(args, &Place::new(folder))?,
        None => begin(args)?,
    };
    Ok(std::process::ExitCode::from(code))
}

fn begin(args: &SearchArgs) -> Result<u8, Failure> {
    let config = args.config(None)?;
    let setup = Setup::new(config, &Kept::default())?;
    if args.dry_run {
        return dry_run(&setup, args).map(|()| 0);
    }
    #[cfg(feature = "train")]
    if let Some(source) = setup.supernet() {
        source.check(&setup.config, &setup.space)?;
    }
    let place = Place::new(&args.out.clone().unwrap_or_else(free_folder));
    let mut store = RunStore::create(&place, info(&setup), &session(&setup, 0))
        .map_err(|e| store_failure(&e))?;
    note(&format!("run: {}\n", place.folder().display()));
    let search = searching(&setup);
    let reason = go(args, (&setup, &mut store), search, Duration::ZERO)?;
    drop(store);
    conclude(&place, reason)
}

fn resume(args: &SearchArgs, place: &Place) -> Result<u8, Failure> {
    let (mut store, stored) = RunStore::open(place).map_err(|error| store_failure(&error))?;
    let before: crate::cosearch::SearchConfig =
        config_of(stored.config()).ok_or_else(|| not_ours(place, &stored))?;
    let config = args.config(Some(before))?;
    // With a configuration of its own, everything is read anew; otherwise the run is self-contained.
    let kept = if args.file.is_some() { Kept::default() } else { Kept::of(&stored.info) };
    let setup = Setup::new(config, &kept)?;
    let changes = differences(stored.config(), &setup.described());
    if !changes.is_empty() && !args.force {
        let mut message = format!("{}: the configuration has changed", place.folder().display());
        changes.iter().for_each(|change| message += &format!("\n  {change}"));
        let hint = "continue without these changes, or with --force to take them over";
        return Err(Failure::new(message, Some(hint)));
    }
    if let Some(last) = stored.sessions.last().map(|session| &session.code_version)
        && last != env!("CARGO_PKG_VERSION")
    {
        note(&format!("note: it was begun with version {last}; results may differ from here on\n"));
    }
    let done = stored.stopped.is_some_and(|reason| reason != StopReason::Interrupted);
    if done && changes.is_empty() && !lacks_test(&setup, place) {
        note("note: this run has ended; nothing was left to do\n");
        let reason = stored.stopped.unwrap_or(StopReason::Evaluations);
        drop(store);
        return conclude(place, reason);
    }
    let now = info(&setup);
    if now.stages != stored.info.stages {
        let message = "trials would have other metrics than those that are stored";
        return Err(Failure::new(message, Some("begin a run of its own with --out")));
    }
    let elapsed = stored.elapsed;
    let search = continued(&setup, stored, changes.is_empty())?;
    let trials = search.history().trials().len();
    store.begin_session(now, &session(&setup, trials)).map_err(|error| store_failure(&error))?;
    note(&format!("run: {}, {trials} trials are there\n", place.folder().display()));
    let reason = go(args, (&setup, &mut store), search, elapsed)?;
    // The last to close the file leaves no log beside it.
    drop(store);
    conclude(place, reason)
}

/// A run whose configuration is not one of this command.
fn not_ours(place: &Place, stored: &Stored) -> Failure {
    let folder = place.folder().display();
    if stored.config().get("study").is_some() {
        let message = format!("{folder}: it is a study, whose candidates Python evaluates");
        return Failure::new(message, Some("continue it in Python, by `pimnas.Study.open`"));
    }
    let message = format!("{folder}: its configuration is of another program");
    Failure::new(message, Some("use the version of the program that wrote it"))
}

/// Whether the front of a run that has ended is still to be measured on test images.
fn lacks_test(setup: &Setup, place: &Place) -> bool {
    #[cfg(feature = "train")]
    if setup.supernet().is_some() {
        return TestAccuracies::read(place).is_none();
    }
    let _ = (setup, place);
    false
}

/// A search from its begin.
fn searching(setup: &Setup) -> Search<'_> {
    let controller = by_name(&setup.config.controller)
        .unwrap_or_else(|| Box::new(crate::search::controllers::Random));
    Search::new(&setup.space, setup.goals.clone(), controller, setup.meant.budget)
        .with_seed(setup.config.seed)
        .with_batch(setup.config.batch)
        .with_start(start(setup))
        .with_interrupt(&INTERRUPT)
}

/// What the search begins with.
fn start(setup: &Setup) -> Vec<Rollout> {
    #[cfg(feature = "train")]
    if setup.config.accuracy.edges && setup.supernet().is_some() {
        let edges = crate::supernet::edges(&setup.space);
        return edges.map_or_else(Vec::new, |edges| crate::supernet::corners(&setup.space, &edges));
    }
    let _ = setup;
    Vec::new()
}

fn continued(setup: &Setup, stored: Stored, unchanged: bool) -> Result<Search<'_>, Failure> {
    let search = searching(setup);
    let Some(snapshot) = stored.snapshot else { return Ok(search) };
    let trials = stored.trials.into_iter().map(|one| one.trial).collect();
    let resumed = if unchanged {
        search.resume(snapshot, trials)
    } else {
        search.resume_changed(snapshot, trials)
    };
    resumed.map_err(|error| Failure::new(&error, Some(error.hint())))
}

/// Set by Ctrl-C and by the end of the terminal's session.
static INTERRUPT: AtomicBool = AtomicBool::new(false);

fn listen() -> Result<(), Failure> {
    let handler = || {
        if INTERRUPT.swap(true, Ordering::Relaxed) {
            // The second time: the store is safe at any moment.
            std::process::exit(i32::from(INTERRUPTED));
        }
        note("\ninterrupted: ends after this batch; once more to end at once\n");
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::new(error, None))
}

fn go(
    args: &SearchArgs,
    (setup, store): (&Setup, &mut RunStore),
    mut search: Search<'_>,
    before: Duration,
) -> Result<StopReason, Failure> {
    listen()?;
    #[cfg(feature = "train")]
    let trained = match setup.supernet() {
        None => None,
        Some(source) => match prepared((args, setup), source, store.place())? {
            None => return Ok(StopReason::Interrupted),
            Some(trained) => Some((source, trained)),
        },
    };
    let start = Instant::now();
    let clock = move || before + start.elapsed();
    let cascade = setup.cascade();
    let first = search.history().trials().len();
    let ended = args.threads.run(|| {
        let mut live = Live::new(setup, (first, before));
        let ended = drive((&mut search, store), &cascade, &clock, &mut |progress| {
            live.update(progress);
        });
        live.end(&search.progress(clock()));
        ended.map_err(|error| failed(&error, store))
    })?;
    let counts = cascade.cache();
    if counts.hits > 0 {
        note(&format!("cache: {} of {} answers\n", counts.hits, counts.hits + counts.misses));
    }
    #[cfg(feature = "train")]
    if let Some((source, trained)) = &trained
        && ended != StopReason::Interrupted
    {
        measured((args, setup), (source, trained), (&search, store.place()))?;
    }
    Ok(ended)
}

/// The trained super net; none where the training was interrupted.
#[cfg(feature = "train")]
fn prepared(
    (args, setup): (&SearchArgs, &Setup),
    source: &accuracy::SupernetSource,
    place: &Place,
) -> Result<Option<accuracy::Trained>, Failure> {
    let space = (&setup.space, setup.space_text.as_str());
    args.threads.run(|| source.prepare(&setup.config, space, (place.folder(), &INTERRUPT)))
}

/// The trained super net of a run and the data set that it is judged on; none where the run has no
/// super net.
#[cfg(feature = "train")]
pub fn trained(
    (info, space): (&RunInfo, &WrittenSpace),
    place: &Place,
) -> Result<Option<(accuracy::Trained, DatasetArgs)>, Failure> {
    let Some(config) = config_of(&info.config).filter(setup::is_learned) else {
        return Ok(None);
    };
    let trained = accuracy::trained(&config, space, place.folder())?;
    let data = DatasetArgs::of(config.accuracy.data.as_deref(), None);
    Ok(trained.map(|trained| (trained, data)))
}

/// The images that the super net of a run was trained with, and the test images; none where the run
/// has trained none.
#[cfg(feature = "train")]
pub fn images(
    place: &Place,
    trainer: &crate::supernet::SupernetTrainer,
) -> Result<Option<SplitImages>, Failure> {
    let stored = Stored::read(place).map_err(|error| store_failure(&error))?;
    let config = config_of(stored.config()).filter(setup::is_learned);
    let Some(config) = config.filter(|config| config.accuracy.supernet.is_none()) else {
        return Ok(None);
    };
    let (split, test) = accuracy::images(&config, trainer)?;
    Ok(Some(SplitImages { test, ..split }))
}

/// Measures the front on the test images.
#[cfg(feature = "train")]
fn measured(
    (args, setup): (&SearchArgs, &Setup),
    (source, trained): (&accuracy::SupernetSource, &accuracy::Trained),
    (search, place): (&Search<'_>, &Place),
) -> Result<(), Failure> {
    let trials = search.history().trials();
    let front = search.history().archive().members().iter();
    let rollouts: Vec<_> = front
        .filter_map(|member| trials.get(member.id.index()))
        .map(|trial| (trial.id, trial.rollout.clone()))
        .collect();
    let images = trained.test_images();
    note(&format!("measuring {} networks on {images} test images\n", rollouts.len()));
    let measured = args.threads.run(|| source.measure(trained, &setup.base, &rollouts))?;
    runs::write_test(place, &TestAccuracies { images: images as u64, percent: measured })
}

fn failed(error: &DriveError, store: &RunStore) -> Failure {
    let (written, place) = (store.written(), store.place().folder().display());
    let message = format!("{error}\n  {written} trials are stored in {place}");
    Failure::new(message, Some(error.hint()))
}

/// What came of it: the front to standard output, or how close the best came.
fn conclude(place: &Place, reason: StopReason) -> Result<u8, Failure> {
    let summary = RunSummary::read(place).map_err(|error| store_failure(&error))?;
    note(&runs::ended(&summary, reason));
    let nothing = nothing_feasible(&summary);
    match &nothing {
        Some(said) => note(said),
        None => super::output::print(&runs::front_table(&summary, place))?,
    }
    let report = super::report_page::write(&summary, place)?;
    note(&format!("report: {}\n", report.display()));
    Ok(match (reason, nothing) {
        (StopReason::Interrupted, _) => INTERRUPTED,
        (_, Some(_)) => FOUND_WRONG,
        (_, None) => 0,
    })
}

fn info(setup: &Setup) -> RunInfo {
    let text = Some(setup.space_text.as_str());
    RunInfo {
        space: SpaceInfo::new(&setup.space, text),
        decisions: DecisionInfo::all(setup.space.decisions()),
        stages: StageInfo::all(setup.cascade().stages()),
        controller: setup.config.controller.clone(),
        seed: setup.config.seed,
        batch: setup.config.batch,
        budget: setup.meant.budget,
        objectives: setup.meant.objectives.clone(),
        constraints: setup.meant.constraints.clone(),
        hardware: setup.base.to_ini(),
        config: setup.described(),
    }
}

fn session(setup: &Setup, trials_before: usize) -> Session {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Paths that are no Unicode are shown as well as can be: the line is for reading.
    let words =
        std::env::args_os().skip(1).map(|word| super::output::quoted(&word.to_string_lossy()));
    Session {
        started_unix_s: now.as_secs(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: std::iter::once("pimnas".to_owned()).chain(words).collect::<Vec<_>>().join(" "),
        config: setup.described(),
        trials_before,
    }
}

/// The first folder of the form `search-N` that is not there.
fn free_folder() -> std::path::PathBuf {
    let name = |number: u32| std::path::PathBuf::from(format!("search-{number}"));
    (1..).map(name).find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| name(1))
}

/// What would be done, and how long that takes: a few candidates are evaluated for it, and where a
/// super net is to be trained, some steps of that are taken.
fn dry_run(setup: &Setup, args: &SearchArgs) -> Result<(), Failure> {
    /// Candidates that are evaluated.
    const TRIED: usize = 32;
    let decisions = setup.space.decisions();
    let streams = Streams::new(setup.config.seed);
    // A space without rollouts is said now, not after hours.
    decisions
        .sample(&mut streams.stream(0, Purpose::Sample))
        .map_err(|error| Failure::new(&error, Some(error.hint())))?;
    #[cfg(feature = "train")]
    let training = setup.supernet().map(|source| {
        source.check(&setup.config, &setup.space)?;
        args.threads.run(|| source.rehearse(&setup.config, &setup.space))
    });
    #[cfg(not(feature = "train"))]
    let training: Option<Result<Duration, Failure>> = None;
    let training = training.transpose()?;
    let cascade = setup.cascade();
    let start = Instant::now();
    args.threads.run(|| {
        let controller = Box::new(crate::search::controllers::Random);
        let budget = crate::search::search::Budget::evaluations(TRIED);
        let mut search = Search::new(&setup.space, setup.goals.clone(), controller, budget)
            .with_seed(setup.config.seed)
            .with_batch(TRIED);
        let ran = search.run(&cascade, &|| Duration::ZERO);
        ran.map(drop).map_err(|error| Failure::new(&error, Some(error.hint())))
    })?;
    let each = start.elapsed() / u32::try_from(TRIED).unwrap_or(1);
    let size = decisions.size().map_or_else(|error| error.to_string(), |size| size.to_string());
    let evaluations = setup.meant.budget.evaluations;
    let expected = each * u32::try_from(evaluations).unwrap_or(u32::MAX);
    let mut text = format!("space {}: {size} distinct rollouts\n", setup.space.name());
    text += &format!("controller {}, batches of {}\n", setup.config.controller, setup.config.batch);
    for (metric, direction) in setup.goals.objectives() {
        text += &format!("objective {} {}\n", direction.word(), metric.name);
    }
    for constraint in setup.goals.constraints() {
        text += &format!("constraint {constraint}\n");
    }
    for (index, stage) in cascade.stages().iter().enumerate() {
        let names: Vec<&str> = stage.metrics.iter().map(|metric| metric.name.as_str()).collect();
        text += &format!("stage {}, {}: {}\n", index + 1, stage.name, names.join(", "));
    }
    if let Some(training) = training.filter(|time| !time.is_zero()) {
        text += &format!("training of the super net on this machine: about {training:.0?}\n");
    }
    text += &format!(
        "{evaluations} evaluations at {each:.2?} each on this machine, as random candidates take: \
         about {expected:.1?}, without the controller's own time{}\n",
        if training.is_some() { " and the front on test images" } else { "" }
    );
    super::output::print(&text)
}
