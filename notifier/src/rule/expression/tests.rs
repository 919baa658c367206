//! What is accepted, what is refused and where, and that what is accepted means what CEL means.

use live::incident::SubjectKind;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::{Expression, Order, Values};
use crate::metric::Snapshot;

fn parse(source: &str) -> Expression {
    Expression::parse(source, SubjectKind::Node).expect(source)
}

/// A snapshot with a few values.
fn snapshot(values: &[(&'static str, f64)]) -> Snapshot {
    let mut snapshot = Snapshot::new(1);
    values.iter().for_each(|(name, value)| snapshot.set(name, *value));
    snapshot
}

#[test]
fn an_expression_holds_or_not_or_is_unknown() {
    let now = snapshot(&[("load1", 9.0), ("cores", 4.0), ("cpu_busy", 80.0), ("swap_used_percent", 0.0)]);
    let check = |source: &str, expect: Option<bool>| {
        let values = Values { node: now.node(), own: &[], subject: "" };
        assert_eq!(parse(source).holds(&values), expect, "{source}");
    };
    check("load1 > cores", Some(true));
    check("load1 > 2 * cores + 1", Some(false));
    check("load1>=2.0*cores+1", Some(true));
    check("8 < load1 && cpu_busy != 80", Some(false));
    check("!(load1 < 5) || false", Some(true));
    check("load1 % 2 == 1", Some(true));
    check("-load1 < -8.5", Some(true));
    check("cores > 8 ? load1 > 100 : load1 > 5", Some(true));
    check("(cores > 8 ? 100 : 5) < load1", Some(true));
    check("load1 / swap_used_percent > 0", None);
    check("load5 > 1", None);
    check("load5 > 1 && load1 < 0", Some(false));
    check("load5 > 1 || load1 > 0", Some(true));
    check("load1 > 0 || load5 > 1", Some(true));
    check("!(load5 > 1)", None);
    check("(load5 > 1 ? load1 : cores) > 0", None);
}

#[test]
fn a_rule_of_a_kind_speaks_of_its_subjects_and_of_the_node() {
    let mut now = snapshot(&[("cores", 4.0)]);
    now.push(SubjectKind::Interface, "eth0", &[("interface_used_percent", 93.0)]);
    let row = now.table(SubjectKind::Interface).rows().next().expect("one row");
    let values = Values { node: now.node(), own: row.own, subject: &row.subject.name };
    let check = |source: &str, expect: bool| {
        let expression = Expression::parse(source, SubjectKind::Interface).expect(source);
        assert_eq!(expression.holds(&values), Some(expect), "{source}");
    };
    check("interface_used_percent > 90 && cores == 4", true);
    check("subject == \"eth0\" && interface_used_percent > 90", true);
    check("'eth1' != subject", true);
    check("subject in [\"eth1\", \"eth2\"]", false);
    check("subject.startsWith(\"eth\") && !subject.endsWith(\"9\") && subject.contains(\"h0\")", true);
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let check = |source: &str, place: (usize, usize), told: &[&str]| {
        let error = Expression::parse(source, SubjectKind::Node).expect_err(source);
        assert_eq!((error.line, error.column), place, "{source}: {error}");
        for part in told {
            assert!(error.to_string().contains(part), "{source}: {error}");
        }
    };
    check("load11 > 4", (1, 1), &["no metric is called \"load11\"", "did you mean load1?"]);
    check("load1 > 4 && cpu_softirk >= 75", (1, 14), &["\"cpu_softirk\"", "did you mean cpu_softirq?"]);
    check("load1 > 4 &&\n  memory > 75", (2, 3), &["\"memory\""]);
    check("load1 >", (1, 8), &["Syntax error"]);
    check("load1 > > 4", (1, 9), &["Syntax error"]);
    check("load1 4", (1, 7), &["Syntax error"]);
    check("disk_used_percent > 90", (1, 1), &["metric of each disk", "set subject = \"disk\""]);
    check("load1", (1, 1), &["a number, not a condition", "load1 > 0"]);
    check("load1 + 1", (1, 7), &["`+` cannot be used here"]);
    check("1 < 2", (1, 3), &["no metric is compared"]);
    check("load1 > \"4\"", (1, 9), &["only `subject` is a text"]);
    check("subject == \"x\"", (1, 1), &["a rule of the node"]);
    check("[1,2].exists(x, x > load1)", (1, 13), &["all, exists, map and filter"]);
    check("load1.x > 1", (1, 6), &["has a field \"x\""]);
    check("size(\"x\") > load1", (1, 5), &["`size` cannot be used here"]);
    check("duration(\"1h\") > load1", (1, 9), &["cannot be used here"]);
    check("", (1, 1), &["it is empty"]);
    check("load1 > 4 \u{0}", (1, 11), &["control character"]);
    check(&format!("load1 > {}", "1+".repeat(600) + "1"), (1, 1), &["longer than 1000"]);
    check(&format!("{}load1 > 1{}", "(".repeat(25), ")".repeat(25)), (1, 25), &["deeper than 24"]);
    check(&format!("load1 > {}", "1+".repeat(100) + "1"), (1, 82), &["64 levels"]);
    let nested = format!("{}load1 > 1{}", "(".repeat(24), ")".repeat(24));
    assert_eq!(parse(&nested), parse("load1 > 1"));
}

#[test]
fn the_limit_is_of_the_first_comparison_and_can_be_replaced() {
    let check = |source: &str, limit: Option<f64>, simple: Option<(Order, f64)>| {
        assert_eq!((parse(source).limit(), parse(source).simple()), (limit, simple), "{source}");
    };
    check("load1 > 4", Some(4.0), Some((Order::Greater, 4.0)));
    check("5 * 1000 >= load1", Some(5000.0), Some((Order::LessEqual, 5000.0)));
    check("load1 > cores", None, None);
    check("cpu_busy > 75 && load1 > cores", Some(75.0), None);
    let mut changed = parse("cpu_busy > 75 && load1 > 3");
    assert!(changed.set_limit(60.0));
    assert_eq!(changed, parse("cpu_busy > 60 && load1 > 3"));
    assert!(!parse("load1 > cores").set_limit(1.0));
    let now = snapshot(&[("load1", 9.0), ("cpu_busy", 10.0)]);
    let values = Values { node: now.node(), own: &[], subject: "" };
    let (value, limit, _) = parse("cpu_busy > 75 || load1 > 3").said(&values);
    assert_eq!((value, limit), (9.0, 3.0), "the one that holds");
}

#[test]
fn a_level_to_clear_beyond_the_limit_is_seen() {
    let check = |when: &str, clear: &str, expect: bool| {
        assert_eq!(parse(when).clears_the_wrong_way(&parse(clear)), expect, "{when} / {clear}");
    };
    check("load1 > 8", "load1 < 6", false);
    check("load1 > 8", "load1 < 9", true);
    check("load1 > 8", "9 > load1", true);
    check("load1 > 8 && cpu_busy > 50", "load1 <= 8.5 || cpu_busy < 50", true);
    check("memory_available_percent < 10", "memory_available_percent > 15", false);
    check("memory_available_percent < 10", "memory_available_percent > 5", true);
    check("load1 > 8", "load1 > 6", true);
    check("load1 > 8", "load5 < 60", false);
    let when = parse("load1 > 8");
    assert_eq!(when.cleared_at(6.0), Some(parse("load1 <= 6")));
    assert_eq!(parse("load1 > 8 && cores > 1").cleared_at(6.0), None, "of what?");
}

const NAMES: [&str; 3] = ["load1", "load5", "cores"];

/// Numbers and conditions, written so that CEL takes them for doubles.
fn numbers() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0..NAMES.len()).prop_map(|index| NAMES[index].to_owned()),
        (-4i32..5).prop_map(|number| format!("{number}.0")),
        Just("0.5".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), 0..3usize, inner.clone())
                .prop_map(|(l, op, r)| format!("({l} {} {r})", ["+", "-", "*"][op])),
            inner.prop_map(|of| format!("-({of})")),
        ]
    })
}

