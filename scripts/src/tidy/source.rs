//! Rust source reduced to what the rules look at: comments and literals blanked, test modules and functions found.

/// `text` with comments, string and character literals replaced by blanks; lines and columns stay.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The end of the comment or literal that begins at `at`; `at` itself if none does.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1);
    match chars[at] {
        '/' if next == Some(&'/') => find(chars, at, |c| c == '\n'),
        '/' if next == Some(&'*') => block_comment_end(chars, at),
        '"' => string_end(chars, at + 1),
        '\'' => char_end(chars, at),
        'r' if !follows_word(chars, at) || chars[at - 1] == 'b' || chars[at - 1] == 'c' => raw_string_end(chars, at),
        _ => at,
    }
}

fn follows_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    let rest = chars.get(from..).unwrap_or_default();
    rest.iter().position(|c| wanted(*c)).map_or(chars.len(), |distance| from + distance)
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0usize;
    let mut at = from;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => {
                depth += 1;
                at += 2;
            }
            ('*', '/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    chars.len()
}

/// From behind the opening quote to behind the closing one.
fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            // An escaped quote does not close; an escape at the very end has nothing behind it.
            '\\' => at = (at + 2).min(chars.len()),
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], at: usize) -> usize {
    let quote = find(chars, at + 1, |c| c != '#');
    if chars.get(quote) != Some(&'"') {
        return at;
    }
    let hashes = quote - at - 1;
    let mut end = quote + 1;
    while end < chars.len() {
        let closes = chars[end] == '"' && chars[end + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
        if closes {
            return end + 1 + hashes;
        }
        end += 1;
    }
    chars.len()
}

/// A character literal's end; a lifetime is none.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => (find(chars, at + 3, |c| c == '\'') + 1).min(chars.len()),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// A function and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of `fn`, from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// Every function with a body in `code` (see [`code_only`]), inner ones too.
pub fn functions(code: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let is_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &code[at + 3..];
        let name: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !is_word || name.is_empty() {
            continue;
        }
        // A `;` within brackets belongs to an array type.
        let mut depth = 0i32;
        let body = rest.char_indices().find(|(_, c)| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
            depth == 0 && (*c == '{' || *c == ';')
        });
        let Some((start, '{')) = body else { continue };
        let end = start + block_len(&rest[start..]);
        let line = code[..at].matches('\n').count() + 1;
        functions.push(Function { name, line, lines: rest[..end].matches('\n').count() + 1 });
    }
    functions
}

/// Bytes from the opening brace to behind the one that closes it.
fn block_len(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// `code` without its modules under `#[cfg(test)]`; their lines are left out.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let item = &rest[at + MARK.len()..];
        let head = item.find(['{', ';']).unwrap_or(item.len());
        let is_module = item[..head].split_whitespace().any(|word| word == "mod") && item[head..].starts_with('{');
        let len = if is_module { head + block_len(&item[head..]) } else { head };
        out.push_str(&rest[..at]);
        rest = &item[len..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{Function, code_only, functions, without_tests};

    #[test]
    fn literals_and_comments_are_blanked() {
        // In `expect` a dot stands for a character that was blanked.
        let check = |text: &str, expect: &str| assert_eq!(code_only(text), expect.replace('·', " "), "{text}");
        check("a // fn {\nb", "a ·······\nb");
        check("a /* { /* } */ fn */ b", "a ·················· b");
        check(r#"let s = "fn \" {"; c"#, "let s = ·········; c");
        check("let s = r#\"a \" {\"#; c", "let s = ··········; c");
        check("br\"{\" c\"}\" x", "b···· c··· x");
        check("match c { '{' => '\\'', '\\u{7b}' => 'a }", "match c { ··· => ····, ········ => 'a }");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("\"open", "·····");
        check("/* open", "·······");
        check("'\\", "··");
    }

    #[test]
    fn functions_are_measured() {
        let code = "fn a() {\n  x\n}\ntrait T { fn b(&self) -> [u8; 4]; }\n  pub fn c(x: [u8; 2]) -> fn(u8) -> u8\nwhere\n{\n  { }\n}";
        let function = |name: &str, line, lines| Function { name: name.to_owned(), line, lines };
        assert_eq!(functions(code), [function("a", 1, 3), function("c", 5, 5)]);
        assert_eq!(functions("my_fn x {"), []);
    }

    #[test]
    fn test_modules_are_left_out() {
        let code = "a\n#[cfg(test)]\nmod tests {\n  { }\n}\nb\n#[cfg(test)]\nmod more;\nc";
        assert_eq!(without_tests(code), "a\n\nb\n;\nc");
    }
}
