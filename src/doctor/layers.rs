//! Interfaces that carry each other's packets: capturing both counts each packet twice.

use capture::interface::{Link, Netlink, double_counted, find};

use super::Finding;

pub fn examine(names: &[String]) -> Vec<Finding> {
    match Netlink::open().and_then(|mut netlink| netlink.links()) {
        Ok(links) => judge(names, &links),
        Err(error) => {
            let remedy =
                "see `ip -details link`: a bridge, bond or VLAN and what it stands on must not both be captured";
            vec![Finding::warn("interfaces", format!("what stands on what could not be seen: {error}"), remedy)]
        }
    }
}

fn judge(names: &[String], links: &[Link]) -> Vec<Finding> {
    let captured: Vec<u32> = names.iter().filter_map(|name| find(links, name)).map(|link| link.index).collect();
    let name = |index: u32| links.iter().find(|link| link.index == index).map_or("?", |link| link.name.as_str());
    double_counted(links, &captured)
        .into_iter()
        .map(|(member, whole)| {
            let (member, whole) = (name(member), name(whole));
            let what = format!("its packets are seen on {whole} too, which is captured as well: they count twice");
            Finding::warn(format!("interface {member}"), what, format!("capture {member} or {whole}, not both"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use capture::interface::Link;

    use super::judge;

    #[test]
    fn a_bridge_and_its_member_are_told() {
        let link = |index, name: &str, master| Link { index, name: name.to_owned(), master, ..Link::default() };
        let links = [link(1, "br0", None), link(2, "eth0", Some(1)), link(3, "eth1", None)];
        let findings = judge(&["br0", "eth0", "eth1", "gone"].map(str::to_owned), &links);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].subject == "interface eth0" && findings[0].remedy.contains("br0"), "{findings:?}");
        assert!(judge(&["br0", "eth1"].map(str::to_owned), &links).is_empty());
    }
}
