//! Who is MASTER, who hears it, and who could be it.

use super::{Case, case, instances};
use crate::cluster::VrrpInstance;
use crate::doctor::cluster::whole::{Hears, Whole};

pub(super) fn partition(whole: &Whole) -> Vec<Case> {
    let deaf = |listener: usize| {
        let unheard: Vec<usize> = (0..whole.nodes.len())
            .filter(|sender| *sender != listener && whole.hears(listener, *sender) == Hears::No)
            .collect();
        let names = whole.names(&unheard).join(", ");
        (!unheard.is_empty()).then(|| case(listener, format!("does not hear {names}")))
    };
    (0..whole.nodes.len()).filter_map(deaf).collect()
}

pub(super) fn several_masters(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let nodes = whole.holders(instance);
        (nodes.len() > 1).then(|| {
            let names = whole.names(&nodes).join(", ");
            let evidence = format!("{} is on {names}", instance.name.as_str());
            Case { nodes, evidence }
        })
    };
    instances(whole).filter_map(of).collect()
}

pub(super) fn masterless(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let members: Vec<usize> = instance.members.iter().map(|member| member.node).collect();
        let answering = members.iter().filter(|node| whole.report(**node).is_some()).count();
        (answering > 0 && whole.holders(instance).is_empty()).then(|| {
            let name = instance.name.as_str();
            let evidence = format!("{name}: on none of the {answering} that answer");
            Case { nodes: members, evidence }
        })
    };
    instances(whole).filter_map(of).collect()
}

pub(super) fn not_preferred(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let holders = whole.holders(instance);
        let preferred = whole.preferred(instance)?;
        (holders.len() == 1 && holders[0] != preferred).then(|| {
            let is = whole.names(&holders).join(", ");
            let should = whole.names(&[preferred]).join(", ");
            let name = instance.name.as_str();
            Case { nodes: vec![preferred], evidence: format!("{name} is on {is}, not on {should}") }
        })
    };
    instances(whole).filter_map(of).collect()
}

pub(super) fn no_spare(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let able = whole.candidates(instance);
        (instance.members.len() > 1 && able.len() == 1).then(|| {
            let name = instance.name.as_str();
            let only = whole.names(&able).join(", ");
            Case { nodes: able, evidence: format!("{name}: only {only}") }
        })
    };
    instances(whole).filter_map(of).collect()
}
