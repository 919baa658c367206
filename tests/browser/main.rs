//! The page in a real browser: Chromium over the built program, with packets on a real interface.
//!
//! Each test runs itself again in a namespace of its own (see `namespace`), starts Floodmark there, and lets one file of
//! `scenarios` drive Chromium on the namespace's loopback. `./scripts/test` installs what is needed; where it is not
//! there, a test says so and passes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod hostile;
mod life;
#[allow(dead_code, reason = "shared with capture's lab, which uses more of it")]
#[path = "../../capture/tests/lab/link.rs"]
mod link;
mod looks;
#[allow(dead_code, reason = "shared with the tests of the line, which use more of it")]
#[path = "../line/machine.rs"]
mod machine;
#[path = "../../capture/tests/lab/namespace.rs"]
mod namespace;
mod node;
#[allow(dead_code, reason = "shared with the tests of the line, which use more of it")]
#[path = "../line/process.rs"]
mod process;
#[allow(dead_code, reason = "shared with capture's lab, which uses more of it")]
#[path = "../../capture/tests/lab/reader.rs"]
mod reader;
mod silent;
mod site;
mod traffic;
