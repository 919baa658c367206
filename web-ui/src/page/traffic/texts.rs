//! The texts of *Traffic*.

use crate::words::Language;

/// The texts in one language.
#[derive(Debug)]
pub struct Texts {
    pub ranges: &'static str,
    pub show: &'static str,
    pub split: &'static str,
    pub unit: &'static str,
    pub interface: &'static str,
    pub all: &'static str,
    pub by: &'static [&'static str],
    pub units: &'static [&'static str],
    pub own_time: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub chart: &'static str,
    pub line: &'static str,
    pub mean: &'static str,
    pub largest: &'static str,
    pub sum: &'static str,
    pub peak: &'static str,
    pub table: &'static str,
    pub time: &'static str,
    pub empty: &'static str,
    pub month: &'static str,
    pub since: &'static str,
    pub total: &'static str,
    pub percentile: &'static str,
    pub inward: &'static str,
    pub outward: &'static str,
    pub counting: &'static str,
    pub percentile_note: &'static str,
    pub zoom: &'static str,
    pub whole: &'static str,
}

const EN: Texts = Texts {
    ranges: "Time",
    show: "Show",
    split: "Lines",
    unit: "Unit",
    interface: "Interface",
    all: "all",
    by: &["by direction", "by protocol", "by interface"],
    units: &["bit/s", "packets/s"],
    own_time: "From – to",
    from: "From",
    to: "To",
    chart: "Traffic over time",
    line: "Line",
    mean: "Average",
    largest: "Largest point",
    sum: "Total",
    peak: "Largest second of one interface",
    table: "The chart as a table",
    time: "Time",
    empty: "No traffic was stored in this time.",
    month: "This month",
    since: "Since",
    total: "Total",
    percentile: "95th percentile",
    inward: "in",
    outward: "out",
    counting: "Still being added up; load the page again in a moment.",
    percentile_note: "Of the averages of five minutes, the highest 5 % put aside.",
    zoom: "Drag or pinch to zoom; double tap shows all.",
    whole: "Show all",
};

const RU: Texts = Texts {
    ranges: "Время",
    show: "Показать",
    split: "Линии",
    unit: "Единица",
    interface: "Интерфейс",
    all: "все",
    by: &["по направлению", "по протоколу", "по интерфейсу"],
    units: &["бит/с", "пакеты/с"],
    own_time: "С – по",
    from: "С",
    to: "По",
    chart: "Трафик во времени",
    line: "Линия",
    mean: "В среднем",
    largest: "Наибольшая точка",
    sum: "Всего",
    peak: "Наибольшая секунда одного интерфейса",
    table: "График в виде таблицы",
    time: "Время",
    empty: "За это время трафик не записан.",
    month: "Этот месяц",
    since: "С",
    total: "Всего",
    percentile: "95-й процентиль",
    inward: "входящий",
    outward: "исходящий",
    counting: "Ещё считается; обновите страницу через несколько секунд.",
    percentile_note: "По средним за пять минут, без верхних 5 %.",
    zoom: "Потяните или разведите пальцы, чтобы приблизить; двойное касание — показать всё.",
    whole: "Показать всё",
};

impl Texts {
    pub fn of(language: Language) -> &'static Texts {
        language.pick(&EN, &RU)
    }

    /// The chart in one sentence.
    pub fn summary(&self, name: &str, mean: &str, largest: &str) -> String {
        format!("{}: {name}. {}: {mean}. {}: {largest}.", self.line, self.mean, self.largest)
    }
}
