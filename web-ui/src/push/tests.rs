//! The push API over real connections.
