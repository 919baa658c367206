//! Who writes: the identity of this machine's Floodmark.

use std::fmt;
use std::fs;
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
        if path.exists() {
            return Self::load(&path);
        }
        // Whole and durable before it has its name, and never over another's: two roles that start together get one
        // identity, and so does a start after a power cut, which would refuse the spool of another one.
        let hidden = data_dir.join(format!(".node.{}", std::process::id()));
        let node = NodeId(uuid::Uuid::new_v4());
        let mut file = fs::File::create(&hidden).map_err(SpoolError::io("create", &hidden))?;
        let made = writeln!(file, "{node}").and_then(|()| file.sync_all());
        let linked = made.and_then(|()| match fs::hard_link(&hidden, &path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            // A file system without links.
            Err(_) => fs::rename(&hidden, &path).map(|()| true),
            Ok(()) => Ok(true),
        });
        let _ = fs::remove_file(&hidden);
        if !linked.map_err(SpoolError::io("write", &path))? {
            return Self::load(&path);
        }
        fs::File::open(data_dir).and_then(|dir| dir.sync_all()).map_err(SpoolError::io("sync", data_dir))?;
        Ok(node)
    }

    fn load(path: &Path) -> Result<NodeId, SpoolError> {
        let text = fs::read_to_string(path).map_err(SpoolError::io("read", path))?;
        if let Ok(id) = text.trim().parse() {
            return Ok(NodeId(id));
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
