//! A transaction of nf_tables, sent by a netlink socket of our own: for what nft can't do, such as to
//! own a table as long as a process lives. Rules are nft's to write.

use netlink_packet_core::{DefaultNla, NLM_F_ACK, NLM_F_REQUEST};
use netlink_packet_netfilter::nftables::NfTablesMessage;
use netlink_packet_netfilter::none::ControlMessage;
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage};
use nix::errno::Errno;

use super::read::message;
use super::{Family, Nft};
use crate::node::netlink::NetlinkError;

/// The subsystem whose transaction it is (NFNL_SUBSYS_NFTABLES).
const NFTABLES: u16 = 10;

/// NFNL_MSG_BATCH_BEGIN, with the number of the generation that it is for (NFNL_BATCH_GENID).
const BATCH_BEGIN: u8 = 16;
const BATCH_GENID: u16 = 1;

/// What a transaction changes: all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct Batch(Vec<(NetfilterMessage, u16)>);

impl Batch {
    /// Appends an order. `flags` beside the usual ones, such as NLM_F_CREATE or NLM_F_EXCL.
    pub fn push(&mut self, family: Family, order: NfTablesMessage, flags: u16) {
        self.0.push((message(family, order), NLM_F_REQUEST | NLM_F_ACK | flags));
    }
}

impl Nft {
    /// Has the kernel carry out a transaction.
    ///
    /// # Errors
    /// The kernel's word about the first order that it refused; nothing was changed then.
    pub fn commit(&mut self, batch: Batch) -> Result<(), NetlinkError> {
        let orders = batch.0.len();
        let mut messages = vec![control(ControlMessage::BatchBegin)];
        messages.extend(batch.0);
        messages.push(control(ControlMessage::BatchEnd));
        let last = self.0.send(&messages)?;
        // The whole is refused in the name of its beginning, an order in its own.
        self.0.acknowledged(last - messages.len() as u32 + 1..=last, orders)
    }

    /// Waits until the kernel has carried out the transaction that it is at, if any. It takes one at a time, and
    /// refuses one that is made for another `generation` than the last when its turn comes. (An empty
    /// one would be carried out, and counted before Linux 5.) The kernel lets nobody interrupt that: whoever
    /// loads a large ruleset holds readers up as long as other writers.
    pub(super) fn settle(&mut self, generation: u32) -> Result<(), NetlinkError> {
        // 0 would be any.
        let another = if generation == u32::MAX { 1 } else { !generation };
        let attributes = vec![DefaultNla::new(BATCH_GENID, another.to_be_bytes().to_vec())];
        let begin = ControlMessage::Other { message_type: BATCH_BEGIN, attributes };
        let last = self.0.send(&[control(begin), control(ControlMessage::BatchEnd)])?;
        match self.0.acknowledged(last - 1..=last, 1) {
            Err(NetlinkError::Refused(Errno::ERESTART)) => Ok(()),
            other => other,
        }
    }
}

fn control(control: ControlMessage) -> (NetfilterMessage, u16) {
    let header = NetfilterHeader::new(Family::Unspec, 0, NFTABLES);
    (NetfilterMessage::new(header, control), NLM_F_REQUEST)
}
