//! The files: one line in this list for each. A part of the page has its own section of the style sheet and its own
//! modules.

use super::File;

pub(super) const CSS: &str = "text/css; charset=utf-8";
pub(super) const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const PNG: &str = "image/png";
const SVG: &str = "image/svg+xml";

/// All files; what others import stands before them.
pub(super) const FILES: [File; 14] = [
    File {
        name: "floodmark.css",
        media: CSS,
        // The base first, then each part's own section.
        parts: &[
            include_bytes!("../../assets/floodmark.css"),
            include_bytes!("../../assets/now.css"),
            include_bytes!("../../assets/vendor/uplot/uPlot.min.css"),
            include_bytes!("../../assets/traffic.css"),
            include_bytes!("../../assets/control.css"),
            include_bytes!("../../assets/flows.css"),
        ],
    },
    File { name: "words.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/words.js")] },
    File { name: "live.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/live.js")] },
    File { name: "now.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/now.js")] },
    File { name: "incidents.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/incidents.js")] },
    File { name: "page.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/page.js")] },
    // Not ours: web-ui/assets/vendor/uplot has its version and licence.
    File {
        name: "uplot.js",
        media: JAVASCRIPT,
        parts: &[include_bytes!("../../assets/vendor/uplot/uPlot.iife.min.js")],
    },
    File { name: "traffic.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/traffic.js")] },
    File { name: "action.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/action.js")] },
    File { name: "host.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/host.js")] },
    File { name: "flows.js", media: JAVASCRIPT, parts: &[include_bytes!("../../assets/flows.js")] },
    File { name: "icon.svg", media: SVG, parts: &[include_bytes!("../../assets/icon.svg")] },
    File { name: "icon-192.png", media: PNG, parts: &[include_bytes!("../../assets/icon-192.png")] },
    File { name: "icon-512.png", media: PNG, parts: &[include_bytes!("../../assets/icon-512.png")] },
];
