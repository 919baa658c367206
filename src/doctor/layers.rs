//! Interfaces that carry each other's packets: capturing both counts each packet twice.

use super::{Finding, View};

pub fn examine(names: &[String], view: &View) -> Vec<Finding> {
    let carries =
        |upper: &str, lower: &str| view.interface(upper).join(format!("lower_{lower}")).symlink_metadata().is_ok();
    judge(names, carries)
}

/// `carries(upper, lower)`: a bridge, bond or VLAN `upper` whose packets pass through `lower`.
fn judge(names: &[String], carries: impl Fn(&str, &str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for upper in names {
        for lower in names.iter().filter(|lower| *lower != upper) {
            if carries(upper, lower) {
                let what = format!("its packets are those of {lower}, which is captured too: they count twice");
                let remedy = format!("capture {upper} or {lower}, not both");
                findings.push(Finding::warn(format!("interface {upper}"), what, remedy));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_bridge_and_its_member_are_told_once() {
        let names = ["br0", "eth0", "eth1"].map(str::to_owned);
        let findings = judge(&names, |upper, lower| upper == "br0" && lower == "eth1");
        assert_eq!(findings.len(), 1);
        assert!(findings[0].subject.contains("br0") && findings[0].remedy.contains("eth1"), "{findings:?}");
        assert!(judge(&names, |_, _| false).is_empty());
    }
}
