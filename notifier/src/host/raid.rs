//! Software RAID: /proc/mdstat.

use live::host::Raid;

use super::clean;

/// Arrays that are told, at most.
const RAIDS_MAX: usize = 64;

/// Reads /proc/mdstat.
pub fn parse(text: &str) -> Vec<Raid> {
    let mut raids: Vec<Raid> = Vec::new();
    for line in text.lines() {
        if let Some(raid) = head(line) {
            if raids.len() == RAIDS_MAX {
                break;
            }
            raids.push(raid);
        } else if !line.starts_with([' ', '\t']) {
            continue;
        } else if let Some(raid) = raids.last_mut() {
            tail(line, raid);
        }
    }
    raids
}

/// `md0 : active (auto-read-only) raid1 sdb1[1] sda1[0](F)`.
fn head(line: &str) -> Option<Raid> {
    let (name, rest) = line.split_once(" : ")?;
    if !name.starts_with("md") || name.contains(' ') {
        return None;
    }
    let mut words = rest.split_ascii_whitespace().filter(|word| !word.starts_with('(')).peekable();
    let is_active = words.next()? == "active";
    // An inactive array names its devices at once.
    let level = words.next_if(|word| !word.contains('[')).unwrap_or_default();
    let devices: Vec<&str> = words.filter(|word| word.contains('[')).collect();
    let failed = devices.iter().filter(|device| device.ends_with("(F)")).count();
    let spare = devices.iter().filter(|device| device.ends_with("(S)")).count();
    let active = if is_active { devices.len() - failed - spare } else { 0 };
    Some(Raid {
        name: clean::name(name, 64),
        level: clean::name(level, 32),
        devices: u32::try_from(devices.len() - spare).unwrap_or(u32::MAX),
        devices_active: u32::try_from(active).unwrap_or(u32::MAX),
        state: state(is_active, failed > 0),
    })
}

fn state(is_active: bool, is_degraded: bool) -> String {
    match (is_active, is_degraded) {
        (false, _) => "inactive",
        (true, true) => "degraded",
        (true, false) => "clean",
    }
    .to_owned()
}

/// `1046528 blocks super 1.2 [2/1] [_U]`, and `[==>....]  recovery = 12.6% (131072/1046528) finish=0.5min`.
fn tail(line: &str, raid: &mut Raid) {
    for word in line.split_ascii_whitespace() {
        let counts = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')?.split_once('/'));
        if let Some((Ok(devices), Ok(active))) = counts.map(|(a, b)| (a.parse(), b.parse())) {
            (raid.devices, raid.devices_active) = (devices, active);
            if raid.state != "inactive" {
                raid.state = state(true, active < devices);
            }
        }
    }
    let verbs = [
        ("recovery", "recovering"),
        ("resync", "resyncing"),
        ("reshape", "reshaping"),
        ("check", "checking"),
        ("repair", "repairing"),
    ];
    for (word, verb) in verbs {
        let Some(rest) = line.split_once(word).map(|(_, rest)| rest.trim_start()) else { continue };
        // `resync=DELAYED` and `resync=PENDING` are without a number.
        let Some(rest) = rest.strip_prefix('=') else { continue };
        let percent = rest.split_once('%').and_then(|(number, _)| number.trim().parse::<f64>().ok());
        let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
        raid.state = percent.map_or_else(|| verb.to_owned(), |percent| format!("{verb} {percent:.0} %"));
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn told(text: &str) -> Vec<String> {
        let tell =
            |r: &live::host::Raid| format!("{} {} {}/{} {}", r.name, r.level, r.devices_active, r.devices, r.state);
        parse(text).iter().map(tell).collect()
    }

    #[test]
    fn states_of_arrays_are_told() {
        let text = "Personalities : [raid1] [raid6] [raid5] [raid4] [raid0]\n\
            md0 : active raid1 sdb1[1] sda1[0]\n      1046528 blocks super 1.2 [2/2] [UU]\n      \n\
            md1 : active (auto-read-only) raid1 sdb2[1] sda2[0](F)\n      1046528 blocks super 1.2 [2/1] [_U]\n      \n\
            md2 : active raid5 sdd1[4] sdc1[2] sdb1[1](S)\n      209 blocks level 5, 64k chunk [3/2] [UU_]\n      \
            [==>..................]  recovery = 12.6% (131072/1046528) finish=0.5min speed=26214K/sec\n\
            md3 : active raid1 sdf1[1] sde1[0]\n      99 blocks [2/2] [UU]\n      resync=DELAYED\n\
            md4 : inactive sdg1[0](S)\n      99 blocks super 1.2\n\
            md5 : active raid0 sda9[0] sdb9[1]\n      99 blocks super 1.2 512k chunks\n\
            md6 : active raid1 sdb1[1] sda1[0]\n      9 blocks [2/2] [UU]\n      [>] check =  3.0% (1/9)\n\
            unused devices: <none>\n";
        assert_eq!(
            told(text),
            [
                "md0 raid1 2/2 clean",
                "md1 raid1 1/2 degraded",
                "md2 raid5 2/3 recovering 13 %",
                "md3 raid1 2/2 resyncing",
                "md4  0/0 inactive",
                "md5 raid0 2/2 clean",
                "md6 raid1 2/2 checking 3 %",
            ]
        );
    }

    #[test]
    fn hostile_texts_are_bounded() {
        for text in [
            "",
            "md",
            "md0 : ",
            "md0 : active",
            "md\u{202e} : x",
            " [9/ \n [/] [99999999999/1]",
            "md0 : active x\n [ resync = NaN%",
        ] {
            parse(text);
        }
        let many = "md0 : active raid1 a[0]\n".repeat(1000);
        assert_eq!(parse(&many).len(), super::RAIDS_MAX);
        assert_eq!(told("md0 : active raid1 a[0]\n resync = 900%"), ["md0 raid1 1/1 resyncing"]);
    }
}
