//! Whose request it is: the address at the other end of the connection, or, behind a trusted proxy, the one that the
//! proxy names.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The client's address, in the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The header in which the proxies in front of this server name the client. Only one is read: a proxy that writes one of
/// them passes on the other as a client has sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: client, proxy`.
    XForwardedFor,
    /// `Forwarded: for=client;proto=https, for=proxy`, RFC 7239.
    Forwarded,
}

/// The proxies whose word is taken for the address of a client.
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    ranges: Vec<IpNet>,
    header: ForwardedHeader,
}

impl TrustedProxies {
    /// `Err` is the index of the first text that is neither an address nor a range like `10.0.0.0/8`.
    pub fn new(ranges: &[String], header: ForwardedHeader) -> Result<Self, usize> {
        let parse = |(index, text): (usize, &String)| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>().or(address).map_err(|_| index)
        };
        Ok(TrustedProxies { ranges: ranges.iter().enumerate().map(parse).collect::<Result<_, _>>()?, header })
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.ranges.iter().any(|range| range.contains(&address))
    }

    /// The address of the client that sent a request with these headers over a connection from `peer`. The list is read
    /// from its end, where the nearest proxy has written; the first address that is no trusted proxy is the client.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        };
        let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
        let mut client = peer;
        for part in lines.iter().flat_map(|line| line.split(',')).rev() {
            let Some(address) = self.address(part) else { return client };
            client = address;
            if !self.trusts(address) {
                return client;
            }
        }
        client
    }

    fn address(&self, part: &str) -> Option<IpAddr> {
        let text = match self.header {
            ForwardedHeader::XForwardedFor => part.trim(),
            ForwardedHeader::Forwarded => {
                let pairs = part.split(';').filter_map(|pair| pair.trim().split_once('='));
                let of = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("for"))?.1;
                of.trim_matches('"')
            }
        };
        without_port(text).parse().ok()
    }
}

/// `192.0.2.1:4711` → `192.0.2.1`, `[2001:db8::1]:4711` → `2001:db8::1`.
fn without_port(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    match text.split_once(':') {
        Some((address, port)) if !port.contains(':') => address,
        _ => text,
    }
}

/// What a provider assigns to one customer: an address, or an IPv6 /64 network.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".into(), "2001:db8::1".into()], header).unwrap();
        let name = if header == ForwardedHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
        let headers = lines.iter().map(|line| (name.parse().unwrap(), line.parse().unwrap())).collect();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client(ForwardedHeader::XForwardedFor, "192.0.2.9", &["1.2.3.4"]), "192.0.2.9");
    }

    #[test]
    fn behind_proxies_the_last_address_that_is_none_of_them_counts() {
        let x = |lines: &[&str]| client(ForwardedHeader::XForwardedFor, "10.0.0.1", lines);
        assert_eq!(x(&["1.2.3.4"]), "1.2.3.4");
        assert_eq!(x(&["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4", "what the client itself wrote is not read");
        assert_eq!(x(&["6.6.6.6", "1.2.3.4:99"]), "1.2.3.4");
        assert_eq!(x(&["1.2.3.4, nonsense"]), "10.0.0.1");
        assert_eq!(x(&["1.2.3.4, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(x(&[]), "10.0.0.1");
        assert_eq!(x(&["[2001:db8:7::1]:443"]), "2001:db8:7::1");
    }

    #[test]
    fn forwarded_is_read_where_it_is_the_header_of_the_proxies() {
        let f = |lines: &[&str]| client(ForwardedHeader::Forwarded, "2001:db8::1", lines);
        assert_eq!(f(&["for=6.6.6.6, For=\"[2001:db8:7::1]:80\";proto=https"]), "2001:db8:7::1");
        assert_eq!(f(&["proto=https"]), "2001:db8::1");
        assert_eq!(f(&["for=unknown"]), "2001:db8::1");
    }

    #[test]
    fn an_ipv6_customer_is_a_network() {
        assert_eq!(network("2001:db8:1:2:3::4".parse().unwrap()).to_string(), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()).to_string(), "192.0.2.1");
    }

    #[test]
    fn a_bad_range_is_named() {
        let ranges = ["10.0.0.0/8".to_owned(), "10.0.0.0/99".to_owned()];
        assert_eq!(TrustedProxies::new(&ranges, ForwardedHeader::Forwarded).unwrap_err(), 1);
    }
}
