//! Addresses of machines.
use std::net::IpAddr;

/// Whether it is an IP address, with or without a netmask.
#[must_use]
pub fn is_ip(value: &str) -> bool {
    let v = value.trim();
    let address = v.split_once('/').map_or(v, |(a, _)| a);
    // `::` and `::1` apart, an address has enough parts not to be a time or a ratio.
    address.parse::<IpAddr>().is_ok()
}

/// Whether a dotted quad looks like the number of a version: small parts throughout, no network that is in use.
#[must_use]
pub fn is_version_like(value: &str) -> bool {
    let Ok(IpAddr::V4(a)) = value.trim().parse::<IpAddr>() else { return false };
    let [a, b, c, d] = a.octets();
    a != 10
        && a != 127
        && a < 30
        && u32::from(a) + u32::from(b) + u32::from(c) < 90
        && (b < 25 || c < 25 || d < 10)
}

/// Whether it is the hardware address of a network card.
#[must_use]
pub fn is_mac(value: &str) -> bool {
    let v = value.trim();
    let parts: Vec<&str> = v.split([':', '-']).collect();
    (parts.len() == 6 && parts.iter().all(|p| p.len() == 2 && p.chars().all(|c| c.is_ascii_hexdigit())))
        || (v.len() == 14
            && v.split('.').count() == 3
            && v.split('.').all(|p| p.len() == 4 && p.chars().all(|c| c.is_ascii_hexdigit())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines() {
        assert!(is_ip("10.0.0.1") && is_ip("10.0.0.1/32") && is_ip("2001:db8::1"));
        assert!(!is_ip("1.2.3") && !is_ip("12345") && !is_ip("10:30"));
        assert!(is_version_like("1.2.3.4") && is_version_like("7.0.10.1") && !is_version_like("192.168.1.1"));
        assert!(!is_version_like("10.0.0.1") && !is_version_like("203.0.113.9"));
        assert!(
            is_mac("00:1A:2b:3c:4D:5e")
                && is_mac("001a.2b3c.4d5e")
                && !is_mac("00:1A:2b")
                && !is_mac("12:30:45")
        );
    }
}
