//! tls: whom the channels trust: the well-known certificate authorities, and one of the user's own.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A file of authorities is a few certificates, or a distribution's bundle.
const CA_BYTES_MAX: u64 = 4 << 20;

/// The authorities cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file.
    #[error("tls_ca_file {0}: {1}; it must be a file that the user of notifier can read")]
    Read(String, std::io::Error),
    /// What is in it.
    #[error("tls_ca_file {0} holds no certificate that can be used; a PEM file of certificate authorities is expected")]
    Empty(String),
    /// The library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// The bytes of a file of authorities; empty for no file.
pub(crate) fn authorities(path: &Path) -> Result<Vec<u8>, TlsError> {
    let fault = |error| TlsError::Read(path.display().to_string(), error);
    let mut pem = Vec::new();
    if !path.as_os_str().is_empty() {
        File::open(path).map_err(fault)?.take(CA_BYTES_MAX).read_to_end(&mut pem).map_err(fault)?;
    }
    Ok(pem)
}

/// A client that verifies names and certificates, TLS 1.2 or 1.3; `ca_file` empty = the well-known authorities alone.
///
/// # Errors
/// The file cannot be read or holds no certificate.
pub fn client_config(ca_file: &Path) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let pem = authorities(ca_file)?;
    if !ca_file.as_os_str().is_empty() {
        let found = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
        if roots.add_parsable_certificates(found).0 == 0 {
            return Err(TlsError::Empty(ca_file.display().to_string()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Setup)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// What is wrong with the other side's certificate, if that is what `error` is about.
pub(crate) fn certificate_fault(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(fault)) = error.downcast_ref::<rustls::Error>() {
            return Some(match fault {
                rustls::CertificateError::UnknownIssuer => {
                    "its certificate is from an authority that is not trusted".to_owned()
                }
                rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. } => {
                    "its certificate has expired".to_owned()
                }
                rustls::CertificateError::NotValidForName | rustls::CertificateError::NotValidForNameContext { .. } => {
                    "its certificate is for another name".to_owned()
                }
                other => format!("its certificate is refused: {other}"),
            });
        }
        // An io::Error hides what it carries from source().
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::client_config;

    #[test]
    fn a_file_of_authorities_must_hold_one() {
        client_config(Path::new("")).expect("the well-known ones");
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("ca.pem");
        assert!(client_config(&path).expect_err("no file").to_string().contains("must be a file"));
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(&path, text).expect("a file");
            assert!(client_config(&path).expect_err(text).to_string().contains("holds no certificate"));
        }
    }
}
