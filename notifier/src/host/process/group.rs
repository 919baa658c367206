//! From single processes to the main groups and the counts of servers.

use std::collections::HashMap;

use live::host::{Process, Processes};

use super::kinds::{self, Kind};
use crate::host::clean;

/// Groups that are told by CPU, and by memory.
pub const TOP: usize = 10;

/// One process.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id.
    pub id: u32,
    /// As the kernel has it.
    pub name: String,
    /// Whose it is.
    pub uid: u32,
    /// As the kernel has it; empty = not looked at yet.
    pub cgroup: String,
    /// R, S, D, Z …
    pub state: u8,
    /// It is a thread of the kernel.
    pub is_kernel: bool,
    /// Percent of one core.
    pub cpu: f64,
    /// Resident bytes.
    pub memory: u64,
}

#[derive(Debug, Default)]
struct Group {
    count: u32,
    cpu: f64,
    memory: u64,
    /// The member that stands for the group: the busiest, then the largest.
    chief: (f64, u64, u32),
}

/// Counts and the main groups; `user` gives the name of a user.
pub fn summary(members: impl Iterator<Item = Member>, user: impl Fn(u32) -> String) -> Processes {
    let mut processes = Processes::default();
    let mut groups: HashMap<(String, u32, String), Group> = HashMap::new();
    for member in members {
        processes.total += 1;
        processes.blocked += u32::from(member.state == b'D');
        processes.zombies += u32::from(member.state == b'Z');
        // A thread of the kernel may have any name.
        match kinds::of(&member.name).filter(|_| !member.is_kernel) {
            Some(Kind::Web) => processes.web += 1,
            Some(Kind::Database) => processes.database += 1,
            Some(Kind::Ssh) => processes.ssh += 1,
            None => {}
        }
        let group = groups.entry((member.name, member.uid, member.cgroup)).or_default();
        group.count += 1;
        group.cpu += member.cpu;
        group.memory = group.memory.saturating_add(member.memory);
        let rank = (member.cpu, member.memory, member.id);
        if group.chief.2 == 0 || (rank.0, rank.1) > (group.chief.0, group.chief.1) {
            group.chief = rank;
        }
    }
    let told = |((name, uid, cgroup), group): &(&(String, u32, String), &Group)| Process {
        pid: group.chief.2,
        name: clean::name(name, 64),
        user: user(*uid),
        cgroup: clean::name(cgroup, 255),
        count: group.count,
        cpu: group.cpu,
        memory: group.memory,
    };
    let mut order: Vec<_> = groups.iter().collect();
    order.sort_by(|a, b| b.1.cpu.total_cmp(&a.1.cpu).then_with(|| a.0.cmp(b.0)));
    processes.by_cpu = order.iter().take(TOP).filter(|(_, group)| group.cpu > 0.0).map(told).collect();
    order.sort_by(|a, b| b.1.memory.cmp(&a.1.memory).then_with(|| a.0.cmp(b.0)));
    processes.by_memory = order.iter().take(TOP).filter(|(_, group)| group.memory > 0).map(told).collect();
    processes
}

#[cfg(test)]
mod tests {
    use super::{Member, TOP, summary};

    fn member(id: u32, name: &str, uid: u32, cpu: f64, memory: u64) -> Member {
        let cgroup = format!("/{name}");
        Member { id, name: name.to_owned(), uid, cgroup, state: b'S', is_kernel: false, cpu, memory }
    }

    #[test]
    fn groups_are_of_one_name_user_and_control_group() {
        let mut members = vec![
            member(1, "nginx", 0, 1.0, 10),
            member(2, "nginx", 33, 40.0, 20),
            member(3, "nginx", 33, 60.0, 5),
            member(4, "mariadbd", 27, 0.0, 500),
            member(5, "sshd", 0, 0.0, 3),
            member(6, "x\r\nBcc: a@b", 5, 90.0, 1),
        ];
        members[3].state = b'D';
        members[4].state = b'Z';
        let found = summary(members.into_iter(), |uid| format!("u{uid}"));
        assert_eq!((found.total, found.blocked, found.zombies), (6, 1, 1));
        assert_eq!((found.web, found.database, found.ssh), (3, 1, 1));
        let first = &found.by_cpu[0];
        assert_eq!((first.name.as_str(), first.user.as_str(), first.count, first.pid), ("nginx", "u33", 2, 3));
        assert!((first.cpu - 100.0).abs() < 1e-9 && first.memory == 25);
        assert_eq!(found.by_cpu[1].name, "x??Bcc: a@b");
        assert_eq!(found.by_cpu.len(), 3, "what does nothing is not among the busiest");
        assert_eq!(found.by_memory[0].name, "mariadbd");
    }

    #[test]
    fn of_many_groups_the_largest_are_told() {
        let members = (1..5_000).map(|id| member(id, &format!("p{id}"), id, f64::from(id), u64::from(id)));
        let found = summary(members, |uid| uid.to_string());
        assert_eq!((found.by_cpu.len(), found.by_memory.len(), found.total), (TOP, TOP, 4_999));
        assert_eq!((found.by_cpu[0].pid, found.by_memory[9].pid), (4_999, 4_990));
        let one = [member(1, &"n".repeat(8 << 10), 1, f64::NAN, u64::MAX), member(2, "m", 1, 1.0, u64::MAX)];
        let found = summary(one.into_iter(), |uid| uid.to_string());
        assert!(found.by_memory.iter().all(|process| process.name.chars().count() <= 64));
    }
}
