//! From the file and the command line to the effective configuration.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::check::{self, Machine, Problem};
use super::{Config, credential, url};

/// The file that is read when no `--config` is given and it exists.
pub const SYSTEM_FILE: &str = "/etc/floodmark/floodmark.toml";

/// How the first line of a handed-over document begins when its values come from a file, named after it as a TOML text.
const FROM_FILE: &str = "# file = ";

/// The largest file that is read; a real one has a few KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the command line lays over the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--interface`, any number.
    pub interfaces: Vec<String>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--store`.
    pub store: Option<String>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
}

/// Where a document came from; the beginning of every message about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// Standard input, from the supervisor.
    Parent,
    /// No file: the built-in defaults and the command line.
    Defaults,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => write!(out, "{}", path.display()),
            Place::Parent => out.write_str("configuration from `floodmark run`"),
            Place::Defaults => out.write_str("built-in defaults and command line"),
        }
    }
}

/// Why there is no effective configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; name another file with --config, or make this one readable", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text is no TOML, a key is unknown, or a value has the wrong type.
    #[error("{place}: {message}\n`floodmark config default` prints every key with its meaning")]
    Parse {
        /// Where the text stands.
        place: Place,
        /// Line, column and what is wrong there.
        message: String,
    },
    /// Values outside their range.
    #[error("{place}: {}", lines(problems))]
    Invalid {
        /// Where the values stand.
        place: Place,
        /// Each of them.
        problems: Vec<Problem>,
    },
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n  ")
}

/// A checked configuration, and the document it came from.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The values.
    pub config: Config,
    /// Where they came from.
    pub place: Place,
    /// The file behind it, also where a supervisor handed it over; absolute. `None` = there is none.
    pub file: Option<PathBuf>,
    /// The same values as TOML, with those that were given in the words they were given in: sizes that a typed value
    /// would print rounded survive the way to the children.
    document: toml::Table,
}

impl Effective {
    /// Reads the file (`--config`, else the system's, else none), lays `overrides` over it, and checks the result.
    ///
    /// # Errors
    /// See [`Error`]; all of them are bad configuration (exit code 78).
    pub fn load(file: Option<&Path>, overrides: &Overrides, machine: &Machine) -> Result<Effective, Error> {
        let (place, text) = find(file)?;
        if let Some(problem) = parse(&place, &text).map(|(config, _)| check::password_in_file(&config))? {
            return Err(Error::Invalid { place, problems: vec![problem] });
        }
        let file = match &place {
            Place::File(path) => Some(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
            Place::Parent | Place::Defaults => None,
        };
        Ok(Effective { file, ..Effective::compose(place, &text, overrides, machine)? })
    }

    /// Checks the text that a file has now: what a role reads again while it runs.
    ///
    /// # Errors
    /// As for [`Effective::load`].
    pub fn reread(file: &Path, text: &str, machine: &Machine) -> Result<Effective, Error> {
        let place = Place::File(file.to_path_buf());
        if let Some(problem) = parse(&place, text).map(|(config, _)| check::password_in_file(&config))? {
            return Err(Error::Invalid { place, problems: vec![problem] });
        }
        Effective::compose(place, text, &Overrides::default(), machine)
    }

    /// Reads what a supervisor handed over; nothing is laid over it.
    ///
    /// # Errors
    /// As for [`Effective::load`].
    pub fn from_parent(text: &str, machine: &Machine) -> Result<Effective, Error> {
        let named = text.lines().next().and_then(|line| line.strip_prefix(FROM_FILE));
        let file = named.and_then(|name| toml::from_str::<toml::Table>(&format!("file = {name}")).ok());
        let file = file.and_then(|table| table.get("file").and_then(|file| file.as_str().map(PathBuf::from)));
        Ok(Effective { file, ..Effective::compose(Place::Parent, text, &Overrides::default(), machine)? })
    }

    fn compose(place: Place, text: &str, overrides: &Overrides, machine: &Machine) -> Result<Effective, Error> {
        let (_, given) = parse(&place, text)?;
        let mut document = table_of(&Config::default());
        overlay(&mut document, given);
        overlay(&mut document, overrides.document());
        let mut named = document.clone();
        credential::resolve(&mut named, &credential::Places::of_this_process());
        let mut config: Config = named.try_into().map_err(|error: toml::de::Error| Error::Parse {
            place: place.clone(),
            message: error.message().to_owned(),
        })?;
        resolve(&mut config, machine);
        overlay(&mut document, resolved(&config));
        let problems = check::check(&config, machine);
        if problems.is_empty() {
            Ok(Effective { config, place, file: None, document })
        } else {
            Err(Error::Invalid { place, problems })
        }
    }

    /// The document for a child's stdin: complete, with the password if the command line gave one.
    pub fn handover(&self) -> String {
        // A path that is no UTF-8 is not handed on: that role then follows no file.
        let file = self.file.as_deref().and_then(Path::to_str);
        let first = file.map(|file| format!("{FROM_FILE}{}\n", toml::Value::from(one_line(file))));
        first.unwrap_or_default() + &self.document.to_string()
    }

    /// The document for people: a password in the store's URL is masked.
    pub fn masked(&self) -> String {
        let mut shown = self.document.clone();
        let masked = Overrides { store: Some(url::masked(&self.config.store.url)), ..Overrides::default() };
        overlay(&mut shown, masked.document());
        shown.to_string()
    }
}

impl Overrides {
    fn document(&self) -> toml::Table {
        let mut document = toml::Table::new();
        let mut set = |section: &str, key: &str, value: toml::Value| {
            let table = document.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(table) = table {
                table.insert(key.to_owned(), value);
            }
        };
        if !self.interfaces.is_empty() {
            set("capture", "interfaces", self.interfaces.clone().into());
        }
        if let Some(dir) = &self.data_dir {
            set("node", "data_dir", dir.to_string_lossy().into_owned().into());
        }
        if let Some(store) = &self.store {
            set("store", "url", store.clone().into());
        }
        if let Some(listen) = self.listen {
            set("web", "listen", listen.to_string().into());
        }
        document
    }
}

/// TOML would write a text with line ends over several lines; such a path is not worth more.
fn one_line(path: &str) -> &str {
    if path.contains(char::is_control) { "" } else { path }
}

/// The text to read, and its place. A file that was named must exist; the system's may be absent.
fn find(file: Option<&Path>) -> Result<(Place, String), Error> {
    let path = file.unwrap_or(Path::new(SYSTEM_FILE));
    match read(path) {
        Ok(text) => Ok((Place::File(path.to_path_buf()), text)),
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => Ok((Place::Defaults, String::new())),
        Err(source) => Err(Error::Read { path: path.to_path_buf(), source }),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    fs::read_to_string(path)
}

/// The text as typed values (so that a wrong key is told with its line) and as the table it is.
fn parse(place: &Place, text: &str) -> Result<(Config, toml::Table), Error> {
    let wrong = |error: toml::de::Error| Error::Parse {
        place: place.clone(),
        message: error.to_string().trim_end().to_owned(),
    };
    Ok((toml::from_str::<Config>(text).map_err(wrong)?, toml::from_str::<toml::Table>(text).map_err(wrong)?))
}

/// Lays `upper` over `lower`, key by key.
fn overlay(lower: &mut toml::Table, upper: toml::Table) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

fn table_of(value: &impl Serialize) -> toml::Table {
    toml::Table::try_from(value).expect("every section serialises to a table")
}

/// Fills in what an empty value stands for, where it is the same for every role.
pub fn resolve(config: &mut Config, machine: &Machine) {
    if config.node.name.is_empty() {
        config.node.name.clone_from(&machine.host_name);
    }
    if config.node.run_dir.as_os_str().is_empty() && !config.node.data_dir.as_os_str().is_empty() {
        config.node.run_dir = config.node.data_dir.join("run");
    }
}

fn resolved(config: &Config) -> toml::Table {
    let node = table_of(&config.node);
    toml::Table::from_iter([("node".to_owned(), toml::Value::Table(node))])
}
