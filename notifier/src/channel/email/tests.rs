//! Mails as people read them: snapshots of each kind in both languages, the parts, and what hostile names do to them.

mod hostile;
mod servers;

use super::render;
use crate::channel::testing::examples;
use crate::notice::{Language, NoticeKind};

#[test]
fn each_kind_is_told_in_both_languages() {
    for kind in examples::KINDS {
        for language in [Language::En, Language::Ru] {
            let notice = examples::notice(kind, language);
            let mail = render(&notice);
            assert!(mail.subject.chars().count() <= 160, "{}", mail.subject);
            let name = format!("{kind:?}_{language:?}").to_lowercase();
            insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
        }
    }
}

#[test]
fn the_html_is_of_the_same_words_and_loads_nothing() {
    for kind in examples::KINDS {
        let notice = examples::notice(kind, Language::Ru);
        let mail = render(&notice);
        assert_eq!(mail.png.is_some(), mail.html.contains("cid:chart"), "{kind:?}");
        for attribute in ["src=\"http", "url(", "<script", "<link", "<style", "@import"] {
            assert!(!mail.html.contains(attribute), "{kind:?}: {attribute}");
        }
        let links = [&notice.acknowledge_url, &notice.page_url].into_iter().filter(|url| !url.is_empty()).count();
        assert_eq!(mail.html.matches("href=").count(), links, "{kind:?}");
        let word = mail.subject.split(' ').next_back().expect("a word");
        assert!(mail.html.contains(word), "{kind:?}: {word}");
    }
    let attack = render(&examples::notice(NoticeKind::Alert, Language::En));
    insta::assert_snapshot!("alert_html", attack.html);
}

#[test]
fn a_link_that_is_none_is_left_out() {
    let check = |url: &str, expect: usize| {
        let mut notice = examples::notice(NoticeKind::Test, Language::En);
        notice.page_url = url.to_owned();
        let mail = render(&notice);
        assert_eq!(mail.html.matches("href=").count(), expect, "{url}");
        assert_eq!(mail.text.matches(url).count(), expect, "{url}");
    };
    check("https://flood.example:8443/incidents/1?a=b", 1);
    check("javascript:alert(1)", 0);
    check("https://a\" onclick=\"x", 0);
    check("https://a\r\nBcc: x", 0);
    check("https://a/<b>", 0);
}
