//! The part in the namespace: the wire, the servers, the world, and the roles that must be there.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, sleep};
use std::time::Duration;

use anyhow::Context;

use crate::outside::{FOLDER, PROGRAM};
use crate::plan::Plan;
use crate::roles::Roles;
use crate::visitors::Side;
use crate::{attack, captures, mail, network, servers, visitors};

/// Runs until stdin ends, which the outer part holds open, or a signal comes.
///
/// # Errors
/// The wire cannot be made, or a role ends.
pub fn run(plan: &Plan) -> anyhow::Result<()> {
    let folder = std::env::var_os(FOLDER).context("`inside` is for the demo itself")?;
    let program = std::env::var_os(PROGRAM).context("`inside` is for the demo itself")?;
    let (folder, program) = (Path::new(&folder), Path::new(&program));
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    end_with_stdin(Arc::clone(&stop))?;
    let (world_plan, world_stop) = (plan.clone(), Arc::clone(&stop));
    let (has_six, world) = network::build(move |has_six| {
        servers::serve(&[443], &[], has_six, &world_stop)?;
        visitors::start(Side::World, &world_plan, has_six, &world_stop)?;
        if let Some(folder) = world_plan.captures.clone() {
            let stop = Arc::clone(&world_stop);
            Builder::new().name("captures".to_owned()).spawn(move || captures::replay(&folder, &stop))?;
        }
        attack::run(&world_plan, &world_stop)
    })?;
    servers::serve(&servers::TCP, &servers::UDP, has_six, &stop)?;
    visitors::start(Side::Servers, plan, has_six, &stop)?;
    mail::serve(folder.join("mails"))?;
    // capture ends first, so that ingest stores all that it saw.
    let mut roles = Roles::default();
    for role in ["capture", "ingest", "notifier"] {
        roles.start(program, folder, role)?;
    }
    let ended = watch(&mut roles, folder, &stop, || world.is_finished());
    stop.store(true, Ordering::Relaxed);
    roles.end();
    let world = world.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the world ended")));
    ended.and(world)
}

fn watch(roles: &mut Roles, folder: &Path, stop: &AtomicBool, is_over: impl Fn() -> bool) -> anyhow::Result<()> {
    while !stop.load(Ordering::Relaxed) && !is_over() {
        roles.check(folder).or_else(|error| if stop.load(Ordering::Relaxed) { Ok(()) } else { Err(error) })?;
        sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// The outer part may be killed: then nobody closes its end of the pipe but the kernel, and this part ends too.
fn end_with_stdin(stop: Arc<AtomicBool>) -> anyhow::Result<()> {
    Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut byte = [0];
        while std::io::stdin().read(&mut byte).is_ok_and(|read| read > 0) {}
        stop.store(true, Ordering::Relaxed);
    })?;
    Ok(())
}
