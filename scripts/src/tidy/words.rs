//! Words that must not stand in the repository: leftovers, registry hosts, secrets.

use super::File;

/// Marks of unfinished work; each is written in two parts, so that this file passes its own rule.
const LEFTOVERS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Hosts of package registries: the tools know them, the project needs none.
const HOSTS: [&str; 5] = [
    concat!("crates", ".io"),
    concat!("registry.npm", "js"),
    concat!("pypi", ".org"),
    concat!("docker", ".io"),
    concat!("ghcr", ".io"),
];

/// How keys and tokens begin.
const SECRETS: [&str; 4] =
    [concat!("PRIVATE ", "KEY-----"), concat!("gh", "p_"), concat!("github_", "pat_"), concat!("AKI", "A")];

/// Everything in one file that breaks a rule.
pub fn problems(file: &File) -> Vec<String> {
    let path = &file.path;
    let mut problems = Vec::new();
    // Cargo writes the address of its index into the lock file. Prose may speak of the marks it forbids.
    let is_locked = path == "Cargo.lock";
    let is_prose = path.ends_with(".md") || path.starts_with("LICENSE");
    for (index, line) in file.text.lines().enumerate().filter(|_| !is_locked) {
        let number = index + 1;
        if let Some(mark) = LEFTOVERS.iter().find(|mark| !is_prose && has_word(line, mark)) {
            problems.push(format!("{path}:{number}: {mark}: finish it, or write a known limit into docs/limits.md"));
        }
        if let Some(host) = HOSTS.iter().find(|host| line.contains(*host)) {
            problems.push(format!("{path}:{number}: {host}: no registry hosts"));
        }
        if SECRETS.iter().any(|secret| begins_secret(line, secret)) {
            problems.push(format!("{path}:{number}: this looks like a secret: remove it, and revoke it if it is one"));
        }
    }
    problems
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

/// A secret's beginning with enough letters behind it; a key's header ends its line.
fn begins_secret(line: &str, beginning: &str) -> bool {
    const TOKEN_LETTERS_MIN: usize = 16;
    line.match_indices(beginning).any(|(at, _)| {
        let rest = &line[at + beginning.len()..];
        beginning.ends_with('-')
            || rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count() >= TOKEN_LETTERS_MIN
    })
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::tidy::File;

    fn check(path: &str, text: &str, expect: usize) {
        let problems = problems(&File { path: path.to_owned(), text: text.to_owned() });
        assert_eq!(problems.len(), expect, "{path}: {text}: {problems:?}");
    }

    #[test]
    fn leftovers_are_refused_in_code_and_scripts() {
        let mark = concat!("TO", "DO");
        check("a.rs", &format!("// {mark}: later\n"), 1);
        check("scripts/test", &format!("# {mark}\n"), 1);
        check("STYLE.md", &format!("No {mark}.\n"), 0);
        check("a.rs", &format!("let {mark}S = 1;\n"), 0);
    }

    #[test]
    fn hosts_and_secrets_are_refused_everywhere() {
        check("README.md", concat!("see https://crates", ".io/x\n"), 1);
        check("Cargo.lock", concat!("registry crates", ".io-index\n"), 0);
        check("key.pem", concat!("-----BEGIN PRIVATE ", "KEY-----\n"), 1);
        check("a.rs", concat!("let t = \"gh", "p_0123456789abcdef\";\n"), 1);
        check("a.rs", concat!("let t = \"gh", "p_\";\n"), 0);
    }
}
