//! The hub's promises: each message once and in order, or a word that some are missing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use proptest::test_runner::TestCaseError;

use super::limits::{BODY_MAX, CHANNELS_MAX, HOST_IDLE_NS, LIFETIME_MAX_NS};
use super::{Bounds, Cursor, Hub, HubError, Portion, Read, Start, Subscription, Wish};

const SECOND: u64 = 1_000_000_000;
const ALL: Portion =
    Portion { messages_max: usize::MAX, bytes_max: usize::MAX, until_ns: u64::MAX, is_conflated: false };

fn hub(messages_max: usize) -> Arc<Hub> {
    Arc::new(Hub::new(Bounds { messages_max, bytes_max: 1 << 20, age_max_ns: 60 * SECOND }, 7))
}

fn seqs(read: &Read) -> Vec<u64> {
    read.messages.iter().map(|message| message.seq).collect()
}

fn wish(seconds: u64) -> Wish {
    Wish { lifetime_ns: seconds * SECOND, ..Wish::default() }
}

#[test]
fn a_message_of_two_channels_is_read_once_and_between_the_others() {
    let hub = hub(100);
    let mut reader = hub.subscribe(&["load", "traffic", "load"], Start::Now, 0).expect("they exist");
    hub.publish(&["traffic"], "1", 1);
    hub.publish(&["load", "traffic", "traffic"], "2", 2);
    hub.publish(&["incidents"], "3", 3);
    hub.publish(&["load"], "4", 4);
    let read = reader.read(ALL);
    assert_eq!((seqs(&read), read.is_gap), (vec![1, 2, 4], false));
    assert!(reader.read(ALL).messages.is_empty());
    let mut resumed = hub.subscribe(&["load"], Start::After(Cursor { epoch: 7, seq: 1 }), 0).expect("it exists");
    assert_eq!(seqs(&resumed.read(ALL)), [2, 4]);
}

#[test]
fn a_portion_ends_where_it_is_told_and_goes_on_there() {
    let hub = hub(100);
    let mut reader = hub.subscribe(&["load"], Start::Now, 0).expect("it exists");
    for n in 1..=5 {
        hub.publish(&["load"], "{}", n);
    }
    let read = reader.read(Portion { messages_max: 2, ..ALL });
    assert!(seqs(&read) == [1, 2] && read.has_more && reader.cursor().seq == 2);
    assert!(reader.poll_changed(&mut Context::from_waker(Waker::noop())).is_ready());
    let read = reader.read(Portion { bytes_max: 1, ..ALL });
    assert!(seqs(&read) == [3] && read.has_more, "one message at least");
    let read = reader.read(Portion { until_ns: 4, ..ALL });
    assert!(seqs(&read) == [4] && !read.has_more && reader.cursor().seq == 4);
    assert_eq!(seqs(&reader.read(ALL)), [5]);
}

#[test]
fn a_flood_in_one_channel_pushes_out_only_its_own() {
    let hub = hub(40);
    hub.open("x/a", wish(60), 0).expect("a name");
    hub.publish(&["incidents"], "\"kept\"", 1);
    let mut slow = hub.subscribe(&["x/a"], Start::Now, 0).expect("it exists");
    for n in 0..1_000 {
        hub.offer(&["x/a"], "flood", 2 + n).expect("it exists");
    }
    let before = Start::After(Cursor { epoch: 7, seq: 0 });
    let mut calm = hub.subscribe(&["incidents"], before, 0).expect("it exists");
    let read = calm.read(ALL);
    assert_eq!((seqs(&read), read.is_gap), (vec![1], false));
    let read = slow.read(ALL);
    assert!(read.is_gap && read.messages.is_empty() && slow.cursor() == hub.cursor(), "the flood's own reader is told");
    assert_eq!(hub.fill().messages, 11, "a quarter of 40, and the incident");
    assert_eq!(hub.counts().evicted.get(), 990);
}

#[test]
fn the_fullest_gives_up_when_all_together_are_too_many() {
    let hub = hub(16);
    for n in 0..5 {
        for _ in 0..4 {
            let name = format!("x/{n}");
            hub.open(&name, wish(60), 0).expect("a name");
            hub.offer(&[&name], "1", 1).expect("it exists");
        }
    }
    assert_eq!(hub.fill().messages, 16);
    let held: Vec<usize> = hub.known(|name| name.starts_with("x/")).iter().map(|known| known.messages).collect();
    assert!(held.iter().all(|&held| held >= 2), "{held:?}");
}

