//! `floodmark user add|passwd|list|remove`: the role that runs is asked; where none runs, its file is changed. A link's
//! secret is made here and printed here: only its hash goes on.

use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;
use std::time::Duration;

use live::Role;
use live::action::{Action, UserAdd, UserLink, UserRemove};
use live::client::{AskError, ask};
use live::control::Request;
use web_ui::sign_in::obey::{self, Changed, CommandError, Listed};
use web_ui::sign_in::{NewLink, qr};

use super::print;
use super::store::{configuration, now_s};
use crate::cli::UserCommand;
use crate::config::Config;
use crate::exit::{Failure, Outcome};

/// How long the role may take: its disk may be slow.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

pub fn run(command: &UserCommand) -> Outcome {
    match command {
        UserCommand::Add { name, standing, source } => {
            print::out(&add(&configuration(source)?, name, standing.clone())?)
        }
        UserCommand::Passwd { name, source } => {
            let config = configuration(source)?;
            let link = NewLink::make(u64::from(now_s()));
            let (token_hash, expires_s) = (link.token_hash.clone(), link.expires_s);
            let changed =
                change(&config, Action::UserLink(UserLink { name: name.clone(), token_hash, expires_s, by: user() }))?;
            let begun = format!(
                "{} ({}) may set a new password; the old one holds until then.",
                changed.name, changed.standing
            );
            print::out(&told(&begun, &link, &changed, &config))
        }
        UserCommand::List { json, source } => show(&configuration(source)?, *json),
        UserCommand::Remove { name, source } => {
            let config = configuration(source)?;
            let changed = change(&config, Action::UserRemove(UserRemove { name: name.clone(), by: user() }))?;
            print::out(&format!("{} is removed; all sessions have ended.\n", changed.name))
        }
    }
}

/// Adds a user; gives what is to be told: the link and its code.
pub fn add(config: &Config, name: &str, standing: Option<String>) -> Result<String, Failure> {
    let link = NewLink::make(u64::from(now_s()));
    let (token_hash, expires_s) = (link.token_hash.clone(), link.expires_s);
    let asked = UserAdd { name: name.to_owned(), standing, token_hash, expires_s, by: user() };
    let changed = change(config, Action::UserAdd(asked))?;
    Ok(told(&format!("{} may sign in as {}.", changed.name, changed.standing), &link, &changed, config))
}

/// All users.
pub fn list(config: &Config) -> Result<Vec<Listed>, Failure> {
    serde_json::from_str(&carry_out(config, Action::UserList)?).map_err(Failure::failed)
}

fn show(config: &Config, is_json: bool) -> Outcome {
    let users = list(config)?;
    if users.is_empty() && !is_json {
        return print::out("There are no users yet: `floodmark user add NAME` makes the first, an admin.\n");
    }
    let mut text = String::new();
    for user in &users {
        text += &if is_json { serde_json::to_string(user).map_err(Failure::failed)? } else { line(user) };
        text.push('\n');
    }
    print::out(&text)
}

fn line(user: &Listed) -> String {
    let seen = match (user.has_password, user.seen_s) {
        (false, _) => "has not used the link yet".to_owned(),
        (true, 0) => "never signed in".to_owned(),
        (true, seen) => format!("signed in {}", print::seconds(u32::try_from(seen).unwrap_or(u32::MAX))),
    };
    let factor = if user.has_second_factor { "second factor" } else { "password only" };
    format!("{:<24} {:<9} {factor:<14} {seen}", user.name, user.standing)
}

