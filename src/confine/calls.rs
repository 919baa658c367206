//! seccomp: the system calls that a role may make.
//!
//! Two filters. The first allows the calls of an ordinary service (about what systemd's `@system-service` allows a unit
//! anyway) and answers ENOSYS to the rest, as a kernel without the call would: libraries fall back, and what later
//! kernels add is closed too. The second answers EPERM to what starts programs, leaves the process or reaches into the
//! kernel, so that an attempt is seen for what it is. Where both speak, the kernel heeds the one installed last.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};

use super::Profile;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Failed = seccompiler::BackendError;

#[rustfmt::skip]
const MEMORY: &[c_long] = &[
    libc::SYS_brk, libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_mprotect, libc::SYS_madvise,
    libc::SYS_msync, libc::SYS_mincore, libc::SYS_mlock, libc::SYS_munlock, libc::SYS_membarrier,
];

#[rustfmt::skip]
const THREADS: &[c_long] = &[
    libc::SYS_futex, libc::SYS_set_robust_list, libc::SYS_get_robust_list, libc::SYS_set_tid_address, libc::SYS_rseq,
    libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_sched_setaffinity, libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler, libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min,
    libc::SYS_getcpu, libc::SYS_exit, libc::SYS_exit_group, libc::SYS_restart_syscall,
];

#[rustfmt::skip]
const SIGNALS: &[c_long] = &[
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigsuspend, libc::SYS_sigaltstack, libc::SYS_tgkill, libc::SYS_signalfd4,
];

/// Who and where one is. `prctl` names threads and memory; `seccomp` can only take more away.
#[rustfmt::skip]
const IDENTITY: &[c_long] = &[
    libc::SYS_getpid, libc::SYS_getppid, libc::SYS_gettid, libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid,
    libc::SYS_getegid, libc::SYS_getresuid, libc::SYS_getresgid, libc::SYS_getgroups, libc::SYS_getpgid,
    libc::SYS_capget, libc::SYS_prctl, libc::SYS_seccomp, libc::SYS_uname, libc::SYS_sysinfo, libc::SYS_getrusage,
    libc::SYS_times, libc::SYS_prlimit64, libc::SYS_getrandom, libc::SYS_umask, libc::SYS_getpriority,
];

#[rustfmt::skip]
const TIME: &[c_long] = &[
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep, libc::SYS_nanosleep,
    libc::SYS_gettimeofday, libc::SYS_timerfd_create, libc::SYS_timerfd_settime, libc::SYS_timerfd_gettime,
];

#[rustfmt::skip]
const DESCRIPTORS: &[c_long] = &[
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_lseek, libc::SYS_close,
    libc::SYS_close_range, libc::SYS_fcntl, libc::SYS_ioctl, libc::SYS_dup, libc::SYS_dup3, libc::SYS_pipe2,
    libc::SYS_eventfd2, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2,
    libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_inotify_init1, libc::SYS_inotify_add_watch,
    libc::SYS_inotify_rm_watch, libc::SYS_sendfile, libc::SYS_copy_file_range,
];

#[rustfmt::skip]
const FILES: &[c_long] = &[
    libc::SYS_openat, libc::SYS_openat2, libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_statfs,
    libc::SYS_fstatfs, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_flock, libc::SYS_ftruncate,
    libc::SYS_truncate, libc::SYS_fallocate, libc::SYS_fadvise64, libc::SYS_readahead, libc::SYS_fsync,
    libc::SYS_fdatasync, libc::SYS_sync_file_range, libc::SYS_syncfs, libc::SYS_getdents64, libc::SYS_mkdirat,
    libc::SYS_unlinkat, libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_linkat, libc::SYS_symlinkat,
    libc::SYS_readlinkat, libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchown, libc::SYS_fchownat,
    libc::SYS_utimensat, libc::SYS_getcwd,
];

#[rustfmt::skip]
const SOCKETS: &[c_long] = &[
    libc::SYS_socket, libc::SYS_socketpair, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept,
    libc::SYS_accept4, libc::SYS_getsockname, libc::SYS_getpeername, libc::SYS_setsockopt, libc::SYS_getsockopt,
    libc::SYS_sendto, libc::SYS_recvfrom, libc::SYS_sendmsg, libc::SYS_recvmsg, libc::SYS_sendmmsg,
    libc::SYS_recvmmsg, libc::SYS_shutdown,
];

/// Calls that only this architecture still has beside the newer ones.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const OLDER: &[c_long] = &[
    libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_getdents, libc::SYS_mkdir,
    libc::SYS_rmdir, libc::SYS_unlink, libc::SYS_rename, libc::SYS_link, libc::SYS_symlink, libc::SYS_readlink,
    libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown, libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_create,
    libc::SYS_epoll_wait, libc::SYS_eventfd, libc::SYS_pipe, libc::SYS_dup2, libc::SYS_time, libc::SYS_arch_prctl,
    libc::SYS_getrlimit, libc::SYS_getpgrp, libc::SYS_utimes, libc::SYS_inotify_init,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

