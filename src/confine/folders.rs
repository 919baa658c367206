//! Landlock: a role reaches its own folders, and opens no port.

use std::fs;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat};

use super::{ConfineError, Profile};

/// The newest rights that are restricted; an older kernel restricts what it knows. Connecting to a Unix socket by its
/// path stays free (restricted from ABI 9 on): a database's socket lies anywhere.
const NEWEST: ABI = ABI::V7;

/// Restricts the calling thread and those that it starts; gives the kernel's ABI and how much of it holds.
pub fn restrict(profile: &Profile) -> Result<String, String> {
    let Some(write) = &profile.write else { return Ok("not for this command".to_owned()) };
    let told = |error: landlock::RulesetError| error.to_string();
    let mut ruleset = ruleset(profile).map_err(told)?;
    for folder in write {
        fs::create_dir_all(folder).map_err(|error| format!("make {}: {error}", folder.display()))?;
        let opened = PathFd::new(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        // What lies in a role's own folder are files and sockets: no devices, nothing to be executed.
        let all = AccessFs::from_all(NEWEST);
        let never = AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev;
        ruleset = ruleset.add_rule(PathBeneath::new(opened, all & !never)).map_err(told)?;
    }
    let reading = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute;
    ruleset = ruleset.add_rules(path_beneath_rules(&profile.read, reading)).map_err(told)?;
    let status = ruleset.restrict_self().map_err(told)?;
    let abi = match status.landlock {
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            format!("ABI {}", kernel_abi.unwrap_or(effective_abi as i32))
        }
        LandlockStatus::NotEnabled => return Err("the kernel has it, but it is not enabled (lsm=)".to_owned()),
        _ => return Err("the kernel does not have it (5.13 and later do)".to_owned()),
    };
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(abi),
        RulesetStatus::PartiallyEnforced => Ok(format!("{abi}, as far as it goes")),
        RulesetStatus::NotEnforced => Err(format!("{abi} restricts nothing of what is asked for")),
    }
}

fn ruleset(profile: &Profile) -> Result<RulesetCreated, landlock::RulesetError> {
    let ports = if profile.may_connect { AccessNet::BindTcp.into() } else { AccessNet::from_all(NEWEST) };
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(ports)?
        .scope(Scope::Signal)?
        .create()
}

/// Whether the role can still write where it must: root without CAP_DAC_OVERRIDE cannot write to another's folder.
pub fn check_writable(folder: &Path) -> Result<(), ConfineError> {
    faccessat(AT_FDCWD, folder, AccessFlags::W_OK | AccessFlags::X_OK, AtFlags::AT_EACCESS)
        .map_err(|errno| ConfineError::Folder { path: folder.to_path_buf(), source: errno.into() })
}
