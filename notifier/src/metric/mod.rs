//! metric: the names and values that rules speak of, joined from the host and the roles' lines.
