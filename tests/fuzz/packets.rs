//! Sound frames to change: the shapes that the wire parser knows.

/// Ethernet frames, without and with each kind of header between them and the ports.
pub fn frames() -> Vec<Vec<u8>> {
    let tcp = [&[0x9c, 0x40, 1, 0xbb][..], &[0; 8], &[0x50, 0x12, 0, 0, 0, 0, 0, 0]].concat();
    let udp = |port: u16, inner: &[u8]| {
        let length = (8 + inner.len()) as u16;
        [&[0x9c, 0x41][..], &port.to_be_bytes(), &length.to_be_bytes(), &[0, 0], inner].concat()
    };
    let plain = ethernet(0x0800, &ipv4(17, &udp(53, b"question")));
    let fragment = {
        let mut packet = ipv4(17, &udp(53, b"first part"));
        packet[6] = 0x20;
        packet
    };
    let six = ipv6(6, &tcp);
    let options = ipv6(0, &[&[60, 0, 1, 4, 0, 0, 0, 0][..], &[6, 0, 1, 4, 0, 0, 0, 0], &tcp].concat());
    let gre = ipv4(47, &[&[0x20, 0, 8, 0, 0, 0, 0, 1][..], &ipv4(6, &tcp)].concat());
    let vxlan = udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0][..], &plain].concat());
    vec![
        plain.clone(),
        ethernet(0x0800, &ipv4(6, &tcp)),
        ethernet(0x0800, &ipv4(1, &[8, 0, 0, 0, 0, 1, 0, 1])),
        ethernet(0x0800, &fragment),
        ethernet(0x86dd, &six),
        ethernet(0x86dd, &options),
        ethernet(0x86dd, &ipv6(44, &[6, 0, 0, 1, 0, 0, 0, 9])),
        ethernet(0x8100, &[&[0, 7, 0x88, 0xa8, 0, 9, 8, 0][..], &ipv4(132, &[0; 12])].concat()),
        ethernet(0x8847, &[&[0, 1, 0, 64, 0, 2, 1, 64][..], &ipv4(6, &tcp)].concat()),
        ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 42, 0, 0x21][..], &ipv4(6, &tcp)].concat()),
        ethernet(0x0800, &gre),
        ethernet(0x0800, &ipv4(4, &ipv4(17, &udp(9, b"x")))),
        ethernet(0x0800, &ipv4(41, &six)),
        ethernet(0x0800, &ipv4(17, &vxlan)),
        ethernet(0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]),
        ethernet(60, &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
    ]
}

fn ethernet(kind: u16, inner: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1][..], &kind.to_be_bytes(), inner].concat()
}

fn ipv4(protocol: u8, inner: &[u8]) -> Vec<u8> {
    let length = (20 + inner.len()) as u16;
    let head = [&[0x45, 0][..], &length.to_be_bytes(), &[0, 1, 0, 0, 64, protocol, 0, 0]].concat();
    [&head[..], &[192, 0, 2, 1, 10, 0, 0, 1], inner].concat()
}

fn ipv6(next: u8, inner: &[u8]) -> Vec<u8> {
    let length = inner.len() as u16;
    let head = [&[0x60, 0, 0, 0][..], &length.to_be_bytes(), &[next, 64]].concat();
    let address = |last: u8| [&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[last]].concat();
    [&head[..], &address(1), &address(2), inner].concat()
}
