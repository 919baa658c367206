//! Writes secrets and configuration: each file whole or not at all, the old text kept beside, and never over what a
//! person has not agreed to.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::console::Console;
use super::document;
use super::draft::Draft;
use super::place::Place;
use super::stop::Stop;
use crate::config::Config;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::exit::{Exit, Failure};

/// Lays the answers into the file, checks it as `config check` does, and writes.
pub fn write(console: &mut Console, draft: &Draft, place: &Place, machine: &Machine) -> Result<(), Stop> {
    let text = compose(draft, place, machine)?;
    let file = place.file.display();
    let is_same = place.present.as_deref() == Some(text.as_str());
    if is_same && draft.secrets.is_empty() {
        return console.say(&format!("  {file} says all this already; it is left as it is"));
    }
    let question = match (is_same, &place.present) {
        (true, _) => format!("Write the new passwords beside {file}"),
        (false, Some(_)) => format!("Change {file} (its old text stays beside it)"),
        (false, None) => format!("Write {file}"),
    };
    if !console.yes(&question, true)? {
        return Err(Stop::Failed("not agreed to".to_owned()));
    }
    console.check_stop()?;
    // Secrets first: a configuration never names a file that is not there.
    for secret in &draft.secrets {
        let (group, mode) = place.secret_access();
        whole(&secret.file, &format!("{}\n", secret.text), group, mode)
            .map_err(|error| refused(&secret.file, &error))?;
    }
    if !is_same {
        if place.present.is_some() {
            let backup = keep(place)?;
            console.say(&format!("  the old text is in {}", backup.display()))?;
        }
        let (group, mode) = place.access();
        whole(&place.file, &text, group, mode).map_err(|error| refused(&place.file, &error))?;
    }
    // Read back as every command will read it.
    Effective::load(Some(&place.file), &Default::default(), machine).map_err(Failure::from)?;
    console.say(&format!("  {file} is written and checked"))
}

/// The new text; it says what was answered, and is right.
fn compose(draft: &Draft, place: &Place, machine: &Machine) -> Result<String, Stop> {
    let bad = |error: String| Stop::Refused(Failure::new(Exit::BadConfiguration, anyhow::anyhow!(error)));
    let before: Config = toml::from_str(place.base()).map_err(|error| bad(error.to_string()))?;
    let text = document::lay(place.base(), &before, &draft.config)
        .map_err(|error| bad(format!("{}: {error}", place.file.display())))?;
    Effective::reread(&place.file, &text, machine).map_err(Failure::from)?;
    match toml::from_str::<Config>(&text) {
        Ok(says) if says == draft.config => Ok(text),
        _ => Err(bad("the file would not say what was answered; nothing is written. Please report this".to_owned())),
    }
}

/// Copies the present file under a name of its own.
fn keep(place: &Place) -> Result<PathBuf, Stop> {
    let name = place.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (time_ns, _) = crate::commands::now_and_zone();
    let time = jiff::Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let stamp = time.strftime("%Y%m%dT%H%M%SZ");
    let (group, mode) = place.access();
    let text = place.present.as_deref().unwrap_or_default();
    for attempt in 0..100_u32 {
        let suffix = if attempt == 0 { String::new() } else { format!(".{attempt}") };
        let backup = place.folder().join(format!("{name}.{stamp}{suffix}"));
        if backup.exists() {
            continue;
        }
        whole(&backup, text, group, mode).map_err(|error| refused(&backup, &error))?;
        return Ok(backup);
    }
    Err(Stop::Failed(format!("a hundred copies of {} of this second are there already", place.file.display())))
}

/// Writes under another name, makes it durable, and puts it in its place.
fn whole(path: &Path, text: &str, group: Option<u32>, mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = folder.join(format!(".{name}.{}", std::process::id()));
    let _ = fs::remove_file(&hidden);
    let written = fill(&hidden, text, group, mode).and_then(|()| fs::rename(&hidden, path));
    if written.is_err() {
        let _ = fs::remove_file(&hidden);
    }
    written?;
    File::open(folder).and_then(|folder| folder.sync_all())
}

fn fill(path: &Path, text: &str, group: Option<u32>, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    if group.is_some() {
        fchown(&file, None, group)?;
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

fn refused(path: &Path, error: &io::Error) -> Stop {
    let (exit, remedy) = match error.kind() {
        ErrorKind::PermissionDenied => (Exit::MissingPrivilege, "run it as root, or name another file with --config"),
        ErrorKind::StorageFull => (Exit::Failed, "free some of the disk and run it again"),
        ErrorKind::ReadOnlyFilesystem => (Exit::Failed, "name a file on a disk that can be written, with --config"),
        _ => (Exit::Failed, "mend it and run it again"),
    };
    let told = format!("cannot write {}: {error}; {remedy}. The configuration is as it was", path.display());
    Stop::Refused(Failure::new(exit, anyhow::anyhow!(told)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::whole;

    #[test]
    fn a_file_is_there_whole_with_its_mode_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("a/secret");
        whole(&path, "one\n", None, 0o600).expect("written");
        whole(&path, "two\n", None, 0o640).expect("written over");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "two\n");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o640);
        let taken = dir.path().join("folder");
        fs::create_dir(&taken).expect("a folder");
        fs::write(taken.join("x"), "").expect("not empty");
        whole(&taken, "three\n", None, 0o600).expect_err("a folder is in its place");
        let left: Vec<_> =
            fs::read_dir(dir.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left.len(), 2, "nothing half-written stays: {left:?}");
    }
}
