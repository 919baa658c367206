//! `cargo x tidy`: the rules of STYLE.md that a program can hold. Adding a rule: one function, one line in `check`.

mod architecture;
mod links;
mod rust;
mod source;
mod words;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// A file of the repository as the rules see it.
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Holds every file that git knows, or would take, against the rules.
///
/// # Errors
/// Lists each place that breaks one.
pub fn check(root: &Path) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for path in paths(root)? {
        // What is no text (captures, images) has no style; a file that was just removed has none either.
        let Ok(text) = fs::read_to_string(root.join(&path)) else { continue };
        let file = File { path, text };
        problems.extend(words::problems(&file));
        if file.path.ends_with(".rs") {
            problems.extend(rust::problems(&file));
        }
        if file.path.ends_with(".md") {
            problems.extend(links::problems(&file, |path| text_of(&root.join(path))));
        }
        if file.path == "ARCHITECTURE.md" {
            problems.extend(architecture::problems(&file, |path| root.join(path).exists()));
        }
    }
    if !problems.is_empty() {
        bail!("\n{}", problems.join("\n"));
    }
    Ok(())
}

/// The text of a file; empty for what exists and is no text.
fn text_of(path: &Path) -> Option<String> {
    path.exists().then(|| fs::read_to_string(path).unwrap_or_default())
}

fn paths(root: &Path) -> anyhow::Result<Vec<String>> {
    // A checkout may belong to another user than the one who checks it, as in containers of continuous integration.
    let arguments = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output().context("cannot start git")?;
    if !output.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let list = String::from_utf8(output.stdout).context("a path is not UTF-8")?;
    let mut paths: Vec<String> = list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}
