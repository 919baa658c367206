//! Passwords and tokens, from files that nobody else can read.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A secret is a line, not a document.
const BYTES_MAX: u64 = 4096;

/// A file that cannot serve as a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("{0}: {1}; it must be a file that the user of notifier can read")]
    Read(String, std::io::Error),
    /// Others can read it.
    #[error("{0} can be read by others (mode {1:03o}); `chmod 600` it")]
    Open(String, u32),
    /// It holds nothing, or no text.
    #[error("{0} holds no secret: one line of text is expected")]
    Empty(String),
}

/// The first line of `path`, without its end.
///
/// # Errors
/// The file cannot be read, others can read it, or it is empty.
pub fn read(path: &Path) -> Result<String, SecretError> {
    let name = path.display().to_string();
    let fault = |error| SecretError::Read(name.clone(), error);
    let metadata = fs::metadata(path).map_err(fault)?;
    let mode = metadata.mode() & 0o777;
    // A group may read what root gave it, as for the store's password.
    if mode & 0o007 != 0 || (mode & 0o070 != 0 && metadata.uid() != 0) {
        return Err(SecretError::Open(name, mode));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(fault)?.take(BYTES_MAX).read_to_end(&mut bytes).map_err(fault)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(SecretError::Empty(name)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::read;

    #[test]
    fn the_first_line_of_a_closed_file_is_the_secret() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("secret");
        let check = |text: &[u8], mode: u32, expect: Result<&str, &str>| {
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
            match (read(&path), expect) {
                (Ok(secret), Ok(expect)) => assert_eq!(secret, expect),
                (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
                (got, expect) => panic!("{got:?}, not {expect:?}"),
            }
        };
        check(b"hunter2\n", 0o600, Ok("hunter2"));
        check(b" a b \nsecond", 0o400, Ok("a b"));
        check(b"x", 0o644, Err("chmod 600"));
        check(b"\n", 0o600, Err("no secret"));
        check(b"\xff\xfe", 0o600, Err("no secret"));
        fs::remove_file(&path).expect("it was there");
        assert!(read(&path).is_err());
    }
}
