//! Given certificate and key.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::TlsError;

/// Time and size of both files: changed when they are.
pub(super) type Stamp = [Option<(SystemTime, u64)>; 2];

/// How both files look now.
pub(super) fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

/// Certificate chain and key, which belong together.
pub(super) fn load(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = chain(certificate)?;
    let secret = fs::read(key).map_err(|error| TlsError::File(key.to_path_buf(), error))?;
    let secret = PrivateKeyDer::from_pem_slice(&secret)
        .map_err(|error| TlsError::Given(key.to_path_buf(), error.to_string()))?;
    CertifiedKey::from_der(chain, secret, &default_provider())
        .map_err(|error| TlsError::Given(certificate.to_path_buf(), error.to_string()))
}

/// The server's own certificate, DER.
pub(super) fn certificate(path: &Path) -> Result<Vec<u8>, TlsError> {
    Ok(chain(path)?.swap_remove(0).to_vec())
}

/// At least one certificate.
fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = fs::read(path).map_err(|error| TlsError::File(path.to_path_buf(), error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(TlsError::Given(path.to_path_buf(), "it holds no certificate".to_owned())),
        Err(error) => Err(TlsError::Given(path.to_path_buf(), error.to_string())),
    }
}
