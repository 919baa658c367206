//! render: a notice in words: subject, text, HTML and picture, a pure function of the notice.

use super::{chart, content, html, text};
use crate::notice::Notice;

/// A mail before it is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line of at most 160 characters.
    pub subject: String,
    /// For those who read text.
    pub text: String,
    /// The same as HTML; shows the picture as `cid:chart`.
    pub html: String,
    /// The last hour; `None` = the notice has no values for it.
    pub png: Option<Vec<u8>>,
}

/// Puts the notice into words.
pub fn render(notice: &Notice) -> Mail {
    let png = notice.chart.as_ref().and_then(|chart| chart::draw(chart, notice.utc_offset_s));
    let document = content::document(notice);
    Mail {
        subject: content::subject(notice),
        text: text::text(&document),
        html: html::html(&document, png.is_some()),
        png,
    }
}
