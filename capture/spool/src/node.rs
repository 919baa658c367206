//! Who writes: the identity of this machine's Floodmark.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::SpoolError;

/// A random identity, made once for each data directory and kept in `DATA/node`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(uuid::Uuid);

impl NodeId {
    /// The identity of `data_dir`, made at the first call.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds no identity.
    pub fn load_or_create(data_dir: &Path) -> Result<NodeId, SpoolError> {
        let path = data_dir.join("node");
        fs::create_dir_all(data_dir).map_err(SpoolError::io("create", data_dir))?;
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let node = NodeId(uuid::Uuid::new_v4());
                // One write of one line: two roles that start together either make it or read it whole.
                writeln!(file, "{node}").and_then(|()| file.sync_all()).map_err(SpoolError::io("write", &path))?;
                Ok(node)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::load(&path),
            Err(error) => Err(SpoolError::Io { operation: "create", path, source: error }),
        }
    }

    fn load(path: &Path) -> Result<NodeId, SpoolError> {
        // The other role may be between its create and its write: an empty file is tried again, for a bounded time.
        for _ in 0..100 {
            let text = fs::read_to_string(path).map_err(SpoolError::io("read", path))?;
            if let Ok(id) = text.trim().parse() {
                return Ok(NodeId(id));
            }
            if !text.is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let source =
            std::io::Error::new(ErrorKind::InvalidData, "holds no node identity; restore it or remove the file");
        Err(SpoolError::Io { operation: "read", path: path.to_path_buf(), source })
    }

    /// From its 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> NodeId {
        NodeId(uuid::Uuid::from_bytes(bytes))
    }

    /// Its 16 bytes, as frames and the `nodes` table hold it.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_is_made_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let first = NodeId::load_or_create(&dir.path().join("data")).unwrap();
        assert_eq!(first, NodeId::load_or_create(&dir.path().join("data")).unwrap());
    }

    #[test]
    fn garbage_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("node"), "not a uuid").unwrap();
        let error = NodeId::load_or_create(dir.path()).unwrap_err().to_string();
        assert!(error.contains("no node identity"), "{error}");
    }
}
