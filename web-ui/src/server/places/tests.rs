//! Places without connections.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Full, KNOWN_FOR, KNOWN_MAX, Place, PlaceLimits, Places, network};
use crate::server::Counts;

#[expect(clippy::disallowed_methods, reason = "any moment does")]
fn now() -> Instant {
    Instant::now()
}

fn places(all: usize, per_address: usize) -> Arc<Places> {
    let proxy: IpAddr = address("10.0.0.1");
    Places::new(PlaceLimits { all, per_address }, Arc::new(Counts::default()), move |address| address == proxy)
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn take(places: &Arc<Places>, from: &str) -> Result<Place, Full> {
    places.take(address(from), now())
}

/// A place whose connection has sent a request.
fn settled(places: &Arc<Places>, from: &str) -> Place {
    let place = take(places, from).unwrap_or_else(|full| panic!("{from}: {full:?}"));
    place.head().is_done();
    place
}

#[test]
fn an_address_is_bounded_and_a_proxy_is_not() {
    let places = places(100, 2);
    let held = [take(&places, "192.0.2.1"), take(&places, "::ffff:192.0.2.1")];
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(take(&places, "192.0.2.1").err(), Some(Full::Address));
    assert!(take(&places, "192.0.2.2").is_ok());
    let _six = [take(&places, "2001:db8::1"), take(&places, "2001:db8::2")];
    assert_eq!(take(&places, "2001:db8::3").err(), Some(Full::Address), "one network of 64 bits is one address");
    let proxied: Vec<_> = (0..50).map(|_| take(&places, "10.0.0.1")).collect();
    assert!(proxied.iter().all(Result::is_ok));
    drop(held);
    assert!(take(&places, "192.0.2.1").is_ok(), "places come back");
}

#[test]
fn when_full_the_oldest_that_has_asked_nothing_goes() {
    let places = places(32, 100);
    let settled: Vec<Place> = (0..29).map(|_| settled(&places, "192.0.2.1")).collect();
    let young = take(&places, "192.0.2.2").expect("the last place that is not kept");
    let newer = take(&places, "192.0.2.3").expect("the older one goes");
    assert_eq!((places.young(), places.counts.evicted.get()), (1, 1));
    drop(young);
    newer.head().is_done();
    assert_eq!(take(&places, "192.0.2.4").err(), Some(Full::All), "all have asked: nobody goes");
    drop(settled);
    assert!(take(&places, "192.0.2.4").is_ok());
}

#[test]
fn places_are_kept_for_addresses_that_are_known() {
    let places = places(32, 100);
    let _held: Vec<Place> = (0..30).map(|_| settled(&places, "192.0.2.1")).collect();
    assert_eq!(take(&places, "198.51.100.7").err(), Some(Full::All));
    places.signed_in(address("198.51.100.7"), now());
    let _owner = settled(&places, "198.51.100.7");
    let later = now() + KNOWN_FOR + Duration::from_secs(1);
    assert_eq!(places.take(address("198.51.100.7"), later).err(), Some(Full::All), "not for ever");
}

#[test]
fn known_addresses_are_bounded_and_the_oldest_is_forgotten() {
    let places = places(32, 100);
    let start = now();
    for n in 0..=KNOWN_MAX {
        let n = u32::try_from(n).expect("small");
        places.signed_in(IpAddr::from(n.to_be_bytes()), start + Duration::from_secs(u64::from(n)));
    }
    let known = &places.table().known;
    assert!(known.len() == KNOWN_MAX && !known.contains_key(&address("0.0.0.0")));
}

#[test]
fn every_place_comes_back() {
    let places = places(64, 64);
    let held: Vec<_> = (0..200).map(|n| take(&places, &format!("192.0.2.{}", n % 7))).collect();
    drop(held);
    let table = places.table();
    assert!(table.all == 0 && table.by_address.is_empty() && table.young.is_empty());
}

#[test]
fn networks_of_addresses() {
    assert_eq!(network(address("::ffff:192.0.2.9")), address("192.0.2.9"));
    assert_eq!(network(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
}
