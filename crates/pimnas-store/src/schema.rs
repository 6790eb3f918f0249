//! Tables of the store.

/// "pimn" as a big-endian number: SQLite's application id.
pub(crate) const APPLICATION: i64 = 0x7069_6d6e;
/// Version of the format: SQLite's user version.
pub const FORMAT: i64 = 1;

/// All tables but those that depend on the metrics. Trials are append-only by triggers.
const FIXED: &str = "
CREATE TABLE run (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    number INTEGER PRIMARY KEY,
    started_unix_s INTEGER NOT NULL,
    code_version TEXT NOT NULL,
    command TEXT NOT NULL,
    config TEXT NOT NULL,
    trials_before INTEGER NOT NULL
) STRICT;
CREATE TABLE batch (
    iteration INTEGER PRIMARY KEY,
    first_trial INTEGER NOT NULL,
    trials INTEGER NOT NULL,
    elapsed_ns INTEGER NOT NULL
) STRICT;
CREATE TABLE state (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    trials INTEGER NOT NULL,
    elapsed_ns INTEGER NOT NULL,
    snapshot TEXT NOT NULL,
    stop_reason TEXT
) STRICT;
";

/// Append-only tables.
const GUARDED: [&str; 3] = ["trial", "batch", "session"];

/// The table of trials of whole batches.
pub(crate) const TRIAL: &str = "trial";
/// The table, in stores of searches that are asked and told, of trials of batches that are not
/// whole. It was not there in the first stores; whoever does not know it sees whole batches.
pub(crate) const RUNNING: &str = "running";

/// The columns of a table of trials.
fn trials(name: &str, metrics: usize, stages: usize) -> String {
    let mut text = format!("TABLE {name} (\n    ");
    text += "id INTEGER PRIMARY KEY,\n    choices TEXT NOT NULL,\n    \
             hash TEXT NOT NULL,\n    lineage TEXT NOT NULL,\n    parent INTEGER,\n    \
             other_parent INTEGER,\n    seed INTEGER NOT NULL,\n    stages INTEGER NOT NULL,\n    \
             outcome TEXT NOT NULL,\n    reason TEXT";
    for index in 0..metrics {
        // Numbers, nothing for what is not known, and the word `nan`, which SQLite has not.
        text += &format!(",\n    figure{index} ANY");
    }
    for index in 0..stages {
        text += &format!(",\n    spent{index}_ns INTEGER");
    }
    text + "\n) STRICT"
}

/// The statement that makes the table of trials of batches that are not whole.
pub(crate) fn running(metrics: usize, stages: usize) -> String {
    format!("CREATE {}", trials(&format!("IF NOT EXISTS {RUNNING}"), metrics, stages))
}

/// The statements that make an empty store for evaluations of so many figures in so many stages.
pub(crate) fn statements(metrics: &[String], stages: &[String]) -> String {
    let mut text = FIXED.to_owned();
    text += &format!("CREATE {};\n", trials(TRIAL, metrics.len(), stages.len()));
    for table in GUARDED {
        for action in ["UPDATE", "DELETE"] {
            text += &format!(
                "CREATE TRIGGER {table}_keeps_from_{action} BEFORE {action} ON {table} BEGIN \
                 SELECT RAISE(ABORT, '{table} is append-only'); END;\n"
            );
        }
    }
    text += &view(metrics, stages);
    text + &format!("PRAGMA application_id = {APPLICATION};\nPRAGMA user_version = {FORMAT};\n")
}

/// Trials with the metrics' own names, for people who read the file with SQL.
fn view(metrics: &[String], stages: &[String]) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut columns = Vec::new();
    let given = metrics.iter().enumerate().map(|(i, name)| (format!("figure{i}"), name.clone()));
    let spent = stages.iter().enumerate();
    let spent = spent.map(|(i, name)| (format!("spent{i}_ns"), format!("{name}_ns")));
    for (column, name) in given.chain(spent) {
        // Names of columns do not tell case apart.
        let taken = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let name = if taken(&name) { column.clone() } else { name };
        columns.push(format!("{column} AS \"{}\"", name.replace('"', "\"\"")));
        names.push(name);
    }
    let columns = columns.join(", ");
    format!(
        "CREATE VIEW result AS SELECT id AS trial, hash AS genotype_hash, lineage AS made_by, \
         outcome AS came_to, reason AS because, {columns} FROM trial;\n"
    )
}

/// The statement that appends a trial to a table of trials.
pub(crate) fn insert(table: &str, metrics: usize, stages: usize) -> String {
    let mut columns =
        "id, choices, hash, lineage, parent, other_parent, seed, stages, outcome, reason"
            .to_owned();
    (0..metrics).for_each(|index| columns += &format!(", figure{index}"));
    (0..stages).for_each(|index| columns += &format!(", spent{index}_ns"));
    let marks = vec!["?"; columns.split(',').count()].join(", ");
    format!("INSERT INTO {table} ({columns}) VALUES ({marks})")
}

/// The statement that gives all trials of a table, with the columns in the order of [`insert`].
pub(crate) fn select(table: &str, metrics: usize, stages: usize) -> String {
    let columns = insert(table, metrics, stages);
    let columns = columns.split(['(', ')']).nth(1).unwrap_or("*").to_owned();
    format!("SELECT {columns} FROM {table} ORDER BY id")
}
