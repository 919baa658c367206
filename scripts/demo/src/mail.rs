//! A mail server that takes everything and keeps the newest: where the demo's warnings go.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::Builder;
use std::time::Duration;

use crate::say;

/// The port on the inner loopback.
pub const PORT: u16 = 2_525;

/// Mails that are kept.
const KEPT: u64 = 50;

/// Bytes of one conversation.
const BYTES_MAX: u64 = 1 << 20;

/// Serves in a thread until the demo ends, one conversation at a time.
///
/// # Errors
/// The port or the folder cannot be made.
pub fn serve(folder: PathBuf) -> anyhow::Result<()> {
    fs::create_dir_all(&folder)?;
    let listener = TcpListener::bind(("127.0.0.1", PORT))?;
    Builder::new().name("mail".to_owned()).spawn(move || {
        let mut count = 0;
        for stream in listener.incoming().flatten() {
            // A conversation that breaks is tried again by the other end.
            let _ = talk(stream, &folder, &mut count);
        }
    })?;
    Ok(())
}

fn talk(mut stream: TcpStream, folder: &Path, count: &mut u64) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new(stream.try_clone()?.take(BYTES_MAX)).lines();
    stream.write_all(b"220 demo ESMTP\r\n")?;
    while let Some(line) = lines.next() {
        let line = line?;
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let mail: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                keep(folder, *count % KEPT, &mail)?;
                *count += 1;
                stream.write_all(b"250 taken\r\n")?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 demo\r\n")?,
        }
    }
    Ok(())
}

fn keep(folder: &Path, number: u64, mail: &[String]) -> std::io::Result<()> {
    let subject = mail.iter().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or("without a subject");
    let path = folder.join(format!("{number:02}.eml"));
    fs::write(&path, mail.join("\n"))?;
    say(&format!("a mail has come: {} ({})", subject.trim(), path.display()));
    Ok(())
}
