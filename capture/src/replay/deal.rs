//! Several workers on one file: the frames of a chunk are dealt by the flow's hash and worked off side by side.

use std::thread;

use crate::error::CaptureError;
use crate::file::{CaptureFile, FileFrame};
use crate::flow::FlowKey;
use crate::flow::key::HashSeed;
use crate::frame::Frame;
use crate::limits::GROUP_FRAMES;
use crate::wire;

use super::{Line, Numbers, pause};

/// Frames of a chunk by worker, with their interface's number.
type Hands<'a> = Vec<Vec<(u16, Frame<'a>)>>;

/// Reads the file to its end.
pub fn read_shared(
    file: &mut CaptureFile,
    lines: &mut [Line],
    seed: &HashSeed,
    decapsulate: bool,
    numbers: &mut Numbers<'_>,
) -> Result<(), CaptureError> {
    while let Some(chunk) = file.next_chunk()? {
        let mut hands: Hands<'_> = vec![Vec::new(); lines.len()];
        for FileFrame { interface, frame } in chunk {
            // What is no packet of a flow can be counted anywhere.
            let to = wire::parse(&frame, decapsulate)
                .map_or(0, |packet| seed.hash(&FlowKey::of(&packet, 0).0.five_tuple()) % lines.len() as u64);
            hands[to as usize].push((numbers.of(interface), frame));
        }
        thread::scope(|scope| {
            for (line, hand) in lines.iter_mut().zip(&hands) {
                scope.spawn(move || work_off(line, hand));
            }
        });
    }
    Ok(())
}

fn work_off(line: &mut Line, hand: &[(u16, Frame<'_>)]) {
    let mut groups = 0u32;
    let mut frames = hand.iter().copied();
    while line.worker.group(&mut frames) == GROUP_FRAMES {
        groups += 1;
        if groups.is_multiple_of(32) {
            pause(line);
        }
    }
    pause(line);
}
