//! What browsers load beside the pages: embedded, named by its content, compressed once at start.
//!
//! `/assets/floodmark.<hash>.css` may be kept for ever: another content has another name. Pages link it by [`path`]. An
//! ES module imports another by `./name.js`; the name becomes the hashed one when the assets are prepared, so the list
//! in `list` has leaves first. The whole is prepared at the first use and never changes.

mod list;
mod serve;

use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::random;

pub use serve::{accepts_gzip, routes};

/// Below this, compression saves less than its header costs.
const GZIP_BYTES_MIN: usize = 256;

/// A file as it is written down in [`list`].
struct File {
    /// Name in pages and imports.
    name: &'static str,
    media: &'static str,
    /// Its parts, one after the other.
    parts: &'static [&'static [u8]],
}

/// A file as it is served.
#[derive(Debug)]
pub struct Asset {
    media: &'static str,
    plain: Bytes,
    /// `None` = it does not get smaller.
    gzip: Option<Bytes>,
}

impl Asset {
    /// Bytes that a browser with gzip loads.
    pub fn weight(&self) -> usize {
        self.gzip.as_ref().unwrap_or(&self.plain).len()
    }
}

/// All assets.
struct Assets {
    by_name: HashMap<&'static str, &'static str>,
    by_path: HashMap<String, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| prepare(&list::FILES));

/// Where the asset `name` is; pages link it so. A name that is not in the list gives `/assets/`, which nobody serves;
/// a test holds the templates' names against the list.
pub fn path(name: &str) -> &'static str {
    ASSETS.by_name.get(name).copied().unwrap_or("/assets/")
}

/// The asset at `path`.
pub fn at(path: &str) -> Option<&'static Asset> {
    ASSETS.by_path.get(path)
}

/// Names and paths of all, in no order.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ASSETS.by_name.iter().map(|(&name, &path)| (name, path))
}

fn prepare(files: &[File]) -> Assets {
    let mut assets = Assets { by_name: HashMap::new(), by_path: HashMap::new() };
    let mut imports: Vec<(String, String)> = Vec::new();
    for file in files {
        let mut plain = file.parts.concat();
        if file.media == list::JAVASCRIPT {
            plain = resolved(plain, &imports);
        }
        let hash = hash_of(&plain);
        let path = hashed(file.name, &hash);
        imports.push((format!("\"./{}\"", file.name), format!("\"{path}\"")));
        let asset = Asset { media: file.media, gzip: gzip(&plain), plain: plain.into() };
        // Once in the life of the process, and a few hundred bytes: names are asked for by every page.
        assets.by_name.insert(file.name, String::leak(path.clone()));
        assets.by_path.insert(path, asset);
    }
    assets
}

/// The first 48 bits of the SHA-256, which a dozen files do not share by chance.
fn hash_of(content: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, content);
    random::hex_of(&digest.as_ref()[..6])
}

fn hashed(name: &str, hash: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
    format!("/assets/{stem}.{hash}.{extension}")
}

/// The module with its imports under their hashed names.
fn resolved(module: Vec<u8>, imports: &[(String, String)]) -> Vec<u8> {
    match String::from_utf8(module) {
        Ok(text) => imports.iter().fold(text, |text, (from, to)| text.replace(from, to)).into_bytes(),
        Err(other) => other.into_bytes(),
    }
}

/// `content` compressed, if that is smaller.
pub fn gzip(content: &[u8]) -> Option<Bytes> {
    gzip_at(content, Compression::best())
}

/// The same quickly, for what is made anew each time.
pub fn gzip_quickly(content: &[u8]) -> Option<Bytes> {
    gzip_at(content, Compression::fast())
}

fn gzip_at(content: &[u8], level: Compression) -> Option<Bytes> {
    if content.len() < GZIP_BYTES_MIN {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 3), level);
    encoder.write_all(content).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < content.len()).then(|| packed.into())
}

#[cfg(test)]
mod tests;
