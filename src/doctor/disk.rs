//! The data directory's disk: a file system that keeps what was made durable, and room for spool and store.

use std::fs;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use nix::sys::statvfs::statvfs;

use super::{Finding, Level, View};
use crate::config::Config;

/// File systems over a network, as the kernel names them; `fuse.` ones are told by what stands behind the dot.
const NETWORK: [&str; 14] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse.ceph",
    "fuse.glusterfs",
    "fuse.sshfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "smb3",
];

/// File systems in memory.
const MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

pub fn examine(config: &Config, view: &View) -> Vec<Finding> {
    let data_dir = nearest(&config.node.data_dir);
    let table = fs::read_to_string(view.proc.join("self/mountinfo")).unwrap_or_default();
    let kind = file_system(&table, &data_dir);
    let sqlite = config.store.url.is_empty() || config.store.url.starts_with("sqlite://");
    let first = judge_kind(&config.node.data_dir, kind.as_deref(), sqlite);
    // Whoever asks a dead network file system for its room waits for ever.
    if first.level != Level::Ok && kind.as_deref().is_some_and(|kind| NETWORK.contains(&kind)) {
        return vec![first];
    }
    let free = statvfs(&data_dir).ok().map(|stat| stat.blocks_available().saturating_mul(stat.fragment_size()));
    let spool = config.spool.sizes(&data_dir).bytes_max;
    let store = if sqlite { config.ingest.retention.disk_free_min.as_u64() } else { 0 };
    vec![first, judge_room(free, spool, store)]
}

/// The folder, or what of its path is there already, without symbolic links.
fn nearest(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    absolute.ancestors().find_map(|path| fs::canonicalize(path).ok()).unwrap_or(absolute)
}

/// The type of the file system that holds `path`, by the kernel's table (proc_pid_mountinfo(5)): the longest mount
/// point above it, of equal ones the last, which covers the others.
fn file_system(table: &str, path: &Path) -> Option<String> {
    let mut found: Option<(usize, &str)> = None;
    for line in table.lines() {
        let (mount, source) = line.split_once(" - ")?;
        let point = unescaped(mount.split(' ').nth(4)?);
        let kind = source.split(' ').next()?;
        let depth = Path::new(&point).components().count();
        if path.starts_with(&point) && found.is_none_or(|(deepest, _)| depth >= deepest) {
            found = Some((depth, kind));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

/// The table writes space, tab, line end and backslash as `\` and three octal digits.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

fn judge_kind(data_dir: &Path, kind: Option<&str>, sqlite: bool) -> Finding {
    let subject = "data_dir";
    let folder = data_dir.display();
    let remedy = "give node.data_dir or --data-dir a folder on a local disk";
    match kind {
        None => Finding::warn(subject, format!("{folder}: its file system is not shown"), remedy),
        Some(kind) if MEMORY.contains(&kind) => Finding::warn(
            subject,
            format!("{folder} lies in memory ({kind}): a power cut takes spool and store"),
            remedy,
        ),
        Some(kind) if NETWORK.contains(&kind) && sqlite => {
            let what = format!("{folder} lies on a network ({kind}): SQLite's log needs memory that processes share");
            Finding::fail(subject, what, remedy)
        }
        Some(kind) if NETWORK.contains(&kind) => {
            let what = format!("{folder} lies on a network ({kind}): the spool stands still when that does");
            Finding::warn(subject, what, remedy)
        }
        Some("overlay") => {
            let note = "a container's own layer goes with the container: mount a volume for what is to stay";
            Finding::ok(subject, format!("{folder} on overlay"), note)
        }
        Some(kind) => Finding::ok(subject, format!("{folder} on {kind}"), ""),
    }
}

/// `spool` bytes the spool may take, `store` bytes that SQLite's retention keeps free.
fn judge_room(free: Option<u64>, spool: u64, store: u64) -> Finding {
    let subject = "disk";
    let wanted = spool.saturating_add(store);
    let Some(free) = free else {
        return Finding::warn(subject, "how much is free is not shown", "see `df` for the data directory");
    };
    let told = format!("{} free", ByteSize(free));
    let remedy = "free some, give --data-dir a larger disk, or lower spool.bytes_max";
    if free < store {
        let what = format!("{told}, less than ingest.retention.disk_free_min ({}): stored flows go", ByteSize(store));
        Finding::fail(subject, what, remedy)
    } else if free < wanted {
        let what = format!("{told}, less than the {} of a full spool and what is kept free", ByteSize(wanted));
        Finding::warn(subject, what, remedy)
    } else {
        Finding::ok(subject, told, "")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{file_system, judge_kind, judge_room};
    use crate::doctor::Level;

    const TABLE: &str = "29 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n\
                         30 29 0:26 / /var rw shared:2 - xfs /dev/vdb rw\n\
                         31 30 0:27 / /var/my\\040data rw - nfs4 server:/x rw,vers=4.2\n\
                         32 29 0:28 / /srv rw - ext4 /dev/vdc rw\n\
                         33 32 0:29 / /srv rw - tmpfs tmpfs rw\n";

    #[test]
    fn a_path_belongs_to_the_deepest_mount_above_it() {
        let check = |path: &str, expect: &str| {
            assert_eq!(file_system(TABLE, Path::new(path)).as_deref(), Some(expect), "{path}");
        };
        check("/", "ext4");
        check("/variable", "ext4");
        check("/var/lib/floodmark", "xfs");
        check("/var/my data/floodmark", "nfs4");
        check("/srv/x", "tmpfs");
        assert_eq!(file_system("", Path::new("/")), None);
        assert_eq!(file_system("no such table\n", Path::new("/")), None);
    }

    #[test]
    fn network_and_memory_are_told() {
        let check = |kind: Option<&str>, sqlite: bool, level: Level| {
            let finding = judge_kind(Path::new("/data"), kind, sqlite);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(level == Level::Ok || finding.remedy.contains("--data-dir"), "{finding:?}");
        };
        check(Some("ext4"), true, Level::Ok);
        check(Some("btrfs"), false, Level::Ok);
        check(Some("overlay"), true, Level::Ok);
        check(Some("tmpfs"), false, Level::Warn);
        check(Some("nfs4"), true, Level::Fail);
        check(Some("fuse.sshfs"), false, Level::Warn);
        check(None, true, Level::Warn);
    }

    #[test]
    fn room_is_held_against_what_may_be_taken() {
        let check = |free, level| assert_eq!(judge_room(free, 40, 20).level, level, "{free:?}");
        check(Some(60), Level::Ok);
        check(Some(59), Level::Warn);
        check(Some(19), Level::Fail);
        check(None, Level::Warn);
        assert_eq!(judge_room(Some(u64::MAX), u64::MAX, u64::MAX).level, Level::Ok);
    }
}