fn conditions() -> impl Strategy<Value = String> {
    let orders = ["<", "<=", ">", ">=", "==", "!="];
    let leaf = prop_oneof![
        4 => (numbers(), 0..6usize, numbers()).prop_map(move |(l, op, r)| format!("load1 + {l} {} {r}", orders[op])),
        1 => any::<bool>().prop_map(|is| is.to_string()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l}) && ({r})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l}) || ({r})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(c, l, r)| format!("({c}) ? ({l}) : ({r})")),
            inner.prop_map(|of| format!("!({of})")),
        ]
    })
}

proptest! {
    /// A value that is not known is a variable that CEL does not have: its error is our unknown.
    #[test]
    fn what_is_accepted_means_what_cel_means(
        source in conditions(),
        load1 in -3i32..4,
        load5 in -3i32..4,
        cores in proptest::option::of(-3i32..4),
    ) {
        let mut values = vec![("load1", f64::from(load1)), ("load5", f64::from(load5))];
        values.extend(cores.map(|cores| ("cores", f64::from(cores))));
        let mut context = cel::Context::default();
        for (name, value) in &values {
            context.add_variable_from_value(*name, *value);
        }
        let program = cel::Program::compile(&source).expect("it is CEL");
        let expected = match program.execute(&context) {
            Ok(cel::Value::Bool(is)) => Some(is),
            Ok(other) => panic!("{source}: {other:?}"),
            Err(_) => None,
        };
        let now = snapshot(&values);
        let values = Values { node: now.node(), own: &[], subject: "" };
        assert_eq!(parse(&source).holds(&values), expected, "{source}");
    }

    #[test]
    fn any_text_is_read_without_a_panic(source in "\\PC{0,80}") {
        let _ = Expression::parse(&source, SubjectKind::Interface);
    }

    #[test]
    fn any_text_of_the_languages_signs_is_read_without_a_panic(source in "[a-z0-9 .()\\[\\]{}<>=!&|?:+*/%\"'\\\\\\n-]{0,80}") {
        let _ = Expression::parse(&source, SubjectKind::Interface);
    }
}
