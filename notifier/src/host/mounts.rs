//! Which disks are mounted where: /proc/self/mountinfo.
//!
//! Only file systems that lie on a disk of this machine are taken, by a list of their names: whatever else is mounted
//! (network, FUSE, automounter, pseudo) is never touched, for a question to it may wait for ever. Nor is what is mounted
//! below such a place: the way there leads through it.

use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::clean;

/// Disks that are looked at, at most.
pub const DISKS_MAX: usize = 64;

/// Characters of a mount point or device that are told.
const NAME_CHARS_MAX: usize = 255;

/// File systems on a disk. Those that are always full (images such as squashfs and iso9660) are none of them.
const ON_DISK: [&str; 18] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "nilfs2", "vfat", "exfat",
    "ntfs", "ntfs3", "ufs", "hfsplus", "overlay",
];

/// File systems behind which somebody else answers, or nobody.
const ELSEWHERE: [&str; 16] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "afs",
    "coda",
    "glusterfs",
    "lustre",
    "beegfs",
    "gfs2",
    "ocfs2",
    "autofs",
    "virtiofs",
];

/// One disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted, as the kernel knows it.
    pub path: PathBuf,
    /// The same for people.
    pub name: String,
    /// The device, for people.
    pub device: String,
    /// `major:minor`.
    pub number: String,
    /// The file system itself is read-only (not only this view of it, as services are given one).
    pub read_only: bool,
}

/// Reads /proc/self/mountinfo: each disk once, where it is mounted shortest; `ignored` mount points are left out.
pub fn parse(text: &[u8], ignored: &[String]) -> Vec<Mount> {
    let lines: Vec<Line> = text.split(|&byte| byte == b'\n').filter_map(Line::read).collect();
    let elsewhere: Vec<&[u8]> = lines.iter().filter(|line| line.is_elsewhere()).map(|line| &line.path[..]).collect();
    let mut mounts: Vec<(usize, Mount)> = Vec::new();
    for line in lines.iter().filter(|line| ON_DISK.contains(&line.kind.as_str())) {
        // The root of a container; other overlays show what lies on a disk that is listed.
        let is_other_overlay = line.kind == "overlay" && line.path != b"/";
        let is_below = elsewhere.iter().any(|place| is_below(&line.path, place));
        let mount = line.mount();
        if is_other_overlay || is_below || ignored.contains(&mount.name) {
            continue;
        }
        match mounts.iter_mut().find(|(_, known)| known.number == mount.number) {
            Some((length, known)) if line.path.len() < *length => (*length, *known) = (line.path.len(), mount),
            Some(_) => {}
            None => mounts.push((line.path.len(), mount)),
        }
    }
    let mut mounts: Vec<Mount> = mounts.into_iter().map(|(_, mount)| mount).collect();
    mounts.sort_by(|a, b| a.path.cmp(&b.path));
    mounts.truncate(DISKS_MAX);
    mounts
}

fn is_below(path: &[u8], place: &[u8]) -> bool {
    path == place || (path.starts_with(place) && (place.ends_with(b"/") || path.get(place.len()) == Some(&b'/')))
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
struct Line {
    number: String,
    path: Vec<u8>,
    kind: String,
    source: Vec<u8>,
    options: String,
}

impl Line {
    fn read(line: &[u8]) -> Option<Line> {
        let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let mut words = line.split(|&byte| byte == b' ');
        let number = text(words.nth(2)?);
        let path = octal(words.nth(1)?);
        words.find(|word| *word == b"-")?;
        let (kind, source) = (text(words.next()?), octal(words.next().unwrap_or_default()));
        let options = text(words.next().unwrap_or_default());
        Some(Line { number, path, kind, source, options })
    }

    fn is_elsewhere(&self) -> bool {
        ELSEWHERE.contains(&self.kind.as_str()) || self.kind.starts_with("fuse")
    }

    fn mount(&self) -> Mount {
        let told = |bytes: &[u8]| clean::name(&String::from_utf8_lossy(bytes), NAME_CHARS_MAX);
        Mount {
            name: told(&self.path),
            device: told(&self.source),
            path: PathBuf::from(std::ffi::OsString::from_vec(self.path.clone())),
            number: self.number.clone(),
            read_only: self.options.split(',').any(|option| option == "ro"),
        }
    }
}

/// Space, tab, newline and backslash stand as `\040`, `\011`, `\012`, `\134`.
fn octal(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, after)) = rest.split_first() {
        let value = after.get(..3).filter(|_| byte == b'\\').and_then(|digits| {
            let text =
                std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| (b'0'..=b'7').contains(&b)))?;
            u8::from_str_radix(text, 8).ok()
        });
        match value {
            Some(value) => (out.push(value), rest = &after[3..]).0,
            None => (out.push(byte), rest = after).0,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DISKS_MAX, parse};

    const TEXT: &str = "\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
23 22 0:20 / /proc rw - proc proc rw
24 22 254:2 / /srv ro,relatime shared:2 - xfs /dev/vdb1 rw
25 22 254:2 /www /w rw,relatime shared:2 - xfs /dev/vdb1 rw
26 22 254:3 / /data\\040set\\012x rw - ext4 /dev/mapper/a\\134b ro
27 22 0:40 / /mnt/nas rw - nfs4 nas:/export rw
28 27 254:4 / /mnt/nas/local rw - ext4 /dev/vdd1 rw
29 22 0:41 / /var/lib/x rw - fuse.sshfs host: rw
30 22 0:42 / /var/lib/docker/overlay2/1/merged rw - overlay overlay rw
31 22 7:0 / /snap/core/1 ro - squashfs /dev/loop0 ro
32 22 254:5 / /ignored rw - ext4 /dev/vde1 rw
33 22 254:6 / /mnt/nas2 rw - ext4 /dev/vdf1 rw
";

    #[test]
    fn only_disks_are_taken_once_and_nothing_that_may_hang() {
        let found = parse(TEXT.as_bytes(), &["/ignored".to_owned()]);
        let names: Vec<_> = found.iter().map(|mount| (mount.name.as_str(), mount.read_only)).collect();
        // /w is the shorter view of /srv's disk, which is read-only only as a view.
        assert_eq!(names, [("/", false), ("/data set?x", true), ("/mnt/nas2", false), ("/w", false)]);
        assert_eq!(found[1].path, Path::new("/data set\nx"));
        assert_eq!(found[1].device, "/dev/mapper/a\\b");
    }

    #[test]
    fn hostile_texts_are_bounded() {
        let long = format!("1 1 9:9 / /{} rw - ext4 {} rw", "\u{202e}".repeat(8 << 10), "x".repeat(8 << 10));
        let found = parse(long.as_bytes(), &[]);
        assert!(found[0].name.chars().count() <= 255 && !found[0].name.contains('\u{202e}'));
        for text in
            [&b""[..], b"1 2 3", b"1 1 1:1 / \\ rw - ext4", b"\xff\xfe - - -", b"1 1 1:1 / \\40 rw - ext4 \\999 ro"]
        {
            parse(text, &[]);
        }
        let many: String = (0..500).map(|n| format!("1 1 9:{n} / /m{n} rw - ext4 /dev/x rw\n")).collect();
        assert_eq!(parse(many.as_bytes(), &[]).len(), DISKS_MAX);
    }
}
