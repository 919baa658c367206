//! Hostile strings: what somebody would put into a name to break out of the place where it is told.

use crate::Seed;

/// Pieces of attacks: on headers, on SMTP, on MIME, on HTML, on templates, on the eye.
const PIECES: [&str; 40] = [
    "\r\nBcc: victim@example.net\r\n",
    "\nSubject: owned\n\n",
    "\rX-Injected: 1\r",
    "\r\n.\r\nMAIL FROM:<a@b>\r\n",
    "\n.\n",
    ".",
    "..",
    "\r\n\r\n",
    "\0",
    "\x0b\x0c\x1b[2J\x07\x7f",
    "\u{85}\u{2028}\u{2029}",
    "\u{202e}\u{2066}\u{200f}gnp.exe",
    "\u{200b}\u{feff}\u{e0041}",
    "=?utf-8?q?=0d=0aBcc:_x@y.z?=",
    "=?utf-8?b?DQpCY2M6IHhAeS56?=",
    "=\r\n",
    "=0D=0ABcc: x",
    "--floodmark-a-00000000000000000000000000000000",
    "\r\n--floodmark-a-0\r\nContent-Type: text/html\r\n\r\n<h1>x</h1>",
    "Content-Type: multipart/mixed; boundary=x",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'--></style></title><b>",
    "&lt;&#60;&amp;",
    "</td></tr></table>",
    "<a href=\"https://evil.example/\">",
    "{{ 7*7 }}{% raw %}",
    "${jndi:ldap://x}$(reboot)`id`",
    "%s%n%0d%0a",
    "\\r\\n\\u000a",
    "From: a@b\r\nTo: c@d",
    "ﬀ\u{301}\u{301}\u{301}",
    "мойсервер",
    "日本語",
    "🔥👩‍👩‍👧",
    "\u{fffe}\u{ffff}",
    "; rm -rf /",
    "\t\t  ",
    ", \"a\" <x@y>",
    "\u{a0}\u{ad}",
];

/// `number` of them, one in 25 of them of 8 KiB; the seed that is printed repeats them.
pub fn strings(number: u64) -> impl Iterator<Item = String> {
    let mut seed = Seed::of("hostile names");
    (0..number).map(move |at| {
        let pieces = 1 + seed.below(4);
        let mut text: String = (0..pieces).map(|_| *seed.pick(&PIECES)).collect();
        if at % 7 == 0 {
            let char = char::from_u32(seed.below(0x300) as u32).expect("below the surrogates");
            text.insert(if seed.below(2) == 0 { 0 } else { text.len() }, char);
        }
        if at % 25 == 0 {
            text = text.repeat(1 + 8192 / text.len().max(1));
        }
        text
    })
}
