//! Asks sets and maps for one key, which costs the same however many elements there are.

use netlink_packet_core::Emitable;
use netlink_packet_netfilter::nftables::{
    DataAttribute, ListAttribute, NfTablesMessage, SetElementAttribute, SetElementFlags,
    SetElementList, SetElementMessage,
};
use netlink_packet_netfilter::{NetfilterMessage, NetfilterMessageInner};

use super::read::message;
use super::{Family, Nft};
use crate::node::netlink::NetlinkError;

/// What a set holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// The key, in a set.
    Key,
    /// Bytes that a map leads to.
    Value(Vec<u8>),
    /// The attributes of a verdict that a map leads to (NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN).
    Verdict(Vec<u8>),
}

impl Nft {
    /// What a set or map holds for a key, also where that lies in an interval; `None` if nothing. What it holds
    /// for all other keys is [`Nft::catch_all`].
    pub fn element(
        &mut self,
        family: Family,
        table: &str,
        set: &str,
        key: &[u8],
    ) -> Result<Option<Element>, NetlinkError> {
        let key = SetElementAttribute::Key(DataAttribute::Value(key.to_owned()));
        self.asked(family, table, set, key)
    }

    /// What a set or map holds for all keys that are no element of it (`*`); `None` if nothing.
    ///
    /// # Errors
    /// EINVAL of kernels before 5.13, whose sets have no such element.
    pub fn catch_all(
        &mut self,
        family: Family,
        table: &str,
        set: &str,
    ) -> Result<Option<Element>, NetlinkError> {
        self.asked(family, table, set, SetElementAttribute::Flags(SetElementFlags::CatchAll))
    }

    fn asked(
        &mut self,
        family: Family,
        table: &str,
        set: &str,
        element: SetElementAttribute,
    ) -> Result<Option<Element>, NetlinkError> {
        let attributes = vec![
            SetElementList::Table(table.to_owned()),
            SetElementList::Set(set.to_owned()),
            SetElementList::Elements(vec![ListAttribute::Element(vec![element])]),
        ];
        let question = NfTablesMessage::GetSetElement(SetElementMessage { attributes });
        let answer: Option<NetfilterMessage> = self.0.get(message(family, question))?;
        let Some(NetfilterMessageInner::NfTables(NfTablesMessage::NewSetElement(found))) =
            answer.map(|answer| answer.inner)
        else {
            return Ok(None);
        };
        let elements = found.attributes.into_iter().filter_map(|attribute| match attribute {
            SetElementList::Elements(elements) => Some(elements),
            _ => None,
        });
        let data = elements.flatten().find_map(|element| match element {
            ListAttribute::Element(attributes) => {
                attributes.into_iter().find_map(|attribute| match attribute {
                    SetElementAttribute::Data(data) => Some(data),
                    _ => None,
                })
            }
            _ => None,
        });
        Ok(Some(match data {
            Some(DataAttribute::Value(value)) => Element::Value(value),
            Some(DataAttribute::Verdict(verdict)) => {
                let mut bytes = vec![0; verdict.as_slice().buffer_len()];
                verdict.as_slice().emit(&mut bytes);
                Element::Verdict(bytes)
            }
            _ => Element::Key,
        }))
    }
}
