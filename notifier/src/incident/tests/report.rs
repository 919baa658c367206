//! What the report at an incident's end tells beside the incident.

use live::incident::Words;

use super::super::tally::{Counters, Told};
use super::{Change, Desk, Facts, Ids, S, START, World, attack, load, receiver, settings};
use crate::channel::Receipt;
use crate::notice::{Losses, Moment, Notice, NoticeKind};

fn capture(dropped: u64, coarsened: u64) -> Told {
    let losses = Losses { dropped, coarsened, ..Losses::default() };
    Told { capture: Some(Counters { epoch: 1, losses }), ingest: None }
}

fn reported(world: &World) -> &Notice {
    let reports: Vec<_> = world.accepted.iter().filter(|(_, row)| row.kind == NoticeKind::Report).collect();
    assert_eq!(reports.len(), 1, "{:?}", world.told());
    &reports[0].1.notice
}

#[test]
fn a_report_tells_what_was_lost_and_what_happened_in_its_time() {
    let mut world = World::one();
    world.losses = capture(1_000, 0);
    world.run(400);
    world.losses = capture(1_005, 0);
    world.run(10);
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.losses = capture(1_100, 70);
    let what = Words { en: "interface eth0 is down".to_owned(), ru: String::new() };
    world.happened = vec![Moment { time_ns: world.now_ns, what }];
    world.run(30);
    world.say(Change::Fired, &load());
    world.run(30);
    world.losses = capture(1_200, 90);
    world.say(Change::Resolved, &attack("192.0.2.1"));
    // What comes later is not of this incident.
    world.losses = capture(9_000, 9_000);
    world.run(300);
    let notice = reported(&world);
    let expect = Losses { dropped: 195, coarsened: 90, ..Losses::default() };
    assert_eq!(notice.losses, Some(expect));
    let told: Vec<_> = notice.journal.iter().map(|moment| moment.what.en.as_str()).collect();
    assert_eq!(told, ["interface eth0 is down", "incident began: load1 of \"\" (load1)"]);
    assert!(notice.journal.iter().all(|moment| moment.time_ns / S * S == moment.time_ns));
}

#[test]
fn where_nobody_counts_nothing_is_said_of_losses() {
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.losses = capture(5, 5);
    world.run(60);
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(300);
    assert_eq!((reported(&world).losses, reported(&world).journal.len()), (None, 0));
}

#[test]
fn an_incident_that_comes_back_counts_on() {
    let mut world = World::one();
    world.losses = capture(0, 0);
    world.run(1);
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.losses = capture(10, 0);
    world.run(5);
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(5);
    world.losses = capture(30, 0);
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.losses = capture(35, 0);
    world.run(5);
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(300);
    assert_eq!(reported(&world).losses.map(|losses| losses.dropped), Some(35));
}

#[test]
fn losses_and_events_outlive_this_process() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let open = |now_ns: u64| {
        let connection = crate::state::open(dir.path()).expect("a state file");
        Desk::open(connection, settings(vec![receiver("anna")], |_| ()), Ids::Counted(now_ns), now_ns)
            .expect("its tables")
    };
    let tick = |desk: &Desk, second: u64, dropped: u64, change: Option<Change>| {
        let now_ns = START + second * S;
        let transitions: Vec<_> =
            change.map(|change| attack("192.0.2.1").transition(change, now_ns)).into_iter().collect();
        let what = Words { en: format!("second {second}"), ru: String::new() };
        let happened = [Moment { time_ns: now_ns, what }];
        desk.tick(now_ns, &transitions, &Facts { losses: capture(dropped, 0), happened: &happened, ..Facts::none() });
        desk.begin("email", 10, now_ns).into_iter().for_each(|message| {
            desk.settle(&message.id, &Ok(Receipt::default()), now_ns);
            if message.notice.kind == NoticeKind::Report {
                assert_eq!(message.notice.losses.map(|losses| losses.dropped), Some(25));
                let told: Vec<_> = message.notice.journal.iter().map(|moment| moment.what.en.clone()).collect();
                assert_eq!(told, ["second 0", "second 1", "second 70", "second 71"]);
            }
        });
    };
    let desk = open(START);
    tick(&desk, 0, 100, None);
    tick(&desk, 1, 100, Some(Change::Fired));
    drop(desk);
    // What was dropped while nobody listened is known by capture's counter.
    let desk = open(START + 70 * S);
    tick(&desk, 70, 120, None);
    tick(&desk, 71, 125, Some(Change::Resolved));
    tick(&desk, 200, 900, None);
    assert_eq!(desk.untold(), 0, "its end was told");
}
