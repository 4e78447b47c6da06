//! One VRID on several sites: no matter where the sites do not hear each other.

use super::found::Found;
use super::lint::Lint;
use super::{Drafts, WithCheck};
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[Lint::warning(
    "vrid-on-two-sites",
    "instances of two sites have one virtual_router_id",
    "Where both sites hear the same multicast, each takes the other's advertisements for its own: the log \
              fills, and roles change without need.",
    "give each instance a number of its own; or allow this where no multicast passes between the sites",
)
.checked_by(two_sites)];

fn two_sites(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let hears = |one: &&InstanceDraft| !one.unicast && one.site.is_some();
    let all: Vec<&InstanceDraft> = drafts.instances.iter().filter(hears).collect();
    for (at, instance) in all.iter().enumerate() {
        let Some(vrid) = &instance.virtual_router_id else { continue };
        let members = member::members(instance, drafts.nodes);
        let same = all[..at].iter().find(|other| {
            other.virtual_router_id.as_ref().is_some_and(|own| own.value == vrid.value)
                && other.family() == instance.family()
                && member::members(other, drafts.nodes).iter().all(|one| !members.contains(one))
        });
        if let Some(other) = same {
            let title = format!(
                "`{}` of another site has virtual_router_id {} too",
                other.name(),
                vrid.value
            );
            found.at(vrid.at.clone(), title);
        }
    }
}
