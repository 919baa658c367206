//! Interfaces that go down, go away, come back, come late, and change their names.

use std::time::Duration;

use capture::config::Fanout;
use capture::interface::{Event, LinkNews, Netlink, Watch, double_counted};
use capture::ring::{Fault, Ring, RingSpec, Spares, open_group, wait_any};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use crate::link::{Injector, ip, link, open, spec, udp_frame, up, veth};
use crate::namespace::in_namespace;
use crate::reader::{cpu_ns, finish, now, read, within};

/// Waits as a worker does; gives the faults reported, and the number of wakes.
fn idle(rings: &mut [Ring], time: Duration) -> (Vec<Fault>, u32) {
    let end = now() + time;
    let (mut faults, mut wakes) = (Vec::new(), 0);
    while now() < end {
        wait_any(&mut *rings, Duration::from_millis(100)).expect("waits");
        wakes += 1;
        faults.extend(rings.iter_mut().filter_map(Ring::take_fault));
    }
    (faults, wakes)
}

#[test]
fn link_flap_reports_once_does_not_spin_and_resumes() {
    in_namespace("changes::link_flap_reports_once_does_not_spin_and_resumes", || {
        veth();
        let mut rings = open("va", 1);
        let mut taken = 0;
        for _ in 0..10 {
            ip("link set va down");
            let before = cpu_ns();
            let (faults, wakes) = idle(&mut rings, Duration::from_millis(300));
            assert_eq!(faults, [Fault::Down]);
            assert!(wakes <= 6, "{wakes} wakes in 300 ms");
            assert!(cpu_ns() - before < 30_000_000, "spins while down");
            assert!(!rings[0].interface_gone());
            up(&["va", "vb"]);
            let mut injector = Injector::on("vb");
            (0..10).for_each(|flow| injector.send(&udp_frame(flow, 60)));
            taken += read(&mut rings, 10, |_, _| ()).frames;
        }
        assert_eq!(finish(&mut rings, taken).seen, 100);
    });
}

#[test]
fn flap_keeps_cpus_with_their_rings() {
    in_namespace("changes::flap_keeps_cpus_with_their_rings", || {
        veth();
        let mine = nix::sched::sched_getaffinity(Pid::from_raw(0)).expect("affinity");
        if !(0..2).all(|cpu| mine.is_set(cpu).unwrap_or(false)) {
            eprintln!("needs CPUs 0 and 1");
            return;
        }
        let spec = RingSpec { fanout: Fanout::Cpu, ..spec("va") };
        let mut rings = open_group(&spec, 2, &mut Spares::on_demand()).expect("opens");
        for _ in 0..2 {
            for cpu in 0..2 {
                let mut one = CpuSet::new();
                one.set(cpu).expect("CPU number");
                sched_setaffinity(Pid::from_raw(0), &one).expect("pinned");
                let mut injector = Injector::on("vb");
                (0..50).for_each(|flow| injector.send(&udp_frame(flow, 60)));
                read(&mut rings, 50, |ring, _| assert_eq!(ring, cpu));
            }
            sched_setaffinity(Pid::from_raw(0), &mine).expect("unpinned");
            ip("link set va down");
            up(&["va", "vb"]);
            idle(&mut rings, Duration::from_millis(20));
        }
    });
}

#[test]
fn deleted_and_recreated_interface_is_reopened_from_spares() {
    in_namespace("changes::deleted_and_recreated_interface_is_reopened_from_spares", || {
        veth();
        let mut spares = Spares::open(64).expect("spares");
        spares.seal();
        let mut netlink = Netlink::open().expect("netlink");
        let mut watch = Watch::new("va");
        let first = watch.look(&netlink.links().expect("links"));
        assert_eq!(first, [Event::Appeared { ifindex: link("va").index }]);
        let mut rings = open_group(&spec("va"), 2, &mut spares).expect("opens");
        for _ in 0..10 {
            let old = watch.ifindex().expect("is there");
            ip("link del va");
            let (faults, _) = idle(&mut rings, Duration::from_millis(120));
            assert_eq!(faults, [Fault::Down; 2], "each ring says it once");
            assert!(rings.iter().all(Ring::interface_gone));
            veth();
            let ifindex = link("va").index;
            let events = watch.look(&netlink.links().expect("links"));
            assert_eq!(events, [Event::Gone { ifindex: old }, Event::Appeared { ifindex }]);
            rings = open_group(&spec("va"), 2, &mut spares).expect("reopens");
            let mut injector = Injector::on("vb");
            (0..100).for_each(|flow| injector.send(&udp_frame(flow, 60)));
            let tally = read(&mut rings, 100, |_, _| ());
            assert_eq!(finish(&mut rings, tally.frames).seen, 100);
        }
        assert_eq!(spares.remaining(), 64 - 22);
    });
}

