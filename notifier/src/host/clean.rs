//! Names that others chose (processes, mounts, sensors), made fit for a line of text.

/// `text` without what moves or hides other text: that becomes `?`. At most `chars_max` characters; a longer one ends in
/// `…`.
pub fn name(text: &str, chars_max: usize) -> String {
    crate::words::plain(text, chars_max, '?')
}