#[test]
fn what_is_too_old_goes_and_is_told() {
    let hub = hub(100);
    hub.publish(&["load"], "1", SECOND);
    hub.publish(&["load"], "2", 50 * SECOND);
    hub.expire(62 * SECOND);
    let start = |seq| Start::After(Cursor { epoch: 7, seq });
    assert!(hub.subscribe(&["load"], start(0), 0).expect("it exists").read(ALL).is_gap);
    assert_eq!(seqs(&hub.subscribe(&["load"], start(1), 0).expect("it exists").read(ALL)), [2]);
    let since = |time_ns| hub.subscribe(&["load"], Start::Since(time_ns), 0).expect("it exists").read(ALL);
    assert!(since(SECOND).is_gap && seqs(&since(SECOND)) == [2], "what there is, and that it is not all");
    assert!(!since(2 * SECOND).is_gap && seqs(&since(2 * SECOND)) == [2]);
    assert!(seqs(&since(51 * SECOND)).is_empty());
}

#[test]
fn a_cursor_of_another_life_or_of_the_future_is_a_gap() {
    let hub = hub(100);
    hub.publish(&["load"], "1", 1);
    for cursor in [Cursor { epoch: 8, seq: 0 }, Cursor { epoch: 7, seq: 99 }] {
        let mut reader = hub.subscribe(&["load"], Start::After(cursor), 0).expect("it exists");
        assert_eq!(reader.cursor(), cursor, "who is cut before the word comes back to it");
        let read = reader.read(ALL);
        assert!(read.is_gap && read.messages.is_empty() && reader.cursor() == hub.cursor());
        hub.publish(&["load"], "2", 2);
        assert_eq!(reader.read(ALL).messages.len(), 1, "it goes on");
    }
    assert_eq!(hub.counts().resyncs.get(), 2);
}

#[test]
fn time_does_not_fall_back_within_the_hub() {
    let hub = hub(100);
    let mut reader = hub.subscribe(&["load"], Start::Now, 0).expect("it exists");
    for time in [9, 5, 12] {
        hub.publish(&["load"], "1", time);
    }
    let times: Vec<u64> = reader.read(ALL).messages.iter().map(|message| message.time_ns).collect();
    assert_eq!(times, [9, 9, 12]);
}

#[test]
fn scripts_channels_live_as_long_as_they_are_renewed() {
    let hub = hub(100);
    assert_eq!(hub.open("x/a", wish(10), 0), Ok(true));
    assert_eq!(hub.open("x/a", wish(10), 5 * SECOND), Ok(false));
    let mut reader = hub.subscribe(&["x/a", "load"], Start::Now, 0).expect("they exist");
    hub.offer(&["x/a"], "1", SECOND).expect("it exists");
    hub.expire(14 * SECOND);
    assert!(reader.read(ALL).closed.is_none(), "renewed");
    hub.expire(15 * SECOND);
    assert_eq!(reader.read(ALL).closed.as_deref(), Some("x/a"));
    let gone = HubError::NoChannel("x/a".to_owned());
    assert_eq!(hub.offer(&["load", "x/a"], "2", SECOND), Err(gone.clone()));
    assert_eq!(hub.subscribe(&["x/a"], Start::Now, 0).err(), Some(gone.clone()));
    assert_eq!(hub.close("x/a"), Err(gone));
    assert_eq!(hub.close("load"), Err(HubError::BadName("load".to_owned())), "the page's own stay");
    // A channel of the same name is another one: who knows the old one only may have lost something.
    hub.open("x/a", wish(10), 0).expect("a name");
    let old = Start::After(Cursor { epoch: 7, seq: 0 });
    assert!(hub.subscribe(&["x/a"], old, 0).expect("it exists").read(ALL).is_gap);
}

#[test]
fn nonsense_is_refused_and_changes_nothing() {
    let hub = hub(100);
    assert_eq!(hub.open("load", wish(1), 0), Err(HubError::BadName("load".to_owned())));
    assert_eq!(hub.open("x/a", wish(0), 0), Err(HubError::BadLifetime));
    let long = Wish { lifetime_ns: LIFETIME_MAX_NS + 1, ..Wish::default() };
    assert_eq!(hub.open("x/a", long, 0), Err(HubError::BadLifetime));
    assert_eq!(hub.subscribe(&[], Start::Now, 0).err(), Some(HubError::TooManyNames));
    assert_eq!(hub.subscribe(&["load"; 33], Start::Now, 0).err(), Some(HubError::TooManyNames));
    assert_eq!(hub.offer(&["load"], &"a".repeat(BODY_MAX + 1), 0), Err(HubError::BodyTooLong));
    assert_eq!(hub.publish(&["no such"], "1", 0), 0);
    assert_eq!((hub.counts().refused.get(), hub.counts().published.get(), hub.fill().messages), (2, 0, 0));
}

