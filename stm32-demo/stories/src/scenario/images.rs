//! Images by name, and patches between them.

use std::collections::BTreeMap;

use p256::ecdsa::SigningKey;

use super::file::{Image, Scenario, Send};
use crate::image::{self, HARDWARE_ID, Signing};
use crate::single::{Patches, Signer};

/// The images of a scenario.
#[derive(Debug)]
pub struct Images(BTreeMap<String, Vec<u8>>);

impl Images {
    /// Builds and signs them.
    ///
    /// # Panics
    /// If a program is missing, or a hardware id or an offset does not fit.
    #[must_use]
    pub fn build(scenario: &Scenario) -> Self {
        let single = scenario.device.slot.is_some();
        let images = scenario.images.iter();
        Self(images.map(|(name, image)| (name.clone(), build(image, single))).collect())
    }

    /// An image by its name.
    ///
    /// # Panics
    /// If there is none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> &[u8] {
        self.0.get(name).unwrap_or_else(|| panic!("no image is named {name}"))
    }

    /// What is sent, before anything happens to it.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    pub fn patch(&self, send: &Send) -> Vec<u8> {
        let target = self.get(&send.target);
        match &send.base {
            Some(base) => image::patch(self.get(base), target),
            None => image::full(target),
        }
    }

    /// What is sent to a device with one slot, before anything happens to it.
    ///
    /// # Panics
    /// If there is no such image, or no base.
    #[must_use]
    pub fn patches(&self, send: &Send) -> Patches {
        let target = self.get(&send.target);
        let base = self.get(send.base.as_deref().expect("one slot takes no full image"));
        let header = target.first_chunk().and_then(layout::ImageHeader::decode);
        let counter = send.counter.or(header.map(|header| header.security_counter));
        let mut signer = Signer::demo(counter.expect("an image"));
        if send.stranger {
            signer.key = stranger();
        }
        let back_to = send.back_to.as_ref().map_or(base, |name| self.get(name));
        let reverse = send.with_reverse.then(|| signer.patch(target, back_to));
        Patches { forward: signer.patch(base, target), reverse }
    }
}

/// A key that no device knows.
fn stranger() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("a scalar")
}

fn build(image: &Image, single: bool) -> Vec<u8> {
    let mut signing = Signing::demo(image.version);
    if let Some(counter) = image.counter {
        signing.security_counter = counter;
    }
    if let Some(id) = &image.hardware_id {
        signing.hardware_id = [0; HARDWARE_ID.len()];
        signing.hardware_id[..id.len()].copy_from_slice(id.as_bytes());
    }
    if image.stranger {
        signing.key = stranger();
    }
    let name = image.release.program();
    let mut bytes = if single {
        signing.image(&image::program(&format!("single-{name}")), layout::single::SLOT)
    } else {
        signing.image(&image::program(name), layout::SLOT_A)
    };
    if let Some(flip) = image.flip {
        bytes[flip] ^= 1;
    }
    bytes
}