#[test]
fn interface_made_again_with_the_same_index_is_noticed_by_the_rings() {
    in_namespace("changes::interface_made_again_with_the_same_index_is_noticed_by_the_rings", || {
        let make = || {
            ip("link add va index 4242 type veth peer name vb");
            up(&["va", "vb"]);
        };
        make();
        let mut netlink = Netlink::open().expect("netlink");
        let mut watch = Watch::new("va");
        watch.look(&netlink.links().expect("links"));
        let rings = open("va", 1);
        ip("link del va");
        make();
        assert_eq!(watch.look(&netlink.links().expect("links")), [], "the list looks the same");
        assert!(rings[0].interface_gone());
        watch.rings_are_dead();
        let events = watch.look(&netlink.links().expect("links"));
        assert_eq!(events, [Event::Gone { ifindex: 4242 }, Event::Appeared { ifindex: 4242 }]);
    });
}

#[test]
fn renamed_interface_goes_on() {
    in_namespace("changes::renamed_interface_goes_on", || {
        veth();
        let mut rings = open("va", 1);
        let mut netlink = Netlink::open().expect("netlink");
        let mut watch = Watch::new("va");
        watch.look(&netlink.links().expect("links"));
        ip("link set va down");
        ip("link set va name wan0");
        up(&["wan0", "vb"]);
        let renamed = Event::Renamed { old: "va".to_owned(), new: "wan0".to_owned() };
        assert_eq!(watch.look(&netlink.links().expect("links")), [renamed]);
        assert!(!rings[0].interface_gone());
        Injector::on("vb").send(&udp_frame(1, 60));
        idle(&mut rings, Duration::from_millis(1));
        assert_eq!(read(&mut rings, 1, |_, _| ()).frames, 1);
    });
}

#[test]
fn absent_interface_is_captured_when_it_appears() {
    in_namespace("changes::absent_interface_is_captured_when_it_appears", || {
        let mut netlink = Netlink::open().expect("netlink");
        let news = LinkNews::open().expect("news");
        let mut watch = Watch::new("va");
        assert_eq!(watch.look(&netlink.links().expect("links")), []);
        assert!(!news.changed());
        veth();
        within(Duration::from_secs(2), "news of links", || news.changed());
        let ifindex = link("va").index;
        assert_eq!(watch.look(&netlink.links().expect("links")), [Event::Appeared { ifindex }]);
        let mut rings = open("va", 2);
        Injector::on("vb").send(&udp_frame(1, 60));
        read(&mut rings, 1, |_, _| ());
    });
}

#[test]
fn bridge_and_its_port_are_told_apart_from_strangers() {
    in_namespace("changes::bridge_and_its_port_are_told_apart_from_strangers", || {
        veth();
        ip("link add br0 type bridge");
        ip("link set va master br0");
        let links = Netlink::open().expect("netlink").links().expect("links");
        let index = |name| link(name).index;
        assert_eq!(double_counted(&links, &[index("va"), index("br0")]), [(index("va"), index("br0"))]);
        assert_eq!(double_counted(&links, &[index("lo"), index("br0")]), []);
        ip("addr add 10.5.0.1/24 dev br0");
        let addresses = Netlink::open().expect("netlink").addresses().expect("addresses");
        let own = addresses.iter().find(|address| address.ifindex == index("br0")).expect("address of br0");
        assert_eq!(own.address.to_string(), "10.5.0.1/24");
    });
}
