//! lab: live capture in network namespaces of its own, with real interfaces; needs no root.
//!
//! Each test runs itself again under `unshare` (see `namespace`), so that it may make interfaces and open packet
//! sockets, and disturbs nobody.

mod changes;
mod copying;
mod counts;
mod kept;
mod link;
mod merged;
mod namespace;
mod overflow;
mod reader;
mod stock;
mod tags;