const IO_URING: &[c_long] = &[libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// What no role does, whatever comes: it is answered by EPERM.
#[rustfmt::skip]
const NEVER: &[c_long] = &[
    // other programs and processes
    libc::SYS_execve, libc::SYS_execveat, libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd, libc::SYS_kcmp, libc::SYS_kill, libc::SYS_tkill, libc::SYS_setns, libc::SYS_unshare,
    // file systems
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot, libc::SYS_move_mount,
    libc::SYS_open_tree, libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount, libc::SYS_fspick,
    libc::SYS_mount_setattr, libc::SYS_open_by_handle_at, libc::SYS_mknodat, libc::SYS_quotactl,
    // the kernel
    libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_userfaultfd, libc::SYS_init_module, libc::SYS_finit_module,
    libc::SYS_delete_module, libc::SYS_kexec_load, libc::SYS_reboot, libc::SYS_swapon, libc::SYS_swapoff,
    libc::SYS_acct, libc::SYS_syslog, libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key,
    libc::SYS_settimeofday, libc::SYS_clock_settime, libc::SYS_clock_adjtime, libc::SYS_adjtimex,
    libc::SYS_sethostname, libc::SYS_setdomainname, libc::SYS_personality,
    // rights
    libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setreuid, libc::SYS_setregid, libc::SYS_setresuid,
    libc::SYS_setresgid, libc::SYS_setgroups, libc::SYS_capset,
];

/// Families of sockets: local, IP, and netlink, which lists interfaces. Packet sockets are those opened at start.
const FAMILIES: [i32; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// Requests that put text into a terminal's input (asm-generic/ioctls.h); libraries differ in the type they give them.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;

/// Installs both filters on all threads; gives the number of calls that are allowed.
pub fn restrict(profile: &Profile) -> Result<usize, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let allowed = allowed(profile).map_err(|error| told(&error))?;
    let count = allowed.len();
    let first = program(allowed, SeccompAction::Errno(libc::ENOSYS as u32), SeccompAction::Allow);
    let forbidden = forbidden(profile).map_err(|error| told(&error))?;
    let second = program(forbidden, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32));
    for program in [first, second] {
        let program = program.map_err(|error| told(&error))?;
        apply_filter_all_threads(&program).map_err(|error| told(&error))?;
    }
    Ok(count)
}

fn program(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, Failed> {
    SeccompFilter::new(rules, otherwise, matched, std::env::consts::ARCH.try_into()?)?.try_into()
}

fn allowed(profile: &Profile) -> Result<Rules, Failed> {
    let lists = [MEMORY, THREADS, SIGNALS, IDENTITY, TIME, DESCRIPTORS, FILES, SOCKETS, OLDER];
    let uring: &[c_long] = if profile.io_uring { IO_URING } else { &[] };
    let mut rules: Rules = lists.into_iter().chain([uring]).flatten().map(|&call| (call, Vec::new())).collect();
    // A thread, not a process, and in the same namespaces. `clone3` hides its flags behind a pointer and is left out:
    // libraries then call `clone`.
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![rule(&[(0, SeccompCmpOp::MaskedEq(namespaces as u64 | thread), thread)])?]);
    Ok(rules)
}

fn forbidden(profile: &Profile) -> Result<Rules, Failed> {
    let mut rules: Rules = NEVER.iter().map(|&call| (call, Vec::new())).collect();
    if !profile.io_uring {
        rules.extend(IO_URING.iter().map(|&call| (call, Vec::new())));
    }
    let other_family: Vec<_> = FAMILIES.iter().map(|&family| (0, SeccompCmpOp::Ne, family as u64)).collect();
    rules.insert(libc::SYS_socket, vec![rule(&other_family)?]);
    // Text put into a terminal's input would be typed by whoever sits there.
    let typed = |request: u64| rule(&[(1, SeccompCmpOp::MaskedEq(u64::from(u32::MAX)), request)]);
    rules.insert(libc::SYS_ioctl, vec![typed(TIOCSTI)?, typed(TIOCLINUX)?]);
    // Memory is written or executed, never both, and never first one and then the other.
    let executable = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
    let both = (libc::PROT_EXEC | libc::PROT_WRITE) as u64;
    rules.insert(libc::SYS_mmap, vec![rule(&[(2, SeccompCmpOp::MaskedEq(both), both)])?]);
    for call in [libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
        rules.insert(call, vec![rule(&[(2, executable.clone(), libc::PROT_EXEC as u64)])?]);
    }
    Ok(rules)
}

/// True when every condition (argument, comparison, value) holds; arguments are compared as 32 bits, as the kernel
/// reads these.
fn rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, Failed> {
    let condition = |(argument, comparison, value): &(u8, SeccompCmpOp, u64)| {
        SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, comparison.clone(), *value)
    };
    SeccompRule::new(conditions.iter().map(condition).collect::<Result<_, _>>()?)
}
