//! Delays after wrong passwords: by account and where from, never by account alone, so that nobody can keep a user out
//! who comes from elsewhere or from a known device. Time is an argument.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Wrong tries on one account from one network that cost nothing but their own time: a person mistypes.
const FREE: u32 = 5;

/// Wrong tries from one network on any accounts that cost nothing: behind an address may be an office.
const FREE_NETWORK: u32 = 30;

/// The longest delay. One try in 15 minutes is 35,000 a year.
const DELAY_MAX: Duration = Duration::from_secs(900);

/// A place without wrong tries for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Entries of the table: some 100 bytes each. When it is full, the one whose delay ends first leaves.
const PLACES_MAX: usize = 16_384;

/// Where tries are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// An account, from a network.
    Account(String, IpAddr),
    /// A network.
    Network(IpAddr),
    /// A device from which the account's user has signed in before.
    Device(String, String),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    tries: u32,
    until: Instant,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    places: HashMap<Place, Count>,
}

/// Where a try comes from.
#[derive(Clone, Debug)]
pub(super) struct Try {
    /// Name that was typed.
    pub(super) user: String,
    /// Address of the caller.
    pub(super) address: IpAddr,
    /// Number of the known device.
    pub(super) device: Option<String>,
}

impl Try {
    /// A known device is judged by itself alone.
    fn places(&self) -> Vec<(Place, u32)> {
        let user = self.user.chars().take(64).collect::<String>();
        match &self.device {
            Some(device) => vec![(Place::Device(user, device.clone()), FREE)],
            None => {
                let network = network(self.address);
                vec![(Place::Account(user, network), FREE), (Place::Network(network), FREE_NETWORK)]
            }
        }
    }
}

impl Throttle {
    /// Begins a try: counted as wrong until [`Throttle::right`] says otherwise, so that a hundred at once are a hundred.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn begin(&mut self, what: &Try, now: Instant) -> Result<(), Duration> {
        let places = what.places();
        let waits = places.iter().filter_map(|(place, _)| {
            let wait = self.places.get(place)?.until.saturating_duration_since(now);
            (!wait.is_zero()).then_some(wait)
        });
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for (place, free) in places {
            self.make_room(now);
            let count = self.places.entry(place).or_insert(Count { tries: 0, until: now });
            if now.saturating_duration_since(count.until) > FORGOTTEN_AFTER {
                count.tries = 0;
            }
            count.tries = count.tries.saturating_add(1);
            count.until = now + delay(count.tries, free);
        }
        Ok(())
    }

    /// The try was right: the account's own count begins anew. The network's does not, or an attacker with one account
    /// of his own could clear it.
    pub(super) fn right(&mut self, what: &Try) {
        for (place, _) in what.places() {
            match self.places.get_mut(&place) {
                Some(count) if matches!(place, Place::Network(_)) => count.tries = count.tries.saturating_sub(1),
                Some(_) => {
                    self.places.remove(&place);
                }
                None => {}
            }
        }
    }

    /// The try was not judged, for a reason of ours: it does not count.
    pub(super) fn not_judged(&mut self, what: &Try, now: Instant) {
        for (place, free) in what.places() {
            if let Some(count) = self.places.get_mut(&place) {
                count.tries = count.tries.saturating_sub(1);
                count.until = count.until.min(now + delay(count.tries, free));
            }
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.places.len() < PLACES_MAX {
            return;
        }
        self.places.retain(|_, count| now.saturating_duration_since(count.until) <= FORGOTTEN_AFTER);
        if self.places.len() >= PLACES_MAX
            && let Some(first) = self.places.iter().min_by_key(|(_, count)| count.until).map(|(place, _)| place.clone())
        {
            self.places.remove(&first);
        }
    }
}

/// 1 s after the first that is not free, then twice as long each time.
fn delay(tries: u32, free: u32) -> Duration {
    match tries.checked_sub(free + 1) {
        None => Duration::ZERO,
        Some(doublings) => Duration::from_secs(1 << doublings.min(16)).min(DELAY_MAX),
    }
}

/// What one customer of a provider has: a /24, a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{DELAY_MAX, FREE, PLACES_MAX, Throttle, Try, delay, network};

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn of(user: &str, address: &str, device: Option<&str>) -> Try {
        let address = address.parse().expect("an address");
        Try { user: user.to_owned(), address, device: device.map(str::to_owned) }
    }

    #[test]
    fn delays_double_up_to_a_bound() {
        let check = |tries: u32, expect: u64| assert_eq!(delay(tries, FREE), Duration::from_secs(expect), "{tries}");
        check(5, 0);
        check(6, 1);
        check(7, 2);
        check(15, 512);
        check(16, 900);
        check(u32::MAX, 900);
    }

    #[test]
    fn an_attacker_delays_himself_and_not_the_owner() {
        let (mut throttle, now) = (Throttle::default(), now());
        let attacker = of("anna", "198.51.100.9", None);
        let begun = (0..1_000).filter(|_| throttle.begin(&attacker, now).is_ok()).count();
        assert_eq!(begun, FREE as usize + 1, "the others wait, also at the same moment");
        let neighbour = of("anna", "198.51.100.77", None);
        assert!(throttle.begin(&neighbour, now).is_err(), "a /24 is one place");
        assert!(throttle.begin(&of("anna", "192.0.2.1", None), now).is_ok(), "the owner from elsewhere");
        assert!(
            throttle.begin(&of("anna", "198.51.100.9", Some("d1")), now).is_ok(),
            "the owner's phone behind the same address"
        );
        let later = now + Duration::from_secs(1);
        assert!(throttle.begin(&attacker, later).is_ok() && throttle.begin(&attacker, later).is_err());
        assert_eq!(throttle.begin(&attacker, later).expect_err("delayed"), Duration::from_secs(2));
    }

    #[test]
    fn many_accounts_from_one_network_are_seen_and_a_right_password_clears_only_its_own() {
        let (mut throttle, now) = (Throttle::default(), now());
        let names =
            (0..100).filter(|n| throttle.begin(&of(&format!("u{n}"), "2001:db8::1", None), now).is_ok()).count();
        assert_eq!(names, 31);
        let mut throttle = Throttle::default();
        let anna = of("anna", "192.0.2.1", None);
        for _ in 0..20 {
            assert!(throttle.begin(&anna, now).is_ok());
            throttle.right(&anna);
        }
        for _ in 0..20 {
            assert!(throttle.begin(&anna, now).is_ok());
            throttle.not_judged(&anna, now);
        }
    }

    #[test]
    fn the_table_is_bounded() {
        let (mut throttle, now) = (Throttle::default(), now());
        for n in 0..PLACES_MAX as u32 {
            let address = format!("{}.{}.{}.1", 1 + (n >> 16), (n >> 8) & 255, n & 255);
            let _ = throttle.begin(&of("anna", &address, None), now);
        }
        assert!(throttle.places.len() <= PLACES_MAX && DELAY_MAX > Duration::ZERO);
    }

    #[test]
    fn networks_are_what_one_customer_has() {
        let check =
            |address: &str, expect: &str| assert_eq!(network(address.parse().expect("one")).to_string(), expect);
        check("192.0.2.77", "192.0.2.0");
        check("::ffff:192.0.2.77", "192.0.2.0");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    }
}
