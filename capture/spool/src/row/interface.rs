//! The name of an interface number within an epoch.

use serde::{Deserialize, Serialize};

/// Says what `interface` means in the other rows of the same epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceRow {
    /// The number, from 1.
    pub interface: u16,
    /// The interface's name, or the capture file's.
    pub name: String,
}
