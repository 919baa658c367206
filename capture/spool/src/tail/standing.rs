//! Why no frame stands at a place, see the module above.

use super::{Look, OpenSegment, Tail, header_at};
use crate::disk::Disk;
use crate::error::SpoolError;
use crate::frame::HeaderFault;
use crate::limits::{ALIGNMENT, BUFFER_BYTES, LOOKS_PER_SEARCH, PAYLOAD_BYTES_MAX};
use crate::segment;

/// So many segments are asked about the one before them.
const SUCCESSORS: usize = 8;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is one.
    Frame,
    /// Nothing to read yet.
    Wait,
    /// The segment's frames end here.
    Over,
    /// What was here is lost. The segment's frames go on, to `end` if that is known.
    Lost { end: Option<u64> },
}

/// What a segment's frames say of the one before.
enum Before {
    /// Frames of segment `index` end at `end`.
    Known { index: u64, end: u64 },
    /// They say nothing, or there are none and none will come.
    Unknown,
    /// Its first frame has not come yet.
    NotYet,
}

impl<D: Disk> Tail<D> {
    /// Why no frame stands at the place of the open segment.
    pub(super) fn standing(&self, found: &Look) -> Result<Standing, SpoolError> {
        let open = self.open.as_ref().expect("the caller has looked into it");
        let is_empty = matches!(found, Look::Empty);
        let searches = !is_empty || self.idle_looks % LOOKS_PER_SEARCH == LOOKS_PER_SEARCH - 1;
        let names = self.disk.names().map_err(SpoolError::io("read", &self.dir))?;
        let after: Vec<u64> = segment::indices(&names).into_iter().filter(|index| *index > open.index).collect();
        if after.is_empty() {
            return self.standing_in_newest(open, is_empty, searches);
        }
        if !self.disk.exists(&segment::name(open.index)) {
            // Let go: all its rows were acknowledged, and its space may be another's by now.
            return Ok(Standing::Over);
        }
        // Usually the first one tells; one that was given up whole may stand between.
        for &next in after.iter().take(SUCCESSORS) {
            match self.before(next, after.last() == Some(&next))? {
                Before::Known { index, end } if index == open.index && open.offset < end => {
                    return Ok(Standing::Lost { end: Some(end.min(open.bytes)) });
                }
                // Its end, or a segment that was given up whole.
                Before::Known { index, .. } if index <= open.index => return Ok(Standing::Over),
                Before::Known { .. } => break,
                Before::Unknown => {}
                Before::NotYet => return Ok(Standing::Wait),
            }
        }
        Ok(if open.offset >= open.bytes { Standing::Over } else { Standing::Lost { end: None } })
    }

    fn standing_in_newest(
        &self,
        open: &OpenSegment<D::File>,
        is_empty: bool,
        searches: bool,
    ) -> Result<Standing, SpoolError> {
        if !searches || open.offset >= open.bytes {
            return Ok(Standing::Wait);
        }
        let over = self.later_write_exists(open)? || (!is_empty && !self.disk.writer_lives());
        Ok(if over && self.frame_follows(open)? { Standing::Lost { end: None } } else { Standing::Wait })
    }

    /// What the frames of segment `index` say of the one before; the first sound one tells.
    fn before(&self, index: u64, is_newest: bool) -> Result<Before, SpoolError> {
        let Some(next) = self.open_segment(index)? else { return Ok(Before::Unknown) };
        let mut offset = segment::FIRST_FRAME;
        while offset < next.bytes && offset < segment::FIRST_FRAME + BUFFER_BYTES as u64 {
            match header_at(&self.disk, &next, offset)? {
                Ok(header) if header.place.previous == 0 => return Ok(Before::Unknown),
                Ok(header) => {
                    let end = u64::from(header.place.previous_end) * ALIGNMENT;
                    return Ok(Before::Known { index: index - u64::from(header.place.previous).min(index), end });
                }
                Err(HeaderFault::Empty) if offset == segment::FIRST_FRAME => break,
                Err(_) => offset += ALIGNMENT,
            }
        }
        Ok(if is_newest && self.disk.writer_lives() { Before::NotYet } else { Before::Unknown })
    }

    /// Whether a frame of a later write stands behind the place, within the reach of one write: then the write that was
    /// to bring this place is over.
    fn later_write_exists(&self, open: &OpenSegment<D::File>) -> Result<bool, SpoolError> {
        self.any_behind(open, BUFFER_BYTES as u64, |group| group == 0 || u64::from(group) * ALIGNMENT > open.offset)
    }

    /// Whether any frame stands behind the place, within the reach of the longest frame.
    fn frame_follows(&self, open: &OpenSegment<D::File>) -> Result<bool, SpoolError> {
        let header = header_at(&self.disk, open, open.offset)?;
        Ok(header.is_ok() || self.any_behind(open, (BUFFER_BYTES + PAYLOAD_BYTES_MAX) as u64, |_| true)?)
    }

    fn any_behind(
        &self,
        open: &OpenSegment<D::File>,
        reach: u64,
        accept: impl Fn(u32) -> bool,
    ) -> Result<bool, SpoolError> {
        let mut offset = open.offset + ALIGNMENT;
        while offset < open.bytes.min(open.offset + ALIGNMENT + reach) {
            if let Ok(header) = header_at(&self.disk, open, offset)?
                && accept(header.place.group)
            {
                return Ok(true);
            }
            offset += ALIGNMENT;
        }
        Ok(false)
    }
}
