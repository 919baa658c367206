//! Rules for documents: a link to a place in the repository leads somewhere.

use super::File;

/// Every relative link of a document that leads nowhere; `read` gives a file's text, `None` if it does not exist (a
/// folder and a picture have an empty one).
pub fn problems(file: &File, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut is_code = false;
    for (index, line) in file.text.lines().enumerate() {
        is_code ^= line.trim_start().starts_with("```");
        if is_code {
            continue;
        }
        for target in targets(line) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let told = |what: &str| format!("{}:{}: the link {target}: {what}", file.path, index + 1);
            let place = if path.is_empty() { Some(file.path.clone()) } else { resolved(&file.path, path) };
            let Some(place) = place else {
                problems.push(told("it leaves the repository"));
                continue;
            };
            match read(&place) {
                None => problems.push(told("there is no such file")),
                Some(text) if !anchor.is_empty() && !anchors(&text).any(|known| known == anchor) => {
                    problems.push(told("there is no such heading"));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

/// What `](…)` and `src="…"`, `srcset="…"`, `href="…"` name, but for addresses elsewhere.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    // Within backquotes nothing is a link.
    let plain = line.split('`').step_by(2);
    let ends = [("](", ')'), ("src=\"", '"'), ("srcset=\"", '"'), ("href=\"", '"')];
    let of = move |(begin, end): (&'static str, char)| {
        plain.clone().flat_map(move |part| part.split(begin).skip(1)).filter_map(move |rest| rest.split(end).next())
    };
    ends.into_iter().flat_map(of).map(|target| target.split(' ').next().unwrap_or_default()).filter(|target| {
        let is_elsewhere = ["http:", "https:", "mailto:"].iter().any(|scheme| target.starts_with(scheme));
        !target.is_empty() && !is_elsewhere
    })
}

/// `path` as seen from the folder of `from`, from the root; `None` above the root.
fn resolved(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The anchors of a document's headings: small letters, blanks as `-`, other signs left out.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|heading| {
        let name = heading.trim_start_matches('#').trim();
        let kept = name.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::tidy::File;

    fn check(text: &str, expect: &[&str]) {
        let file = File { path: "docs/a.md".to_owned(), text: text.to_owned() };
        let read = |path: &str| match path {
            "README.md" => Some("# Floodmark\n## What it does not do (yet)\n".to_owned()),
            "docs/b.md" | "docs" => Some(String::new()),
            "docs/a.md" => Some(text.to_owned()),
            _ => None,
        };
        assert_eq!(problems(&file, read), expect, "{text}");
    }

    #[test]
    fn links_lead_somewhere() {
        check("See [b](b.md), [r](../README.md#what-it-does-not-do-yet), [x](https://x.example/y), [d](./).\n", &[]);
        check("# Here\n[h](#here) <img src=\"b.md\"> `[n](none.md)`\n```\n[n](none.md)\n```\n", &[]);
        check("one\n[n](none.md)\n", &["docs/a.md:2: the link none.md: there is no such file"]);
        check("![n](images/n.png)", &["docs/a.md:1: the link images/n.png: there is no such file"]);
        check("<source srcset=\"n.png\">", &["docs/a.md:1: the link n.png: there is no such file"]);
        check("[r](../README.md#not)", &["docs/a.md:1: the link ../README.md#not: there is no such heading"]);
        check("[r](../../x)", &["docs/a.md:1: the link ../../x: it leaves the repository"]);
    }
}