#[test]
fn hosts_come_by_being_looked_at_and_make_room() {
    let hub = hub(100);
    let watched = hub.subscribe(&["host:192.0.2.1"], Start::Now, 0).expect("made");
    assert!(hub.is_followed("host:192.0.2.1"));
    for n in 0..CHANNELS_MAX as u64 + 5 {
        hub.publish(&[&format!("host:2001:db8::1:{:x}", n + 1)], "1", n);
    }
    assert_eq!(hub.fill().channels, CHANNELS_MAX);
    assert_eq!(hub.counts().refused.get(), 0);
    hub.expire(HOST_IDLE_NS * 3);
    assert_eq!(hub.fill().channels, 6, "the page's own, and the one that is watched");
    drop(watched);
    hub.expire(HOST_IDLE_NS * 3);
    assert_eq!(hub.fill(), super::Fill { channels: 5, messages: 0, bytes: 0 });
}

#[test]
fn gauges_may_be_conflated_incidents_never() {
    let hub = hub(100);
    let mut reader = hub.subscribe(&["load", "traffic", "incidents"], Start::Now, 0).expect("they exist");
    for _ in 0..3 {
        hub.publish(&["load"], "1", 1);
        hub.publish(&["incidents"], "1", 1);
        hub.publish(&["load", "incidents"], "1", 1);
        hub.publish(&["traffic"], "1", 1);
    }
    assert_eq!(seqs(&reader.read(Portion { is_conflated: true, ..ALL })), [2, 3, 6, 7, 9, 10, 11, 12]);
    assert_eq!(hub.counts().conflated.get(), 4);
}

struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Woken>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn one_is_woken_and_wakes_the_others_of_its_channels() {
    let hub = hub(100);
    let woken = Arc::new(Woken(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut readers: Vec<Subscription> =
        (0..10).map(|_| hub.subscribe(&["load"], Start::Now, 0).expect("it exists")).collect();
    let mut other = hub.subscribe(&["traffic"], Start::Now, 0).expect("it exists");
    for reader in readers.iter_mut().chain([&mut other]) {
        assert!(reader.poll_changed(&mut context).is_ready(), "asked once at the beginning");
        assert!(reader.poll_changed(&mut context).is_pending());
    }
    hub.publish(&["load"], "1", 1);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(other.poll_changed(&mut context).is_pending(), "it passes the word on all the same");
    assert_eq!(woken.0.load(Ordering::Relaxed), 10);
    assert!(readers.iter_mut().all(|reader| reader.poll_changed(&mut context).is_ready()));
    assert!(readers.iter_mut().all(|reader| reader.poll_changed(&mut context).is_pending()));
    hub.publish(&["load"], "2", 1);
    readers.truncate(9);
    assert_eq!(woken.0.load(Ordering::Relaxed), 20, "who leaves passes it on");
    assert!(readers.iter_mut().all(|reader| reader.poll_changed(&mut context).is_ready()));
    assert!(readers.iter_mut().all(|reader| reader.poll_changed(&mut context).is_pending()));
    hub.publish(&["load"], "3", 1);
    readers[3].pass_on();
    assert_eq!(woken.0.load(Ordering::Relaxed), 29, "and who is busy");
    hub.recheck();
    assert_eq!(woken.0.load(Ordering::Relaxed), 30);
    assert!(other.poll_changed(&mut context) == Poll::Ready(()));
}

/// Publishers on threads of their own, readers on others: each reads all, in order.
#[test]
fn threads_lose_nothing_and_double_nothing() {
    const EACH: u64 = 2_000;
    let hub = Arc::new(Hub::new(Bounds { messages_max: 100_000, bytes_max: 1 << 30, age_max_ns: u64::MAX }, 7));
    let follow = |mut reader: Subscription| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let all = async {
            let mut seen = Vec::new();
            while seen.len() < 2 * EACH as usize {
                reader.changed().await;
                let read = reader.read(Portion { messages_max: 7, ..ALL });
                assert!(!read.is_gap);
                seen.extend(seqs(&read));
            }
            seen
        };
        let bounded = async { tokio::time::timeout(std::time::Duration::from_secs(30), all).await };
        runtime.block_on(bounded).expect("nobody is left asleep")
    };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let reader = hub.subscribe(&["load", "traffic"], Start::Now, 0).expect("they exist");
                scope.spawn(move || follow(reader))
            })
            .collect();
        for names in [["load", "traffic"], ["traffic", "incidents"]] {
            let hub = &hub;
            scope.spawn(move || {
                for n in 0..EACH {
                    hub.publish(&names, "1", n);
                }
            });
        }
        for reader in readers {
            let seen = reader.join().expect("no panic");
            assert!(seen.iter().copied().eq(1..=2 * EACH), "{} of {}", seen.len(), 2 * EACH);
        }
    });
}

