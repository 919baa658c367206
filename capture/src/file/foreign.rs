//! What a file that is no capture file is, said from its first bytes.

/// First bytes of things that people give by mistake, and what to call them.
const KNOWN: [(&[u8], &str); 13] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "compressed by zstd, unpack it first"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "compressed by xz, unpack it first"),
    (b"BZh", "compressed by bzip2, unpack it first"),
    (&[0x04, 0x22, 0x4d, 0x18], "compressed by lz4, unpack it first"),
    (b"PK\x03\x04", "a zip archive, unpack it first"),
    (b"snoop\0\0\0", "a Sun snoop capture, convert it with `editcap -F pcap`"),
    (b"RTSS", "a Microsoft Network Monitor capture, convert it with `editcap -F pcap`"),
    (b"GMBU", "a Microsoft Network Monitor capture, convert it with `editcap -F pcap`"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "an ELF program"),
    (&[0xa1, 0xb2, 0xcd, 0x34], "a big-endian pcap of the patched kind, convert it with `editcap -F pcap`"),
    (b"{", "JSON text"),
    (b"<", "XML or HTML text"),
];

/// A few words on what `first` begins.
pub(super) fn describe(first: &[u8]) -> String {
    if first.is_empty() {
        return "empty".to_owned();
    }
    if first.len() < 24 && super::pcap::has_magic(first) {
        return format!("the first {} bytes of a pcap file header, which has 24", first.len());
    }
    if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| first.starts_with(magic)) {
        return (*name).to_owned();
    }
    let head = &first[..first.len().min(8)];
    if head.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        return format!("text that begins with {:?}", String::from_utf8_lossy(head));
    }
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("something that begins with the bytes {}", hex.join(" "))
}
