//! Web addresses.
use super::{ip, utf8};

/// Longest host name.
const HOST: usize = 253;

/// Scheme and host stay, or the scheme only; user, port, path and query go. None for what is no URL.
pub fn url(value: &[u8], keep_host: bool, out: &mut Vec<u8>) -> Option<()> {
    let (scheme, rest) = utf8(value).trim().split_once("://")?;
    let known = ["http", "https", "ftp", "ftps", "ws", "wss", "sftp", "ssh"];
    let scheme = known.into_iter().find(|k| scheme.eq_ignore_ascii_case(k))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let bracketed = host.strip_prefix('[').and_then(|h| h.split(']').next());
    let host = bracketed.or_else(|| host.split(':').next())?;
    let is_name = host.contains('.')
        && host.len() <= HOST
        && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-');
    out.extend_from_slice(scheme.as_bytes());
    out.extend_from_slice(b"://");
    if !keep_host || !(is_name || bracketed.is_some()) {
        out.extend_from_slice(b"example.com");
    } else if bracketed.is_some() {
        out.push(b'[');
        ip::ip(host.as_bytes(), 24, 48, out);
        out.push(b']');
    } else if host.parse::<std::net::Ipv4Addr>().is_ok() {
        ip::ip(host.as_bytes(), 24, 48, out);
    } else {
        out.extend_from_slice(host.as_bytes());
    }
    out.push(b'/');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_and_host_stay() {
        let u = |s: &str, host| {
            let mut out = Vec::new();
            url(s.as_bytes(), host, &mut out).map(|()| String::from_utf8(out).unwrap()).unwrap_or_default()
        };
        assert_eq!(u("https://bob:pw@shop.test:8443/u/bob?x=1#y", true), "https://shop.test/");
        assert_eq!(u("HTTPS://shop.test?mail=bob@x.org", true), "https://shop.test/");
        assert_eq!(u("https://shop.test/a", false), "https://example.com/");
        assert_eq!(u("http://10.1.2.3/x", true), "http://10.1.2.0/");
        assert_eq!(u("http://[2001:db8::1]:80/x", true), "http://[2001:db8::]/");
        assert_eq!(u("http://localhost/x", true), "http://example.com/");
        assert_eq!(u("bob://x.org", true), "");
        assert_eq!(u("no url", true), "");
    }
}
