//! sample: the packets that were kept of an attack, for a mail to carry along.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::notice::{Notice, NoticeKind};

/// What every mail server takes without a word; 100 headers are 10 KiB.
const SAMPLE_BYTES_MAX: u64 = 256 << 10;

/// First bytes of capture files: pcap in both byte orders and both precisions, pcapng.
const MAGIC: [[u8; 4]; 5] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [10, 13, 13, 10],
];

/// The first sample that the notice names, if it lies in `state_dir`, is a small capture file, and the mail is not one
/// of many about the same.
pub(super) fn of(notice: &Notice, state_dir: &Path) -> Option<Vec<u8>> {
    if matches!(notice.kind, NoticeKind::Reminder | NoticeKind::Digest | NoticeKind::Status | NoticeKind::Test) {
        return None;
    }
    let attacks = notice.incidents.iter().filter_map(|incident| incident.attack.as_deref());
    attacks
        .filter(|attack| !attack.sample.is_empty())
        .find_map(|attack| read(&state_dir.join(&attack.sample), state_dir))
}

fn read(path: &Path, state_dir: &Path) -> Option<Vec<u8>> {
    // Links are followed before the folder is compared: a name in the outbox must not reach other files.
    let (path, folder) = (path.canonicalize().ok()?, state_dir.canonicalize().ok()?);
    let metadata = path.metadata().ok()?;
    if !path.starts_with(folder) || !metadata.is_file() || metadata.len() > SAMPLE_BYTES_MAX {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(SAMPLE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    let is_capture = bytes.get(..4).is_some_and(|head| MAGIC.iter().any(|magic| magic == head));
    // It may have grown since.
    (is_capture && bytes.len() as u64 <= SAMPLE_BYTES_MAX).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use live::incident::{Attack, Incident};

    use super::of;
    use crate::notice::{Notice, NoticeKind};

    #[test]
    fn only_a_small_capture_file_of_the_state_folder_is_attached() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let state = dir.path().join("notifier");
        fs::create_dir(&state).expect("a folder");
        let pcap = [&[0xd4, 0xc3, 0xb2, 0xa1][..], &[0; 100]].concat();
        fs::write(state.join("a.pcap"), &pcap).expect("a file");
        fs::write(state.join("text.pcap"), "root:x:0:0").expect("a file");
        fs::write(state.join("large.pcap"), [&pcap[..], &vec![0; 256 << 10]].concat()).expect("a file");
        fs::write(dir.path().join("outside.pcap"), &pcap).expect("a file");
        std::os::unix::fs::symlink(dir.path().join("outside.pcap"), state.join("link.pcap")).expect("a link");
        let check = |sample: &str, kind: NoticeKind, expect: bool| {
            let attack = Attack { sample: sample.to_owned(), ..Attack::default() };
            let incident = Incident { attack: Some(Box::new(attack)), ..Incident::default() };
            let notice = Notice { kind, incidents: vec![incident], ..Notice::default() };
            assert_eq!(of(&notice, &state).as_deref(), expect.then_some(&pcap[..]), "{sample}");
        };
        check("a.pcap", NoticeKind::Alert, true);
        check(&state.join("a.pcap").display().to_string(), NoticeKind::Report, true);
        check("a.pcap", NoticeKind::Reminder, false);
        for refused in ["", "none.pcap", "text.pcap", "large.pcap", "link.pcap", "../outside.pcap", "/etc/passwd", "."]
        {
            check(refused, NoticeKind::Alert, false);
        }
    }
}
