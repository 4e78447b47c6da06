//! The PROXY protocol, for servers that wait for it before they greet. A check speaks for itself
//! and not for a client, and the protocol has a form for that, which servers don't log as one.

/// A version of the protocol (proxy-protocol.txt of HAProxy, sections 2.1 and 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Proxy {
    /// The text form, with no known client: `PROXY UNKNOWN`.
    V1,
    /// The binary form, with the command LOCAL.
    V2,
}

impl Proxy {
    /// What to send first.
    pub fn header(self) -> &'static [u8] {
        match self {
            Proxy::V1 => b"PROXY UNKNOWN\r\n",
            // Signature; version 2, LOCAL; family unspecified; length of the addresses: 0.
            Proxy::V2 => b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_of_the_specification() {
        assert_eq!(Proxy::V1.header(), b"PROXY UNKNOWN\r\n");
        let signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];
        assert_eq!(Proxy::V2.header(), [&signature[..], &[0x20, 0, 0, 0]].concat());
    }
}
