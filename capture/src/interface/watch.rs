//! Turns successive lists of links into events of one captured interface: a state machine without clock or system call.

use super::links::{Link, find};

/// What happened to a captured interface between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is there, for the first time or again: open its rings on this index. If that fails and Down follows, try
    /// again on Up.
    Appeared {
        /// The kernel's number of it.
        ifindex: u32,
    },
    /// It was deleted, moved to another namespace, or its rings went dead: close them.
    Gone {
        /// The number that it had.
        ifindex: u32,
    },
    /// It has another name now; the rings go on.
    Renamed {
        /// Name before.
        old: String,
        /// Name now.
        new: String,
    },
    /// Switched off or without carrier; the rings stay open and go on by themselves when it is up again.
    Down,
    /// Switched on and with carrier.
    Up,
}

/// Follows one interface of the configuration.
#[derive(Clone, Debug)]
pub struct Watch {
    configured: String,
    present: Option<Present>,
    dead: bool,
}

#[derive(Clone, Debug)]
struct Present {
    ifindex: u32,
    name: String,
    up: bool,
}

impl Watch {
    /// Follows the interface with the configured name, which need not exist yet.
    pub fn new(configured: &str) -> Watch {
        Watch { configured: configured.to_owned(), present: None, dead: false }
    }

    /// Says that the rings found their interface gone (`Ring::interface_gone`), or could not be opened. Needed for what
    /// a look at the links cannot show: deleted and made again with the same name *and* index between two looks.
    pub fn rings_are_dead(&mut self) {
        self.dead = self.present.is_some();
    }

    /// The index to capture on, if the interface is there.
    pub fn ifindex(&self) -> Option<u32> {
        self.present.as_ref().map(|present| present.ifindex)
    }

    /// Takes the present list of links (by `Netlink::links`) and says what changed, in order.
    ///
    /// The index decides who is who: the same index under a new name is the same interface, the same name on a new
    /// index is another. After Gone the configured name is looked for again, not the one it was renamed to.
    pub fn look(&mut self, links: &[Link]) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(mut present) = self.present.take() {
            let found = links.iter().find(|link| link.index == present.ifindex).filter(|_| !self.dead);
            self.dead = false;
            match found {
                Some(link) => {
                    present.follow(link, &mut events);
                    self.present = Some(present);
                }
                None => events.push(Event::Gone { ifindex: present.ifindex }),
            }
        }
        if self.present.is_none()
            && let Some(link) = find(links, &self.configured)
        {
            events.push(Event::Appeared { ifindex: link.index });
            if !link.is_up() {
                events.push(Event::Down);
            }
            self.present = Some(Present { ifindex: link.index, name: link.name.clone(), up: link.is_up() });
        }
        events
    }
}

impl Present {
    fn follow(&mut self, link: &Link, events: &mut Vec<Event>) {
        if link.name != self.name {
            let old = std::mem::replace(&mut self.name, link.name.clone());
            events.push(Event::Renamed { old, new: link.name.clone() });
        }
        if link.is_up() != self.up {
            self.up = link.is_up();
            events.push(if self.up { Event::Up } else { Event::Down });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: u32 = (libc::IFF_UP | libc::IFF_RUNNING) as u32;

    fn link(index: u32, name: &str, flags: u32) -> Link {
        Link { index, name: name.to_owned(), flags, ..Link::default() }
    }

    #[test]
    fn absent_then_there_then_down_and_up() {
        let mut watch = Watch::new("eth0");
        assert_eq!(watch.look(&[link(1, "lo", UP)]), []);
        assert_eq!(watch.look(&[link(7, "eth0", 0)]), [Event::Appeared { ifindex: 7 }, Event::Down]);
        assert_eq!(watch.look(&[link(7, "eth0", UP)]), [Event::Up]);
        assert_eq!(watch.look(&[link(7, "eth0", UP)]), []);
        assert_eq!(watch.look(&[link(7, "eth0", libc::IFF_UP as u32)]), [Event::Down]);
    }

    #[test]
    fn same_name_on_another_index_is_gone_and_appeared() {
        let mut watch = Watch::new("eth0");
        watch.look(&[link(7, "eth0", UP)]);
        assert_eq!(watch.look(&[link(9, "eth0", UP)]), [Event::Gone { ifindex: 7 }, Event::Appeared { ifindex: 9 }]);
        assert_eq!(watch.ifindex(), Some(9));
    }

    #[test]
    fn renamed_interface_is_kept_even_if_another_takes_its_name() {
        let mut watch = Watch::new("eth0");
        watch.look(&[link(7, "eth0", UP)]);
        let renamed = Event::Renamed { old: "eth0".to_owned(), new: "wan".to_owned() };
        assert_eq!(watch.look(&[link(7, "wan", UP)]), [renamed]);
        assert_eq!(watch.look(&[link(7, "wan", UP), link(8, "eth0", UP)]), []);
        assert_eq!(watch.look(&[link(8, "eth0", UP)]), [Event::Gone { ifindex: 7 }, Event::Appeared { ifindex: 8 }]);
    }

    #[test]
    fn dead_rings_reopen_on_the_same_index() {
        let mut watch = Watch::new("eth0");
        watch.rings_are_dead();
        watch.look(&[link(7, "eth0", UP)]);
        watch.rings_are_dead();
        assert_eq!(watch.look(&[link(7, "eth0", UP)]), [Event::Gone { ifindex: 7 }, Event::Appeared { ifindex: 7 }]);
        assert_eq!(watch.look(&[link(7, "eth0", UP)]), []);
    }
}
