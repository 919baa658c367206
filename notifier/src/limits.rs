//! Bounds of notifier.

/// A notice as JSON.
pub const NOTICE_BYTES_MAX: usize = 256 << 10;

/// Lines of what else happened, in one notice.
pub const NOTICE_JOURNAL_MAX: usize = 40;

/// Subjects whose values are looked at in one second: the busiest hosts and prefixes, and everything of this machine.
/// Each costs less than 200 bytes. Those beyond are counted.
pub const SUBJECTS_MAX: usize = 16_384;

/// Rules and subjects whose state is kept at once; each takes less than 1 KiB. Those beyond are counted.
pub const KEYS_MAX: usize = 65_536;

/// Characters of an expression of a rule: those of people have fewer than 200.
pub const EXPRESSION_CHARS_MAX: usize = 1_000;

/// How deep an expression may be nested.
pub const EXPRESSION_DEPTH_MAX: usize = 24;

/// Characters of a rule's template.
pub const TEMPLATE_CHARS_MAX: usize = 500;

/// Characters of a summary: what a person reads in a message's first line, and what fits a row.
pub const SUMMARY_CHARS_MAX: usize = 300;

/// Rules of the user.
pub const RULES_MAX: usize = 500;
