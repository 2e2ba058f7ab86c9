//! Images by name, and patches between them.

use std::collections::BTreeMap;

use p256::ecdsa::SigningKey;

use super::file::{Image, Send};
use crate::image::{self, HARDWARE_ID, Signing};

/// The images of a scenario.
#[derive(Debug)]
pub struct Images(BTreeMap<String, Vec<u8>>);

impl Images {
    /// Builds and signs them.
    ///
    /// # Panics
    /// If a program is missing, or a hardware id or an offset does not fit.
    #[must_use]
    pub fn build(images: &BTreeMap<String, Image>) -> Self {
        Self(images.iter().map(|(name, image)| (name.clone(), build(image))).collect())
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
}

fn build(image: &Image) -> Vec<u8> {
    let mut signing = Signing::demo(image.version);
    if let Some(counter) = image.counter {
        signing.security_counter = counter;
    }
    if let Some(id) = &image.hardware_id {
        signing.hardware_id = [0; HARDWARE_ID.len()];
        signing.hardware_id[..id.len()].copy_from_slice(id.as_bytes());
    }
    if image.stranger {
        signing.key = SigningKey::from_slice(&[7; 32]).expect("a scalar");
    }
    let mut bytes = signing.image(&image::program(image.release.program()));
    if let Some(flip) = image.flip {
        bytes[flip] ^= 1;
    }
    bytes
}
