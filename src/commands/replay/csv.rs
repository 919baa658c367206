//! `replay --flows`: the flow records as CSV, to a file or to standard output.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use capture::error::CaptureError;
use capture::spooler::sink::FlowTap;
use spool::row::FlowRecord;

const HEADER: &str = "first_ns,last_ns,protocol,src_ip,src_port,dst_ip,dst_port,vlan,packets_fwd,bytes_fwd,packets_rev,bytes_rev,\
                          tcp_flags_fwd,tcp_flags_rev,end_reason\n";

/// An open output: the spooler's thread writes, the command asks at the end whether all of it arrived.
pub struct Csv {
    path: PathBuf,
    output: Arc<Mutex<Output>>,
}

struct Output {
    to: BufWriter<Box<dyn Write + Send>>,
    /// The first error; nothing is written after it.
    error: Option<io::Error>,
}

impl Output {
    fn write(&mut self, text: &str) {
        if self.error.is_none() {
            self.error = self.to.write_all(text.as_bytes()).err();
        }
    }
}

impl Csv {
    /// Opens `path`, `-` for standard output, and writes the header.
    pub fn create(path: &Path) -> Result<Csv, CaptureError> {
        let cannot = |source| CaptureError::Output { path: path.to_path_buf(), source };
        let to: Box<dyn Write + Send> =
            if is_stdout(path) { Box::new(io::stdout()) } else { Box::new(File::create(path).map_err(cannot)?) };
        let mut output = Output { to: BufWriter::with_capacity(1 << 20, to), error: None };
        output.write(HEADER);
        Ok(Csv { path: path.to_path_buf(), output: Arc::new(Mutex::new(output)) })
    }

    /// What the spooler calls for each record.
    pub fn tap(&self) -> FlowTap {
        let output = Arc::clone(&self.output);
        Box::new(move |record| output.lock().unwrap_or_else(PoisonError::into_inner).write(&line(record)))
    }

    /// Writes what is buffered, and tells the first error: the last bytes meet a full disk only here.
    pub fn finish(self) -> Result<(), CaptureError> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if output.error.is_none() {
            output.error = output.to.flush().err();
        }
        match output.error.take() {
            // A reader that has seen enough (`| head`) is no failure.
            Some(error) if is_stdout(&self.path) && error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Some(source) => Err(CaptureError::Output { path: self.path, source }),
            None => Ok(()),
        }
    }
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn line(r: &FlowRecord) -> String {
    let (src, dst) = (Ipv6Addr::from(r.src_ip).to_canonical(), Ipv6Addr::from(r.dst_ip).to_canonical());
    format!(
        "{},{},{},{src},{},{dst},{},{},{},{},{},{},{},{},{}\n",
        r.first_ns,
        r.last_ns,
        r.protocol,
        r.src_port,
        r.dst_port,
        r.vlan,
        r.packets_fwd,
        r.bytes_fwd,
        r.packets_rev,
        r.bytes_rev,
        r.tcp_flags_fwd,
        r.tcp_flags_rev,
        r.end_reason.name()
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use spool::row::FlowRecord;

    use super::{Csv, HEADER, line};

    #[test]
    fn a_line_has_a_field_for_each_column() {
        let mut record = FlowRecord { src_port: 5, bytes_rev: 7, ..FlowRecord::default() };
        record.src_ip[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 1]);
        let text = line(&record);
        assert_eq!(text, "0,0,0,192.0.2.1,5,::,0,0,0,0,0,7,0,0,idle\n");
        assert_eq!(text.split(',').count(), HEADER.split(',').count());
    }

    #[test]
    fn a_disk_that_is_full_is_told() {
        for records in [1, 100_000] {
            let csv = Csv::create(Path::new("/dev/full")).expect("it opens");
            let mut tap = csv.tap();
            (0..records).for_each(|_| tap(&FlowRecord::default()));
            let error = csv.finish().expect_err("nothing fits").to_string();
            assert!(error.contains("/dev/full") && error.contains("space"), "{error}");
        }
    }
}
