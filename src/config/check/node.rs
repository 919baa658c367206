//! Ranges of `[node]`.

use super::Report;
use crate::config::node::Config;

/// The column `nodes.name` and the subject of a message hold this much.
const NAME_BYTES_MAX: usize = 64;

/// A Unix socket's path has 107 bytes; the longest name in the folder is `/notifier.sock` (14).
const RUN_DIR_BYTES_MAX: usize = 107 - 14;

pub fn check(config: &Config, report: &mut Report) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if config.name.is_empty() || config.name.len() > NAME_BYTES_MAX || !config.name.chars().all(plain) {
        report.problem(
            "node.name",
            format_args!("{:?}", config.name),
            "1 to 64 letters, digits, `.`, `_`, `-`",
            "set a name; empty takes the host name",
        );
    }
    if config.data_dir.as_os_str().is_empty() {
        report.problem("node.data_dir", "\"\"", "a folder", "name one, such as \"/var/lib/floodmark\"");
    }
    if config.run_dir.as_os_str().len() > RUN_DIR_BYTES_MAX {
        report.problem(
            "node.run_dir",
            format_args!("\"{}\"", config.run_dir.display()),
            format_args!("a path of at most {RUN_DIR_BYTES_MAX} bytes, because a socket's path is short"),
            "set node.run_dir to a short path, such as \"/run/floodmark\"",
        );
    }
}
