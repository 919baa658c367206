//! Rules for ARCHITECTURE.md: short, and true about paths.

use super::File;

/// Longer than this nobody reads it.
const LINES_MAX: usize = 400;

/// Everything in the file that breaks a rule; `exists` answers for a path from the root.
pub fn problems(file: &File, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        problems.push(format!("{}: {lines} lines, more than {LINES_MAX}", file.path));
    }
    for (index, line) in file.text.lines().enumerate() {
        for path in paths(line).filter(|path| !exists(path)) {
            problems.push(format!("{}:{}: `{path}` does not exist", file.path, index + 1));
        }
    }
    problems
}

/// What stands in backquotes and looks like a path of the repository. Placeholders begin with capitals (`RUN/…`,
/// `DATA/…`), paths of a machine with `/`.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let is_path = |word: &&str| {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        let ends = [".rs", ".md", ".toml", ".sql"].iter().any(|end| word.ends_with(end));
        let head = word.split('/').next().unwrap_or_default();
        let elsewhere = ["", ".", ".."].contains(&head);
        let placeholder = word.contains('/') && head.len() > 1 && head.bytes().all(|byte| byte.is_ascii_uppercase());
        plain && (ends || word.contains('/')) && !elsewhere && !placeholder
    };
    line.split('`').skip(1).step_by(2).filter(is_path)
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::tidy::File;

    fn check(text: &str, expect: &[&str]) {
        let file = File { path: "ARCHITECTURE.md".to_owned(), text: text.to_owned() };
        assert_eq!(problems(&file, |path| path.starts_with("src/")), expect, "{text}");
    }

    #[test]
    fn paths_must_exist() {
        check("See `src/main.rs` and `src/`.\n", &[]);
        check("one\nSee `lib/main.rs`.\n", &["ARCHITECTURE.md:2: `lib/main.rs` does not exist"]);
        check("`STYLE.md`\n", &["ARCHITECTURE.md:1: `STYLE.md` does not exist"]);
        check("`.ci/run`\n", &["ARCHITECTURE.md:1: `.ci/run` does not exist"]);
        check("`RUN/capture.sock`, `/etc/x.toml`, `a/b c`, `mysql://h/d`, `floodmark run`, `crate::a`, `./x`\n", &[]);
    }

    #[test]
    fn it_stays_short() {
        check(&"x\n".repeat(400), &[]);
        check(&"x\n".repeat(401), &["ARCHITECTURE.md: 401 lines, more than 400"]);
    }
}
