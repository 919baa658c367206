//! Known devices: a signed cookie that says "NAME has signed in from here before". It opens nothing; it only keeps the
//! owner out of the queue and out of the delays that an attacker fills.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::random;

/// Characters of such a cookie.
const CHARS_MAX: usize = 256;

/// The key of the signatures.
pub(super) struct Devices {
    key: hmac::Key,
}

impl Devices {
    pub(super) fn new(key: &[u8]) -> Devices {
        Devices { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// A cookie's value for a device of `user`; each has a number of its own.
    pub(super) fn sign(&self, user: &str) -> String {
        let id = random::hex::<8>();
        let tag = hmac::sign(&self.key, message(user, &id).as_bytes());
        format!("{id}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// The number of the device, if `user` has signed in from it.
    pub(super) fn known<'a>(&self, cookie: &'a str, user: &str) -> Option<&'a str> {
        let (id, tag) = cookie.split_once('.').filter(|_| cookie.len() <= CHARS_MAX)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.key, message(user, id).as_bytes(), &tag).ok().map(|()| id)
    }
}

fn message(user: &str, id: &str) -> String {
    format!("device\n{user}\n{id}")
}

#[cfg(test)]
mod tests {
    use super::Devices;

    #[test]
    fn a_device_is_known_to_its_user_alone() {
        let devices = Devices::new(&[7; 32]);
        let cookie = devices.sign("anna");
        assert_eq!(devices.known(&cookie, "anna"), cookie.split('.').next());
        assert_eq!(devices.known(&cookie, "boris"), None);
        assert_eq!(Devices::new(&[8; 32]).known(&cookie, "anna"), None);
        for wrong in ["", ".", "a.b", &cookie[1..], &"x.".repeat(500)] {
            assert_eq!(devices.known(wrong, "anna"), None, "{wrong:?}");
        }
    }
}
