//! Runs a test in a network namespace of its own.

/// Runs `body` with IPv6 off in an empty network namespace where this process may do everything. `test` is the full
/// name of the calling test.
///
/// Where the machine does not permit namespaces the test says so on stderr and passes.
pub fn in_namespace(test: &str, body: fn()) {
    faults::namespace::within(&["--net"], test, || {
        std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").expect("IPv6 off by default");
        std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").expect("IPv6 off");
        body();
    });
}
