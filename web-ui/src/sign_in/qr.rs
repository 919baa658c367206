//! QR codes: for a terminal, and for a page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};

/// In block characters, for a dark or a light terminal alike: the light modules are drawn, with their margin. `None` =
/// the text is too long for a code.
pub fn terminal(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    // On a dark ground the drawn modules are the light ones; a light ground's are inverted, which phones read as well.
    let mut drawn = code.render::<unicode::Dense1x2>();
    Some(drawn.dark_color(unicode::Dense1x2::Light).light_color(unicode::Dense1x2::Dark).quiet_zone(true).build())
}

/// As the `src` of an image, black on white with its margin.
pub fn image(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build();
    Some(format!("data:image/svg+xml;base64,{}", STANDARD.encode(drawn)))
}

#[cfg(test)]
mod tests {
    use super::{image, terminal};

    #[test]
    fn a_link_fits_a_terminal_and_a_page() {
        let link = format!("https://flood.example:8443/enrol/{}", "A".repeat(43));
        let drawn = terminal(&link).expect("it fits");
        assert!(drawn.lines().count() <= 24 && drawn.lines().all(|line| line.chars().count() <= 50), "\n{drawn}");
        assert!(image(&link).is_some_and(|image| image.starts_with("data:image/svg+xml;base64,")));
        assert!(terminal(&"x".repeat(5_000)).is_none() && image(&"x".repeat(5_000)).is_none());
    }
}
