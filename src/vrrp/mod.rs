//! VRRP on the wire, without keepalived: [`packet`] reads an advertisement (pure), [`listener`] hears those
//! that arrive at this node's interfaces, whatever its firewall does with them.

pub mod listener;
pub mod packet;
