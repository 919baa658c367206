//! The host in one line, for messages about load.

use live::host::HostState;
use live::incident::Words;

/// CPU shares below this are not worth a word.
const SHARE_TOLD: f64 = 10.0;

/// What the host does, such as "load 12.3 on 4 cores, CPU 98 % (softirq 40 %), memory 91 %".
pub fn headline(state: &HostState) -> Words {
    if state.time_ns == 0 {
        return Words { en: "the host was not sampled yet".into(), ru: "узел ещё не опрошен".into() };
    }
    let (cpu, memory) = (&state.cpu, memory_percent(state));
    let shares = [
        ("softirq", "softirq", cpu.softirq),
        ("waiting for disks", "ожидание диска", cpu.iowait),
        ("taken by the hypervisor", "отнято гипервизором", cpu.steal),
    ];
    let told = shares.iter().filter(|(_, _, share)| *share >= SHARE_TOLD);
    let list = |words: Vec<String>| if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
    let en_shares = list(told.clone().map(|(en, _, share)| format!("{en} {share:.0} %")).collect());
    let ru_shares = list(told.map(|(_, ru, share)| format!("{ru} {share:.0} %")).collect());
    let (load, busy) = (state.load[0], cpu.busy);
    let mut words = Words {
        en: format!("load {load:.1} on {}, CPU {busy:.0} %{en_shares}, memory {memory:.0} %", cores_en(state.cores)),
        ru: format!("нагрузка {load:.1} на {}, ЦП {busy:.0} %{ru_shares}, память {memory:.0} %", cores_ru(state.cores)),
    };
    let swap = percent(state.memory.swap_used, state.memory.swap_total);
    if swap >= SHARE_TOLD {
        words.en.push_str(&format!(", swap {swap:.0} %"));
        words.ru.push_str(&format!(", подкачка {swap:.0} %"));
    }
    if state.processes.blocked > 0 {
        let blocked = state.processes.blocked;
        words.en.push_str(&format!(", processes waiting for disks: {blocked}"));
        words.ru.push_str(&format!(", процессов ждут диск: {blocked}"));
    }
    words
}

/// Share of the memory that is not available.
pub(super) fn memory_percent(state: &HostState) -> f64 {
    percent(state.memory.total.saturating_sub(state.memory.available), state.memory.total)
}

pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn cores_en(cores: u32) -> String {
    if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") }
}

/// After "на": 1 ядре, 21 ядре, but 11 ядрах.
fn cores_ru(cores: u32) -> String {
    let is_one = cores % 10 == 1 && cores % 100 != 11;
    format!("{cores} {}", if is_one { "ядре" } else { "ядрах" })
}

#[cfg(test)]
mod tests {
    use live::host::{Cpu, HostState, Memory, Processes};

    use super::headline;

    #[test]
    fn the_host_is_told_in_one_line() {
        let mut state = HostState {
            time_ns: 1,
            cores: 4,
            load: [12.34, 0.0, 0.0],
            cpu: Cpu { busy: 98.2, softirq: 40.4, iowait: 9.9, ..Cpu::default() },
            memory: Memory { total: 1000, available: 90, swap_total: 0, swap_used: 0 },
            ..HostState::default()
        };
        let words = headline(&state);
        assert_eq!(words.en, "load 12.3 on 4 cores, CPU 98 % (softirq 40 %), memory 91 %");
        assert_eq!(words.ru, "нагрузка 12.3 на 4 ядрах, ЦП 98 % (softirq 40 %), память 91 %");
        state.cores = 21;
        state.cpu = Cpu { iowait: 50.0, steal: 10.0, ..Cpu::default() };
        state.memory = Memory { total: 1000, available: 900, swap_total: 10, swap_used: 5 };
        state.processes = Processes { blocked: 7, ..Processes::default() };
        let words = headline(&state);
        assert_eq!(
            words.en,
            "load 12.3 on 21 cores, CPU 0 % (waiting for disks 50 %, taken by the hypervisor 10 %), memory 10 %, swap \
             50 %, processes waiting for disks: 7"
        );
        assert_eq!(
            words.ru,
            "нагрузка 12.3 на 21 ядре, ЦП 0 % (ожидание диска 50 %, отнято гипервизором 10 %), память 10 %, подкачка \
             50 %, процессов ждут диск: 7"
        );
        assert_eq!(headline(&HostState::default()).en, "the host was not sampled yet");
    }
}
