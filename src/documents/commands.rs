//! Every command line of Floodmark in a document is one that the program takes.

use clap::Parser;
use clap::error::ErrorKind;

use super::{blocks, pages, spans};
use crate::cli::Cli;

#[test]
fn every_command_line_in_a_document_parses() {
    let mut lines = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        for block in blocks(&page.text) {
            for (index, line) in joined(&block.text) {
                for words in commands(&line) {
                    lines += 1;
                    if let Err(error) = Cli::try_parse_from(&words)
                        && error.kind() != ErrorKind::DisplayHelp
                    {
                        wrong.push(format!("{}:{}: {words:?}: {error}", page.path, block.line + index));
                    }
                }
            }
        }
    }
    assert!(lines > 20, "the documents show only {lines} command lines: are they found?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_that_a_sentence_names_exists() {
    let mut wrong = Vec::new();
    for page in pages() {
        for (line, span) in spans(&page.text) {
            for words in alternatives(&span).iter().flat_map(|span| commands(span)) {
                let Err(error) = Cli::try_parse_from(&words) else { continue };
                // A sentence may name a command without all that it needs.
                let is_short = [
                    ErrorKind::MissingRequiredArgument,
                    ErrorKind::MissingSubcommand,
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                    ErrorKind::DisplayHelp,
                    ErrorKind::DisplayVersion,
                ];
                if !is_short.contains(&error.kind()) {
                    wrong.push(format!("{}:{line}: `{span}`: {error}", page.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `a b|c` stands for `a b` and `a c`; what is left out (`…`) ends it.
fn alternatives(span: &str) -> Vec<String> {
    let span = span.split('…').next().unwrap_or_default().trim_end();
    let (head, last) = span.rsplit_once(' ').unwrap_or(("", span));
    if head.is_empty() || !last.contains('|') || last.contains(['"', '\'']) {
        return vec![span.to_owned()];
    }
    last.split('|').map(|word| format!("{head} {word}")).collect()
}

/// Lines with their number; one that ends in a backslash goes on.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let (part, more) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, whole)) => whole.push_str(part),
            None => lines.push((index, part.to_owned())),
        }
        goes_on = more;
    }
    lines
}

/// The command lines of Floodmark in a line of a shell, as words; how the program is called stands first.
fn commands(line: &str) -> Vec<Vec<String>> {
    let line = line.trim_start().trim_start_matches("$ ").trim_start_matches("# ");
    shell(line).into_iter().filter_map(|words| program(&words)).collect()
}

/// What follows the program's name, with whatever stands before it (`sudo -u USER`, `cargo run … --`) left out.
fn program(words: &[String]) -> Option<Vec<String>> {
    let is_program = |word: &String| word == "floodmark" || word.ends_with("/floodmark");
    let is_before = |word: &String| word == "sudo" || word.starts_with('-') || word.contains('=') || word == "nice";
    let at = match words.first()?.as_str() {
        "cargo" => words.iter().position(|word| word == "--").filter(|_| words[1] == "run")?,
        "sudo" if words.get(1).is_some_and(|word| word == "-u") => 3,
        _ => words.iter().position(|word| !is_before(word))?,
    };
    let is_ours = words[0] == "cargo" || is_program(words.get(at)?);
    is_ours.then(|| std::iter::once("floodmark".to_owned()).chain(words[at + 1..].iter().cloned()).collect())
}

/// The simple commands of a line: quotes are taken away, redirections and comments left out.
fn shell(line: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut skips_word = false;
    for c in line.chars() {
        if let Some(open) = quote {
            if c == open {
                quote = None;
            } else {
                word.get_or_insert_default().push(c);
            }
            continue;
        }
        match c {
            '\'' | '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            '#' if word.is_none() => break,
            ' ' | '|' | '&' | ';' | '>' | '<' => {
                let is_number = |word: &String| c == '>' && word.bytes().all(|byte| byte.is_ascii_digit());
                let ended = word.take();
                if ended.is_some() && std::mem::take(&mut skips_word) {
                    // Where a redirection goes.
                } else {
                    words.extend(ended.filter(|word| !is_number(word)));
                }
                skips_word |= c == '>' || c == '<';
                if ['|', '&', ';'].contains(&c) {
                    commands.push(std::mem::take(&mut words));
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.filter(|_| !skips_word));
    commands.push(words);
    commands.into_iter().filter(|words| !words.is_empty()).collect()
}

#[test]
fn command_lines_are_found_as_a_shell_finds_them() {
    let check = |line: &str, expect: &[&[&str]]| assert_eq!(commands(line), expect, "{line}");
    check("floodmark top   # live", &[&["floodmark", "top"]]);
    check(
        "$ sudo floodmark flows --host 192.0.2.0/24 2> /dev/null",
        &[&["floodmark", "flows", "--host", "192.0.2.0/24"]],
    );
    check("sudo -u floodmark floodmark ledger --json | jq .imbalance", &[&["floodmark", "ledger", "--json"]]);
    check("cargo run --release -- run", &[&["floodmark", "run"]]);
    check(
        "floodmark config default > floodmark.toml && floodmark doctor",
        &[&["floodmark", "config", "default"], &["floodmark", "doctor"]],
    );
    check("floodmark flows --since '2 days'", &[&["floodmark", "flows", "--since", "2 days"]]);
    check("cargo nextest run -p floodmark", &[]);
    check("systemctl restart floodmark.target", &[]);
    check("echo floodmark", &[]);
}