/// What is printed about a link: the link, its code for a phone's camera, and what one must know of it.
fn told(begun: &str, link: &NewLink, changed: &Changed, config: &Config) -> String {
    let url = format!("{}/enrol/{}", changed.url, link.token);
    let mut text = format!("{begun} Open this link within 10 minutes; it holds once:\n\n  {url}\n\n");
    if changed.is_loopback {
        text += "Only this machine reaches that address. For a phone set web.listen to an address of your network, or \
                 web.public_url to the one of a proxy or tunnel, restart web, and make a new link by `floodmark user passwd`.\n";
    } else if let Some(code) = qr::terminal(&url) {
        text += &code;
        text.push('\n');
    }
    if let Ok(Some(fingerprint)) = web_ui::server::tls::fingerprint(&config.web, &config.node.data_dir) {
        text += &format!(
            "Fingerprint of the page's certificate (SHA-256), to compare with what the browser shows:\n  {fingerprint}\n"
        );
    }
    text
}

fn change(config: &Config, action: Action) -> Result<Changed, Failure> {
    serde_json::from_str(&carry_out(config, action)?).map_err(Failure::failed)
}

/// Asks the role; does it itself where no role listens.
fn carry_out(config: &Config, action: Action) -> Result<String, Failure> {
    let request = Request { id: format!("user-{}", web_ui::action::new_id()), action, role: None };
    match ask(&config.node.run_dir, Role::Web, &request, ANSWER_WAIT) {
        Ok(answer) => Ok(answer.state),
        Err(AskError::Socket(error)) => {
            let now_ns = u64::from(now_s()) * 1_000_000_000;
            let done = obey::without_role(&config.node.data_dir, &config.web, &request.action, now_ns);
            give_to_owner(&config.node.data_dir);
            done.map_err(|told| match told {
                CommandError::State(state) => {
                    Failure::failed(anyhow::anyhow!("web does not answer ({error}), and {state}"))
                }
                told => Failure::failed(told),
            })
        }
        Err(error) => Err(Failure::failed(error)),
    }
}

/// What root has made in the data directory is its owner's: web runs as that user and must be able to write it.
fn give_to_owner(data_dir: &Path) {
    let Ok(owner) = std::fs::metadata(data_dir) else { return };
    let folder = data_dir.join("web");
    let inside = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in inside.chain([folder.clone()]) {
        if std::fs::symlink_metadata(&path).is_ok_and(|about| about.uid() != owner.uid())
            && let Err(error) = lchown(&path, Some(owner.uid()), Some(owner.gid()))
        {
            tracing::warn!(path = %path.display(), %error, "web may not be able to write this file; give it to the user of the service");
        }
    }
}

/// Who asks: the name is for the log only.
fn user() -> String {
    format!("uid {}", nix::unistd::getuid())
}

#[cfg(test)]
mod tests {
    use web_ui::sign_in::NewLink;
    use web_ui::sign_in::obey::{Changed, Listed};

    use super::{line, told};
    use crate::config::Config;

    #[test]
    fn a_link_is_told_with_its_code_or_why_a_phone_cannot_use_it() {
        let link = NewLink::make(1_000);
        assert_eq!((link.token.len(), link.token_hash.len(), link.expires_s), (43, 64, 1_600));
        let mut changed = Changed {
            name: "anna".to_owned(),
            standing: "admin".to_owned(),
            url: "https://192.0.2.7:8443".to_owned(),
            is_loopback: false,
        };
        let text = told("anna may sign in.", &link, &changed, &Config::default());
        assert!(
            text.contains(&format!("  https://192.0.2.7:8443/enrol/{}\n", link.token)) && text.contains('█'),
            "{text}"
        );
        changed.is_loopback = true;
        let text = told("anna may sign in.", &link, &changed, &Config::default());
        assert!(text.contains("Only this machine reaches") && !text.contains('█'), "{text}");
    }

    #[test]
    fn a_user_is_a_line() {
        let mut user = Listed {
            name: "anna".to_owned(),
            standing: "admin".to_owned(),
            has_password: false,
            has_second_factor: false,
            seen_s: 0,
        };
        assert!(line(&user).ends_with("admin     password only  has not used the link yet"), "{}", line(&user));
        (user.has_password, user.has_second_factor, user.seen_s) = (true, true, 1_700_000_000);
        assert!(line(&user).ends_with("second factor  signed in 2023-11-14T22:13:20Z"), "{}", line(&user));
    }
}
