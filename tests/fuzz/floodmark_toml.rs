//! floodmark.toml: any text is a checked configuration or an error that names what is wrong; what is accepted survives
//! the way to a child.

use crate::config::SHIPPED;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::engine::Target;

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![SHIPPED.as_bytes().to_vec()];
    // Each section by itself is a shorter way to its values, with the comment signs of its defaults taken away.
    for section in SHIPPED.split("\n[").skip(1) {
        let lines = section.lines().map(|line| line.strip_prefix("# ").filter(|l| l.contains(" = ")).unwrap_or(line));
        seeds.push(format!("[{}", lines.collect::<Vec<_>>().join("\n")).into_bytes());
    }
    seeds.push(b"[node]\nname = \"a\"\n[capture]\ninterfaces = [\"eth0\", \"eth1\"]\ncores = [0]\n".to_vec());
    seeds
}

#[test]
fn any_text_is_a_configuration_or_an_error() {
    let machine = Machine { host_name: "host".to_owned(), cores: (0..8).collect() };
    // A document, its typed values and the defaults below it.
    let target = Target { name: "config", seeds: seeds(), mend: None, buffers: 16 << 20, waits: false };
    target.run(|input| {
        let text = String::from_utf8_lossy(input);
        match Effective::from_parent(&text, &machine) {
            Ok(effective) => {
                let child = Effective::from_parent(&effective.handover(), &machine).unwrap();
                assert_eq!(child.config, effective.config);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}
