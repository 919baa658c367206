//! The few drawings of the pages: outlines on a field of 24, drawn for this page, coloured by the text around them.

use std::fmt;

/// A drawing, safe in a page as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icon(&'static str);

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>"#, self.0)
    }
}

/// The path is a constant of this file.
impl askama::filters::HtmlSafe for Icon {}

/// The mark: a flood line over a level.
pub const MARK: Icon = Icon(
    "M4 5h16M12 8v.01M12 11v.01M4 15c2-2 3.3-2 5.3 0s3.3 2 5.3 0 3.4-2 5.4 0M4 20c2-2 3.3-2 5.3 0s3.3 2 5.3 0 3.4-2 5.4 0",
);
/// Place *Now*.
pub const NOW: Icon = Icon("M3 12h4l3-8 4 16 3-8h4");
/// Place *Incidents*.
pub const INCIDENTS: Icon = Icon("M18 9a6 6 0 0 0-12 0c0 6-2 7-2 7h16s-2-1-2-7M10 20a2.3 2.3 0 0 0 4 0");
/// Place *Traffic*.
pub const TRAFFIC: Icon = Icon("M4 20V10M10 20V4M16 20v-7M22 20H2");
/// Place *Hosts and flows*.
pub const HOSTS: Icon = Icon("M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01");
/// Place *Rules*.
pub const RULES: Icon = Icon("M4 6h10M18 6h2M16 4v4M4 12h2M10 12h10M8 10v4M4 18h10M18 18h2M16 16v4");
/// Place *Channels*.
pub const CHANNELS: Icon = Icon("M3 5h18v14H3zM3 7l9 6 9-6");
/// Place *System*.
pub const SYSTEM: Icon = Icon("M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4");
/// Place *Users and log*.
pub const USERS: Icon = Icon(
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2 20c0-4 3-6 7-6s7 2 7 6M16 4.500a3.5 3.5 0 0 1 0 6M18 14c3 .5 4 3 4 6",
);
/// An account.
pub const PERSON: Icon = Icon("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21c0-4 3.5-6 8-6s8 2 8 6");
/// More places.
pub const MORE: Icon = Icon("M4 6h16M4 12h16M4 18h16");
/// All is well.
pub const GOOD: Icon = Icon("M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M8 12l3 3 5-6");
/// Look at it.
pub const WARN: Icon = Icon("M12 3L2 20h20zM12 10v4M12 17v.01");
/// Look at it now.
pub const BAD: Icon = Icon("M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.01");
/// To know.
pub const INFO: Icon = Icon("M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M12 11v5M12 8v.01");
/// Not known.
pub const UNKNOWN: Icon =
    Icon("M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M9 9.500a3 3 0 1 1 4 2.700c-1 .4-1 1-1 1.800M12 17v.01");
/// Somebody takes care of it.
pub const ACKNOWLEDGED: Icon = Icon("M2 13l4 4L15 7M11 16l1 1L22 7");
/// Silenced.
pub const SILENCED: Icon = Icon("M18 9a6 6 0 0 0-9-5.200M6 9c0 6-2 7-2 7h12M10 20a2.3 2.3 0 0 0 4 0M3 3l18 18");

/// How something stands: what the colour says, said by a drawing too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// As it should be.
    Good,
    /// To look at.
    Warn,
    /// To look at now.
    Bad,
}

impl Tone {
    /// The class of the style sheet.
    pub const fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }

    /// Its drawing.
    pub const fn icon(self) -> Icon {
        match self {
            Tone::Good => GOOD,
            Tone::Warn => WARN,
            Tone::Bad => BAD,
        }
    }
}
