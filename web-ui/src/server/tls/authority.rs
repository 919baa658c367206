//! The page's own certificate authority: it can only vouch for this host's names and addresses, so that a phone which
//! trusts it trusts nothing else. Authority and certificate are one file each, which is written whole or not at all.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};

use super::{Names, TlsError};

const AUTHORITY: &str = "authority.json";
const CERTIFICATE: &str = "certificate.json";

const DAY_S: u64 = 24 * 3600;

/// A clock that is a day slow must not refuse what was just made.
const BEFORE_S: u64 = DAY_S;

/// Phones refuse certificates that are valid for more than 398 days.
const CERTIFICATE_S: u64 = 396 * DAY_S;

/// Renewed with so much left.
const RENEW_S: u64 = 60 * DAY_S;

/// Long: each phone must be told of a new one by hand.
const AUTHORITY_S: u64 = 10 * 365 * DAY_S;

/// One certificate and its key, as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Its common name.
    name: String,
    /// The names that it is for; an authority's bounds.
    names: Vec<String>,
    /// When it ends, s since the epoch.
    not_after_s: u64,
    /// PEM.
    certificate: String,
    /// PEM.
    key: String,
    /// PEM of the authority that signed it; empty for an authority.
    signed_by: String,
}

/// What the page shows.
pub(super) struct Own {
    pub key: CertifiedKey,
    /// DER.
    pub authority: Bytes,
}

/// The certificate in `folder`, made or renewed where needed.
pub(super) fn open(folder: &Path, names: &Names, now_s: u64) -> Result<Own, TlsError> {
    let authority = match read(&folder.join(AUTHORITY))? {
        Some(kept) if is_enough(&kept, names, now_s) => kept,
        old => {
            if let Some(old) = old {
                let missing: Vec<&String> = names.asked.iter().filter(|name| !old.names.contains(name)).collect();
                tracing::warn!(?missing, "a new certificate authority is made: phones must be told of it again");
            }
            keep(folder, AUTHORITY, make_authority(names, now_s)?)?
        }
    };
    let wanted = names_of(&authority, names);
    let certificate = match read(&folder.join(CERTIFICATE))? {
        Some(kept)
            if kept.names == wanted
                && kept.signed_by == authority.certificate
                && kept.not_after_s > now_s.saturating_add(RENEW_S) =>
        {
            kept
        }
        _ => keep(folder, CERTIFICATE, make_certificate(&authority, wanted, now_s)?)?,
    };
    let authority = der(folder, &authority.certificate)?;
    let chain = vec![der(folder, &certificate.certificate)?, authority.clone()];
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).map_err(|error| damaged(folder, error))?;
    let key = CertifiedKey::from_der(chain, key, &default_provider())?;
    Ok(Own { key, authority: Bytes::from(authority.to_vec()) })
}

/// The certificate in `folder`, DER; `None` = not yet made.
pub(super) fn certificate(folder: &Path) -> Result<Option<Vec<u8>>, TlsError> {
    let kept = read(&folder.join(CERTIFICATE))?;
    kept.map(|kept| Ok(der(folder, &kept.certificate)?.to_vec())).transpose()
}

/// Whether an authority is for all that is asked for, and outlives the next certificate.
fn is_enough(kept: &Kept, names: &Names, now_s: u64) -> bool {
    names.asked.iter().all(|name| kept.names.contains(name))
        && kept.not_after_s > now_s.saturating_add(CERTIFICATE_S + DAY_S)
}

/// What a certificate of this authority is for.
fn names_of(authority: &Kept, names: &Names) -> Vec<String> {
    let found = names.found.iter().filter(|name| authority.names.contains(name));
    names.asked.iter().chain(found).cloned().collect()
}

fn make_authority(names: &Names, now_s: u64) -> Result<Kept, TlsError> {
    let key = KeyPair::generate()?;
    let name = format!("Floodmark of {}", names.node);
    let all: Vec<String> = names.asked.iter().chain(&names.found).cloned().collect();
    let not_after_s = now_s.saturating_add(AUTHORITY_S);
    let mut params = authority_params(&name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: all.iter().map(|name| subtree(name)).collect(),
        excluded_subtrees: Vec::new(),
    });
    set_times(&mut params, now_s, not_after_s);
    let certificate = params.self_signed(&key)?.pem();
    Ok(Kept { name, names: all, not_after_s, certificate, key: key.serialize_pem(), signed_by: String::new() })
}

/// What its certificates need to know of an authority.
fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn make_certificate(authority: &Kept, names: Vec<String>, now_s: u64) -> Result<Kept, TlsError> {
    let issuer = Issuer::new(authority_params(&authority.name), KeyPair::from_pem(&authority.key)?);
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.clone())?;
    // Not the name of the authority: OpenSSL takes a certificate whose issuer has its own name for self-signed.
    params.distinguished_name.push(DnType::CommonName, format!("{}: the page", authority.name));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let not_after_s = now_s.saturating_add(CERTIFICATE_S);
    set_times(&mut params, now_s, not_after_s);
    let certificate = params.signed_by(&key, &issuer)?.pem();
    let (name, signed_by) = (authority.name.clone(), authority.certificate.clone());
    Ok(Kept { name, names, not_after_s, certificate, key: key.serialize_pem(), signed_by })
}

fn set_times(params: &mut CertificateParams, now_s: u64, not_after_s: u64) {
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(now_s.saturating_sub(BEFORE_S));
    params.not_after = epoch + Duration::from_secs(not_after_s);
}

fn subtree(name: &str) -> GeneralSubtree {
    match name.parse::<IpAddr>() {
        Ok(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
        }
        Err(_) => GeneralSubtree::DnsName(name.to_owned()),
    }
}

fn der(folder: &Path, pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| damaged(folder, error))
}

fn damaged(folder: &Path, error: impl std::fmt::Display) -> TlsError {
    TlsError::File(folder.to_path_buf(), io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

/// What is kept; `None` = nothing, or nothing that can be read, which is told and made anew.
fn read(path: &Path) -> Result<Option<Kept>, TlsError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TlsError::File(path.to_path_buf(), error)),
    };
    let kept = serde_json::from_slice::<Kept>(&text).ok().filter(|kept| {
        CertificateDer::from_pem_slice(kept.certificate.as_bytes()).is_ok() && KeyPair::from_pem(&kept.key).is_ok()
    });
    if kept.is_none() {
        tracing::error!(file = %path.display(), "the file is damaged; it is made anew");
    }
    Ok(kept)
}

/// Writes what is kept: durable before it is used.
fn keep(folder: &Path, file: &str, kept: Kept) -> Result<Kept, TlsError> {
    let path = folder.join(file);
    let new = folder.join(format!("{file}.new"));
    let write = || {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let _ = fs::remove_file(&new);
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        out.write_all(&serde_json::to_vec(&kept)?)?;
        out.sync_all()?;
        fs::rename(&new, &path)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| TlsError::File(path.clone(), error))?;
    Ok(kept)
}
