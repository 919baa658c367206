//! Notices for the tests of the channels: examples, and hostile texts in every place that a text from outside may have.

pub(crate) mod examples;

use std::collections::BTreeMap;

use live::incident::Words;

use crate::notice::Notice;

/// The notice with `text` wherever a text comes from outside.
pub(crate) fn infect(mut notice: Notice, text: &str) -> Notice {
    let own = || text.to_owned();
    let words = || Words { en: own(), ru: own() };
    notice.node = own();
    for incident in &mut notice.incidents {
        incident.rule = own();
        incident.subject.name = own();
        incident.summary = words();
        incident.remedy = words();
        incident.labels = BTreeMap::from([(own(), own())]);
        incident.acknowledged_by = own();
        incident.id = own();
        if let Some(attack) = incident.attack.as_deref_mut() {
            (attack.kind, attack.target, attack.direction, attack.sample) = (own(), own(), own(), own());
            attack.title = words();
            for share in attack.sources.iter_mut().chain(&mut attack.source_prefixes).chain(&mut attack.target_ports) {
                share.key = own();
            }
        }
    }
    if let Some(chart) = &mut notice.chart {
        chart.title = words();
    }
    for moment in notice.timeline.iter_mut().chain(&mut notice.journal) {
        moment.what = words();
    }
    if let Some(host) = notice.host.as_deref_mut() {
        host.disks.iter_mut().for_each(|disk| disk.mount = own());
        for process in host.processes.by_cpu.iter_mut().chain(&mut host.processes.by_memory) {
            (process.name, process.user, process.cgroup) = (own(), own(), own());
        }
    }
    notice
}
