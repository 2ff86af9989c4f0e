//! Network addresses.
use super::utf8;
use std::fmt::Write;
use std::net::IpAddr;

/// The first bits of an address; the others become zero.
pub fn truncate(address: &mut [u8], bits: u8) {
    for (n, byte) in address.iter_mut().enumerate() {
        let kept = usize::from(bits).saturating_sub(8 * n).min(8);
        *byte &= !(0xff_u16 >> kept) as u8;
    }
}

/// The network that an address is in. What is no address becomes 0.0.0.0.
pub fn ip(value: &[u8], v4: u8, v6: u8, out: &mut Vec<u8>) {
    let mut made = String::new();
    // Writing into a String does not fail.
    let _ = match utf8(value).trim().split('/').next().and_then(|a| a.parse::<IpAddr>().ok()) {
        Some(IpAddr::V4(address)) => {
            let mut octets = address.octets();
            truncate(&mut octets, v4);
            write!(made, "{}", std::net::Ipv4Addr::from(octets))
        }
        Some(IpAddr::V6(address)) => {
            let mut octets = address.octets();
            truncate(&mut octets, v6);
            write!(made, "{}", std::net::Ipv6Addr::from(octets))
        }
        None => write!(made, "0.0.0.0"),
    };
    out.extend_from_slice(made.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_stay() {
        let i = |s: &str| {
            let mut out = Vec::new();
            ip(s.as_bytes(), 24, 48, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(i("192.168.17.99"), "192.168.17.0");
        assert_eq!(i("10.1.2.3/32"), "10.1.2.0");
        assert_eq!(i("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
        assert_eq!(i("::ffff:1.2.3.4"), "::");
        assert_eq!(i("1.2.3.4.5"), "0.0.0.0");
        assert_eq!(i(""), "0.0.0.0");
        let mut odd = [255, 255, 255];
        truncate(&mut odd, 12);
        assert_eq!(odd, [255, 240, 0]);
    }
}
