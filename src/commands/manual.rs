//! `floodmark manual`: manual pages and completions, written from the definition that reads the arguments.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::{Cli, ManualArgs};
use crate::exit::{Failure, Outcome};

const NAME: &str = "floodmark";

/// Each shell and the name by which it finds the completions of a command.
const SHELLS: [(Shell, &str); 3] =
    [(Shell::Bash, "floodmark"), (Shell::Zsh, "_floodmark"), (Shell::Fish, "floodmark.fish")];

pub fn run(args: &ManualArgs) -> Outcome {
    write(args).map_err(Failure::failed)
}

fn write(args: &ManualArgs) -> anyhow::Result<()> {
    for folder in [&args.man, &args.completions] {
        fs::create_dir_all(folder).with_context(|| told(folder))?;
    }
    clap_mangen::generate_to(Cli::command(), &args.man).with_context(|| told(&args.man))?;
    for (shell, file) in SHELLS {
        let path = args.completions.join(file);
        fs::write(&path, completions(shell)).with_context(|| told(&path))?;
    }
    Ok(())
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), NAME, &mut text);
    text
}

fn told(path: &Path) -> String {
    format!("cannot write {}; name another folder by --man or --completions", path.display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write;
    use crate::cli::ManualArgs;

    #[test]
    fn each_command_that_is_shown_has_a_page_and_completions() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let args = ManualArgs { man: dir.path().join("man"), completions: dir.path().join("shells") };
        write(&args).expect("a folder that can be written");
        let page = |name: &str| fs::read_to_string(args.man.join(name)).unwrap_or_default();
        assert!(page("floodmark.1").contains("Exit codes: 0 ok"), "{}", page("floodmark.1"));
        assert!(page("floodmark-store-migrate.1").contains("Make or update the tables"));
        assert!(!args.man.join("floodmark-manual.1").exists(), "a hidden command has no page");
        for shell in ["floodmark", "_floodmark", "floodmark.fish"] {
            let text = fs::read_to_string(args.completions.join(shell)).expect("a file");
            assert!(text.contains("backtest") && text.contains("data-dir"), "{shell}: {text}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let args = ManualArgs { man: "/proc/none".into(), completions: "/proc/none".into() };
        let told = format!("{:#}", write(&args).expect_err("no folder can be made there"));
        assert!(told.contains("/proc/none") && told.contains("--man"), "{told}");
    }
}
