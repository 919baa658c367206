//! Rules for Rust files: opening sentence, size, names, macros.

use super::File;
use super::source::{code_only, functions, without_tests};

/// A longer file is two files.
const FILE_LINES_MAX: usize = 500;

/// A longer function is two functions.
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing about what a module owns.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "common", "helpers", "misc", "prelude"];

/// Everything in one file that breaks a rule.
pub fn problems(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    let path = &file.path;
    let first = file.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//! ").is_none_or(|sentence| sentence.trim().is_empty()) {
        problems.push(format!("{path}:1: open with a `//!` sentence that says what the file owns"));
    }
    let stems = path.split('/').map(|part| part.trim_end_matches(".rs"));
    for stem in stems.filter(|stem| EMPTY_NAMES.contains(stem)) {
        problems.push(format!("{path}: name the module by what it owns, not `{stem}`"));
    }
    let code = code_only(&file.text);
    for (name, instead) in [("macro_rules!", "write a function"), (concat!("dbg", "!("), "remove it")] {
        for (at, _) in code.match_indices(name) {
            problems.push(format!("{path}:{}: {name}: {instead}", line_of(&code, at)));
        }
    }
    if !is_test(path) {
        problems.extend(sizes(path, &code));
    }
    problems
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.split('/').any(|part| part == "tests" || part == "benches")
}

fn sizes(path: &str, code: &str) -> Vec<String> {
    let tested = without_tests(code);
    let mut problems = Vec::new();
    let lines = tested.lines().count();
    if lines > FILE_LINES_MAX {
        problems.push(format!("{path}: {lines} lines without tests, more than {FILE_LINES_MAX}: make two files"));
    }
    for function in functions(&tested).into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
        let (name, line, lines) = (function.name, function.line, function.lines);
        problems.push(format!(
            "{path}:{line}: {name} has {lines} lines, more than {FUNCTION_LINES_MAX}: make two functions"
        ));
    }
    problems
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::tidy::File;

    fn check(path: &str, text: &str, told: &[&str]) {
        let problems = problems(&File { path: path.to_owned(), text: text.to_owned() });
        assert_eq!(problems.len(), told.len(), "{path}: {problems:?}");
        for (problem, told) in problems.iter().zip(told) {
            assert!(problem.contains(told), "{problem}");
        }
    }

    #[test]
    fn a_file_says_what_it_owns() {
        check("a.rs", "//! a: the letter.\n", &[]);
        check("a.rs", "//!\n", &["a.rs:1: open with"]);
        check("a.rs", "use std::fs;\n", &["a.rs:1: open with"]);
        check("a.rs", "", &["a.rs:1: open with"]);
    }

    #[test]
    fn names_macros_and_leftovers_are_refused() {
        check("src/utils.rs", "//! x.\n", &["`utils`"]);
        check("src/common/mod.rs", "//! x.\n", &["`common`"]);
        check("a.rs", "//! x.\nmacro_rules! m { () => {} }\n", &["a.rs:2: macro_rules!"]);
        check("a.rs", concat!("//! x.\nfn f() {\n  dbg", "!(1);\n}\n"), &["a.rs:3: dbg"]);
        check("a.rs", "//! x.\n// macro_rules! in a comment is a word.\n", &[]);
    }

    #[test]
    fn long_functions_and_files_are_refused_outside_tests() {
        let long = |lines: usize| format!("//! x.\nfn f() {{\n{}}}\n", "  x;\n".repeat(lines - 2));
        check("a.rs", &long(70), &[]);
        check("a.rs", &long(71), &["a.rs:2: f has 71 lines"]);
        check("a/tests.rs", &long(71), &[]);
        check("tests/a.rs", &long(71), &[]);
        check("a.rs", &format!("//! x.\n#[cfg(test)]\nmod tests {{\n{}}}\n", long(600)), &[]);
        check("a.rs", &format!("//! x.\n{}", "const A: u8 = 1;\n".repeat(499)), &[]);
        check("a.rs", &format!("//! x.\n{}", "const A: u8 = 1;\n".repeat(500)), &["501 lines"]);
    }
}
