//! Tokens over a real state.

use super::{Tokens, Wish, check, covers};
use crate::state::State;

const NOW_NS: u64 = 1_700_000_000_000_000_000;

fn wish(publish: Option<&str>, subscribe: Option<&str>) -> Wish {
    let text = |text: &str| text.to_owned();
    Wish {
        name: "backup".to_owned(),
        publish: publish.map(text),
        subscribe: subscribe.map(text),
        rate: 10.0,
        lifetime_s: None,
    }
}

#[tokio::test]
async fn a_token_holds_until_it_is_revoked_or_runs_out_and_lies_hashed() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let state = State::open(dir.path()).expect("a state");
    let tokens = Tokens::load(&state).expect("none");
    let (first, text) = tokens.make(wish(Some("x/a/"), None), "anna", NOW_NS).await.expect("a token");
    let short = Wish { lifetime_s: Some(10), ..wish(None, Some("incidents")) };
    let (second, other) = tokens.make(short, "anna", NOW_NS).await.expect("a token");
    assert!(text.starts_with("fmp_") && text != other);
    let again = Tokens::load(&state).expect("both");
    assert_eq!(again.list(), [first.clone(), second.clone()]);
    for tokens in [&tokens, &again] {
        assert_eq!(tokens.find(&text, NOW_NS), Some(first.clone()));
        assert_eq!(tokens.find(&other, NOW_NS + 9_999_999_999), Some(second.clone()));
        assert_eq!(tokens.find(&other, NOW_NS + 10_000_000_000), None, "it has run out");
        assert!(!tokens.is_valid(second.id, NOW_NS + 10_000_000_000));
        for wrong in ["", "fmp_", &text[..text.len() - 1], &format!("{text}a"), &text.to_lowercase()] {
            assert_eq!(tokens.find(wrong, NOW_NS), None, "{wrong}");
        }
    }
    again.revoke(first.id).await.expect("it is there");
    assert!(again.revoke(first.id).await.is_err());
    assert_eq!(again.find(&text, NOW_NS), None);
    assert_eq!(Tokens::load(&state).expect("one").list(), [second]);
    let secret = text.trim_start_matches("fmp_").as_bytes().to_vec();
    for file in std::fs::read_dir(dir.path()).expect("the state").flatten() {
        let bytes = std::fs::read(file.path()).expect("a file");
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{:?}", file.path());
    }
}

#[test]
fn a_right_covers_a_channel_or_all_below_a_slash() {
    for (scope, channel, expect) in [
        ("x/a", "x/a", true),
        ("x/a", "x/ab", false),
        ("x/a", "x/a/b", false),
        ("x/a/", "x/a/b", true),
        ("x/a/", "x/a", false),
        ("host:", "host:192.0.2.1", true),
        ("incidents", "incidents", true),
    ] {
        assert_eq!(covers(scope, channel), expect, "{scope} {channel}");
    }
}

#[test]
fn nonsense_is_refused_with_words() {
    let good = wish(Some("x/a/"), Some("host:"));
    assert!(check(&good).is_ok() && check(&wish(Some("x/"), None)).is_ok());
    assert!(check(&wish(None, Some("metrics"))).is_ok());
    for bad in [
        wish(None, None),
        wish(Some("incidents"), None),
        wish(Some("metrics"), None),
        wish(None, Some("metrics/")),
        wish(Some("x"), None),
        wish(Some(""), None),
        wish(Some("x/a b"), None),
        wish(None, Some("")),
        wish(None, Some("everything")),
        Wish { name: " ".to_owned(), ..good.clone() },
        Wish { name: "a\nb".to_owned(), ..good.clone() },
        Wish { rate: 0.0, ..good.clone() },
        Wish { rate: f64::NAN, ..good.clone() },
        Wish { rate: 1e9, ..good.clone() },
        Wish { lifetime_s: Some(0), ..good.clone() },
        Wish { lifetime_s: Some(u64::MAX), ..good.clone() },
    ] {
        assert!(check(&bad).is_err(), "{bad:?}");
    }
}
