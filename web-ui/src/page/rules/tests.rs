//! The page with notifier there and away.

use std::sync::Arc;

use axum::http::StatusCode;
use live::action::Silence;
use live::detail::{ChangeDetail, MaintenanceDetail, RULES, RuleDetail, RulesDetail, SilenceDetail};
use live::incident::{Severity, Unit, Words};
use live::{Publisher, Role};

use crate::guard::Standing;
use crate::testing::{get, options, parts, router, visitor};
use crate::tools::{Backtest, Tools, Tried};
use crate::words::Language;

fn detail() -> RulesDetail {
    let load = RuleDetail {
        name: "load".to_owned(),
        is_built_in: true,
        severity: Severity::Critical,
        when: "load1_per_core > 2.0".to_owned(),
        limit: Some(4.0),
        clear: Some(3.0),
        limit_configured: Some(2.0),
        clear_configured: Some(1.5),
        unit: Unit::Count,
        for_s: 60,
        keep_s: 60,
        firing: 1,
        why: Words { en: "slow".to_owned(), ru: "медленно".to_owned() },
        changed_by: "<script>alert(1)</script>".to_owned(),
        changed_ns: 1_700_000_000_000_000_000,
        ..RuleDetail::default()
    };
    let compound = RuleDetail { name: "compound".to_owned(), ..RuleDetail::default() };
    let silence =
        Silence { rule: "load".to_owned(), until_s: 1_800_000_000, by: "anna".to_owned(), ..Silence::default() };
    RulesDetail {
        rules: vec![load, compound],
        refused: "notifier.rule[x].when".to_owned(),
        silences: vec![SilenceDetail { id: "s-1".to_owned(), silence, is_on: true }],
        maintenance: vec![MaintenanceDetail {
            name: "night".to_owned(),
            weekly: vec!["sun 02:00-04:00".to_owned()],
            ..MaintenanceDetail::default()
        }],
        changes: vec![ChangeDetail {
            rule: "load".to_owned(),
            limit: Some(4.0),
            by: "anna".to_owned(),
            ..ChangeDetail::default()
        }],
    }
}

#[test]
fn a_detail_is_read_as_it_was_written() {
    let text = serde_json::to_string(&detail()).expect("JSON");
    assert_eq!(serde_json::from_str::<RulesDetail>(&text).expect("the same shape"), detail());
}

#[tokio::test]
async fn rules_are_shown_and_a_limit_is_tried_before_it_is_saved() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut options = options(dir.path());
    options.tools = Tools {
        backtest: Some(Backtest(Arc::new(|trial| {
            assert_eq!((trial.rule.as_str(), trial.limit, trial.clear), ("load", Some(2.5), None));
            Ok(Tried { fired: 7, fired_seconds: 90, judged_seconds: 80_000, ..Tried::default() })
        }))),
        ..Tools::default()
    };
    let app = crate::role::app(&options).expect("a scratch folder can be written");
    let publisher = Publisher::bind(&dir.path().join("run"), Role::Notifier, "n".to_owned(), 1, String::new);
    let publisher = publisher.expect("a free name");
    publisher.tell(vec![(RULES, Box::new(|| serde_json::to_string(&detail()).expect("JSON")))]);
    let operator = router(&app, Some(visitor(Standing::Operator, Language::En)));
    let (status, page) = get(&operator, "/rules").await;
    assert_eq!(status, StatusCode::OK);
    for expect in ["load1_per_core", "firing: 1", "s-1", "night", "sun 02:00-04:00", "rule=load", "not at work"] {
        assert!(page.contains(expect), "{expect}: {page}");
    }
    assert!(!page.contains("<script>alert"), "names are text: {page}");
    assert!(!page.contains("rule=compound#change"), "a rule without one limit cannot be changed");
    let (_, page) = get(&operator, "/rules?rule=load&limit=2,5&clear=&try=1").await;
    assert!(page.contains("would have fired 7 times") && page.contains("value=\"2,5\""), "{page}");
    let (_, page) = get(&operator, "/rules?rule=load&limit=x&try=1").await;
    assert!(page.contains("must be numbers"), "{page}");
    let viewer = router(&app, Some(visitor(Standing::Viewer, Language::Ru)));
    let (_, page) = get(&viewer, "/rules?rule=load&limit=2,5&try=1").await;
    assert!(page.contains("медленно") && !page.contains("action=\"/act\""), "who may only look has no buttons: {page}");
}

#[tokio::test]
async fn without_notifier_the_page_says_so_and_stays_usable() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    for (language, expect) in [(Language::En, "notifier does not answer"), (Language::Ru, "notifier не отвечает")]
    {
        let operator = router(&app, Some(visitor(Standing::Operator, language)));
        for path in ["/rules", "/channels"] {
            let (status, page) = get(&operator, path).await;
            assert!(status == StatusCode::OK && page.contains(expect) && page.contains("<nav"), "{path}: {page}");
        }
    }
    let odd = router(&app, Some(visitor(Standing::Operator, Language::En)));
    for path in ["/rules?rule=%ff&try=1", "/rules?done=%00", "/rules?done=", "/rules?rule=a&rule=b"] {
        assert_eq!(get(&odd, path).await.0, StatusCode::OK, "{path}");
    }
}
