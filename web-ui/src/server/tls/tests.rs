//! Certificates: what they are for, when they are made anew, and that the constraints hold in another's eyes.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::authority::{Own, open};
use super::{Names, Tls, fingerprint};
use crate::config::{Config, TlsMode};

const DAY_S: u64 = 24 * 3600;
const NOW_S: u64 = 1_800_000_000;

fn names(asked: &[&str], found: &[&str]) -> Names {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Names { node: "n".to_owned(), asked: list(asked), found: list(found) }
}

/// What a client that trusts the authority alone says of the certificate.
fn verify(own: &Own, host: &str, now_s: u64) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(own.authority.to_vec())).expect("an authority");
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    let verifier = verifier.build().expect("a verifier");
    let name = match host.parse::<IpAddr>() {
        Ok(address) => ServerName::from(address),
        Err(_) => ServerName::try_from(host.to_owned()).expect("a name"),
    };
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now_s));
    verifier.verify_server_cert(&own.key.cert[0], &own.key.cert[1..], &name, &[], now).map(|_| ())
}

#[test]
fn a_client_that_trusts_the_authority_trusts_the_hosts_names_and_no_other() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let own = open(dir.path(), &names(&["localhost", "127.0.0.1", "flood.example"], &["192.0.2.7"]), NOW_S);
    let own = own.expect("made");
    for host in ["localhost", "127.0.0.1", "flood.example", "192.0.2.7"] {
        verify(&own, host, NOW_S).unwrap_or_else(|error| panic!("{host}: {error}"));
        verify(&own, host, NOW_S + 395 * DAY_S).unwrap_or_else(|error| panic!("{host}: {error}"));
    }
    for host in ["bank.example", "192.0.2.8"] {
        assert!(verify(&own, host, NOW_S).is_err(), "{host}");
    }
    assert!(verify(&own, "localhost", NOW_S + 398 * DAY_S).is_err(), "it ends");
}

#[test]
fn a_stolen_authority_cannot_vouch_for_others() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let own = open(dir.path(), &names(&["localhost", "127.0.0.1"], &[]), NOW_S).expect("made");
    // The thief widens what the file says, which is all that holds the page back; the authority's certificate stays.
    let path = dir.path().join("authority.json");
    let text = fs::read_to_string(&path).expect("kept");
    let widened = text.replace("[\"localhost\"", "[\"bank.example\",\"192.0.2.8\",\"localhost\"");
    assert_ne!(text, widened);
    fs::write(&path, widened).expect("it is ours");
    let wide = names(&["localhost", "127.0.0.1", "bank.example", "192.0.2.8"], &[]);
    let forged = open(dir.path(), &wide, NOW_S).expect("made");
    assert_eq!(forged.authority, own.authority);
    for host in ["bank.example", "192.0.2.8"] {
        assert!(verify(&forged, host, NOW_S).is_err(), "{host}");
    }
}

fn shown(dir: &Path, names: &Names, now_s: u64) -> (Vec<u8>, Vec<u8>) {
    let own = open(dir, names, now_s).expect("made");
    (own.authority.to_vec(), own.key.cert[0].to_vec())
}

#[test]
fn they_are_kept_renewed_and_made_anew_when_they_must() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let first = names(&["localhost"], &["192.0.2.7"]);
    let (authority, certificate) = shown(dir.path(), &first, NOW_S);
    for file in ["authority.json", "certificate.json"] {
        let mode = fs::metadata(dir.path().join(file)).expect("kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(shown(dir.path(), &first, NOW_S + DAY_S), (authority.clone(), certificate.clone()), "kept");
    let (same, renewed) = shown(dir.path(), &first, NOW_S + 337 * DAY_S);
    assert!(same == authority && renewed != certificate, "renewed in time by the same authority");
    let moved = names(&["localhost"], &["192.0.2.9"]);
    let (same, without) = shown(dir.path(), &moved, NOW_S);
    assert!(same == authority && without != renewed, "an address that came later needs no new authority");
    let (other, _) = shown(dir.path(), &names(&["localhost", "flood.example"], &[]), NOW_S);
    assert_ne!(other, authority, "a name that was asked for does");
    fs::write(dir.path().join("authority.json"), b"{\"name\":\"n\"").expect("it is ours");
    let (anew, _) = shown(dir.path(), &first, NOW_S);
    assert!(anew != other && !anew.is_empty(), "a damaged file is made anew");
}

#[test]
fn the_fingerprint_is_that_of_what_is_shown() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut config = Config { tls: TlsMode::Own, ..Config::default() };
    assert_eq!(fingerprint(&config, dir.path()).expect("no file is no error"), None);
    let tls = Tls::open(&config, dir.path(), "n", NOW_S).expect("made").expect("on");
    let own = fingerprint(&config, dir.path()).expect("read").expect("made");
    assert!(own.len() == 32 * 3 - 1 && !tls.is_given() && tls.authority().is_some(), "{own}");
    // The same certificate as given files.
    let text = fs::read_to_string(dir.path().join("web/tls/certificate.json")).expect("kept");
    let kept: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    config = Config {
        tls: TlsMode::Files,
        tls_cert_file: dir.path().join("cert.pem"),
        tls_key_file: dir.path().join("key.pem"),
        ..config
    };
    assert!(Tls::open(&config, dir.path(), "n", NOW_S).is_err(), "files that are not there");
    for (path, part) in [(&config.tls_cert_file, "certificate"), (&config.tls_key_file, "key")] {
        fs::write(path, kept[part].as_str().expect("PEM")).expect("it is ours");
    }
    let given = Tls::open(&config, dir.path(), "n", NOW_S).expect("read").expect("on");
    assert!(given.is_given() && given.authority().is_none());
    assert_eq!(fingerprint(&config, dir.path()).expect("read").as_deref(), Some(own.as_str()));
    fs::write(&config.tls_cert_file, "no certificate").expect("it is ours");
    assert!(given.keep(NOW_S).is_err(), "what cannot be used is told");
    fs::write(&config.tls_cert_file, kept["certificate"].as_str().expect("PEM")).expect("it is ours");
    given.keep(NOW_S).expect("read again");
}
