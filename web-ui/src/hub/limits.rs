//! What the hub takes and keeps at most.

/// Bytes of one body: the page's own are below 1 KiB; a script's report may be some pages of text.
pub const BODY_MAX: usize = 64 << 10;

/// Bytes of a channel's name.
pub const NAME_MAX: usize = 96;

/// Channels in one subscription or one publication: the page needs six and a few hosts.
pub const CHANNELS_PER_REQUEST: usize = 32;

/// Channels of a hub. At 8,192 an empty one costs some 200 bytes: 1.6 MB.
pub const CHANNELS_MAX: usize = 8_192;

/// The part of the hub's bounds that one channel may fill: a quarter, so that a flood in one pushes out its own
/// messages while three more as full have room.
pub const SHARE: usize = 4;

/// Bytes of memory beside the text that a message is counted with: its struct, its names, its places in the rings.
pub const MESSAGE_OVERHEAD: usize = 192;

/// How long a `host:` channel that nobody follows and nobody publishes to is kept.
pub const HOST_IDLE_NS: u64 = 600_000_000_000;

/// How long a script's channel may be asked to live without being renewed, ns: a week.
pub const LIFETIME_MAX_NS: u64 = 7 * 86_400_000_000_000;