/// What happens to the hub in the property below.
#[derive(Clone, Debug)]
enum Step {
    Publish(Vec<&'static str>),
    Subscribe(Vec<&'static str>),
    Read(usize, usize),
    /// The reader goes and comes back with the last message's id, or with its cursor.
    Resume(usize, bool),
    Drop(usize),
    Reopen,
    Tick(u64),
}

const NAMES: [&str; 4] = ["load", "incidents", "host:192.0.2.1", "x/a"];

fn step() -> impl Strategy<Value = Step> {
    let names = || proptest::sample::subsequence(NAMES.to_vec(), 1..=3);
    prop_oneof![
        6 => names().prop_map(Step::Publish),
        2 => names().prop_map(Step::Subscribe),
        4 => (0usize..8, select(vec![1usize, 2, 100])).prop_map(|(reader, most)| Step::Read(reader, most)),
        2 => (0usize..8, any::<bool>()).prop_map(|(reader, by_id)| Step::Resume(reader, by_id)),
        1 => (0usize..8).prop_map(Step::Drop),
        1 => Just(Step::Reopen),
        1 => (0u64..30).prop_map(Step::Tick),
    ]
}

/// A reader, and the messages that it has still to get.
struct Reader {
    subscription: Subscription,
    names: Vec<&'static str>,
    owed: VecDeque<u64>,
    last: Cursor,
    /// Where the hub stood when the reader came, or came back.
    came_at: u64,
}

impl Reader {
    fn read(&mut self, hub: &Hub, messages_max: usize) -> Result<bool, TestCaseError> {
        let read = self.subscription.read(Portion { messages_max, ..ALL });
        if read.is_gap && read.messages.is_empty() {
            self.owed.clear();
            self.last = hub.cursor();
        } else if read.is_gap {
            // The gap was there when the reader came: what was published since is owed all the same.
            self.owed.retain(|seq| *seq > self.came_at);
        }
        for seq in seqs(&read) {
            prop_assert_eq!(Some(seq), self.owed.pop_front());
            self.last.seq = seq;
        }
        prop_assert!(read.has_more || self.owed.is_empty(), "owed: {:?}", self.owed);
        Ok(read.has_more)
    }
}

proptest! {
    #[test]
    fn each_message_once_and_in_order_or_a_word_that_some_are_missing(
        steps in proptest::collection::vec(step(), 1..200),
        room in select(vec![8usize, 40, 4_000]),
    ) {
        let hub = hub(room);
        hub.open("x/a", wish(86_400), 0).expect("a name");
        let (mut readers, mut now_ns) = (Vec::<Reader>::new(), SECOND);
        for step in steps {
            let count = readers.len().max(1);
            match step {
                Step::Publish(names) => {
                    let seq = hub.publish(&names, "1", now_ns);
                    let concerned = |reader: &&mut Reader| reader.names.iter().any(|name| names.contains(name));
                    readers.iter_mut().filter(concerned).for_each(|reader| reader.owed.push_back(seq));
                }
                Step::Subscribe(names) if readers.len() < 8 => {
                    let subscription = hub.subscribe(&names, Start::Now, now_ns).expect("they exist");
                    let (owed, last) = (VecDeque::new(), hub.cursor());
                    readers.push(Reader { subscription, names, owed, last, came_at: last.seq });
                }
                Step::Read(reader, most) => {
                    if let Some(reader) = readers.get_mut(reader % count) {
                        reader.read(&hub, most)?;
                    }
                }
                Step::Resume(reader, by_id) => {
                    if let Some(reader) = readers.get_mut(reader % count) {
                        let cursor = if by_id { reader.last } else { reader.subscription.cursor() };
                        let resumed = hub.subscribe(&reader.names, Start::After(cursor), now_ns);
                        reader.subscription = resumed.expect("they exist");
                        reader.came_at = hub.cursor().seq;
                    }
                }
                Step::Drop(reader) if !readers.is_empty() => drop(readers.swap_remove(reader % count)),
                Step::Reopen => {
                    hub.close("x/a").expect("it exists");
                    hub.open("x/a", wish(86_400), now_ns).expect("a name");
                    // Those who had something to come from it are told of a gap, unless another channel has it too.
                }
                Step::Tick(seconds) => {
                    now_ns += seconds * SECOND;
                    hub.expire(now_ns);
                }
                Step::Subscribe(_) | Step::Drop(_) => {}
            }
        }
        for reader in &mut readers {
            while reader.read(&hub, 3)? {}
        }
    }
}
