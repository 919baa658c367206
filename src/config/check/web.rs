//! Ranges of `[web]`.

use std::time::Duration;

use web_ui::config::Config;

use super::Report;

/// Browsers keep a cookie no longer.
const SESSION_MAX: Duration = Duration::from_secs(400 * 86_400);

/// Names that are listed, at most.
const HOSTS_MAX: usize = 64;

pub fn check(config: &Config, report: &mut Report) {
    let idle = config.session_idle;
    let remedy = "7days is the default";
    report.duration("web.session_idle", idle, Duration::from_secs(300), SESSION_MAX, remedy);
    report.duration(
        "web.session_lifetime",
        config.session_lifetime,
        idle.min(SESSION_MAX),
        SESSION_MAX,
        "90days is the default; it cannot be less than session_idle",
    );
    let is_name = |name: &String| {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        (1..=253).contains(&name.len()) && is_plain
    };
    if config.hosts.len() > HOSTS_MAX || !config.hosts.iter().all(is_name) {
        report.problem(
            "web.hosts",
            format_args!("{:?}", config.hosts),
            format_args!("up to {HOSTS_MAX} host names without port"),
            "write names such as \"watch.example\"; addresses need not be listed",
        );
    }
}
