//! A whole update: bootloader, application, and a server that offers one signed patch.
//!
//! The flash is a model of an STM32L496; on a device it is the driver, and the rest stays as it is. The same in C:
//! `device-apply/capi/example/main.c`.

use core::error::Error;

use device_apply::boot::{self, Check, Image, ImageRecord, Record, Reset, Slot, Start};
use device_apply::journal::Journal;
use device_apply::trust::{Policy, PublicKey};
use device_apply::update::{self, Action, Event, Failure, Kind, Machine, Phase, Started};
use device_apply::{Applier, Stage};
use flash_model::{FlashModel, Stm32L4};
use patcher_core::reference::{Isa, thumb};
use rig::plan::Recipe;
use rig::seal::{Key, Terms, signed};
use sha2::{Digest, Sha256};

type Flash = FlashModel<Stm32L4>;
type Part<'a> = flash_model::Slot<'a, Stm32L4>;
type Done<T> = Result<T, Box<dyn Error>>;

/// The instruction sets that this device links.
static ISAS: [&dyn Isa; 1] = [&thumb::Thumb];

/// What the product knows of itself.
struct Product<'a> {
    flash: &'a Flash,
    signers: [PublicKey; 1],
    hardware_id: &'static [u8],
}

/// What the server offers.
struct Server {
    event: Event,
    patch: Vec<u8>,
}

/// The memory map: two slots, two pages for the update's state, two for boot metadata.
impl<'a> Product<'a> {
    fn slot(&self, slot: Slot) -> Part<'a> {
        match slot {
            Slot::A => self.flash.slot(0..0x7_E000),
            Slot::B => self.flash.slot(0x8_0000..0xF_E000),
        }
    }

    fn machine(&self) -> Done<Machine<Part<'a>>> {
        let journal = Journal::open(self.flash.slot(0xF_E000..0xF_F000))?;
        Ok(Machine::new(journal, update::Policy::default()))
    }

    fn metadata(&self) -> Done<Journal<Part<'a>, Record>> {
        Ok(Journal::open(self.flash.slot(0xF_F000..0x10_0000))?)
    }

    /// Appends what `change` makes of the newest boot metadata.
    fn record(&self, change: impl FnOnce(Record) -> Record) -> Done<()> {
        let mut metadata = self.metadata()?;
        let next = change(metadata.latest().copied().unwrap_or_default());
        Ok(metadata.append(&next)?)
    }
}

/// The bootloader.
impl Product<'_> {
    fn boot(&self, reset: Reset) -> Done<Image> {
        let start = Start { reset, trial_boots: 3 };
        let verify = |image: Image, record: &Record| match image {
            Image::Slot(slot) => self.verify(slot, &record.image(slot)),
            Image::Golden => Check::Invalid, // this product has none
        };
        boot::select(&mut self.metadata()?, &start, verify).ok_or_else(|| "nothing to start".into())
    }

    /// A product checks the image's signature here too; this one believes the digest in the metadata.
    fn verify(&self, slot: Slot, recorded: &ImageRecord) -> Check {
        match self.slot(slot).dump(recorded.len as usize) {
            Ok(image) if recorded.len > 0 && Sha256::digest(&image)[..] == recorded.digest => {
                Check::Valid { security_counter: recorded.security_counter }
            }
            _ => Check::Invalid,
        }
    }
}

/// The application.
impl Product<'_> {
    /// Streams the patch into the other slot, as its packets arrive.
    fn apply(&self, running: Slot, patch: &[u8], counter: u32) -> Result<ImageRecord, Failure> {
        let policy = Policy::new(&self.signers, self.hardware_id, counter);
        let (mut workspace, mut block) = ([0; 8192], [0; 1024]);
        let (base, staging) = (self.slot(running), self.slot(running.other()));
        let mut applier =
            Applier::verifying(base, staging, &mut workspace, &ISAS, policy, &mut block);
        for packet in patch.chunks(20) {
            let mut rest = packet;
            while !rest.is_empty() {
                // A call does a slice of work: feed the watchdog here.
                applier.push(&mut rest).map_err(|error| Failure::from(&error))?;
            }
        }
        let len = loop {
            let progress = applier.finish().map_err(|error| Failure::from(&error))?;
            if let Stage::Done { target_len } = progress.stage {
                break target_len;
            }
        };
        let security_counter = applier.security_counter().unwrap_or(0);
        let target = self.slot(running.other()).dump(len as usize).unwrap_or_default();
        Ok(ImageRecord { len, version: 0, security_counter, digest: Sha256::digest(target).into() })
    }

    /// Runs the image in `running` from its start until it resets, which is `true`, or has nothing to do.
    fn run(&self, running: Slot, mut server: Option<&Server>, now: &mut u32) -> Done<bool> {
        let mut machine = self.machine()?;
        let record = self.metadata()?.latest().copied().unwrap_or_default();
        let started = Started::of(&record, Image::Slot(running), machine.state().id());
        let (mut event, mut target) = (Event::Started(started), ImageRecord::default());
        let mut patch = &[][..];
        loop {
            *now += 1;
            // The state is written before the action is done: after a cut the same action comes again.
            let action = machine.handle(*now, event)?;
            println!("{now:>4} s  slot {running:?}  {:?}: {action:?}", machine.state().phase());
            event = match action {
                Action::None => {
                    let Some(offered) = server.take() else { return Ok(false) };
                    patch = &offered.patch;
                    offered.event
                }
                Action::Fetch { .. } => {
                    self.record(|record| record.vacate(running.other()))?;
                    match self.apply(running, patch, record.security_counter()) {
                        Ok(image) => {
                            target = image;
                            Event::Received
                        }
                        Err(failure) => Event::Failed(failure),
                    }
                }
                Action::Verify => {
                    // The applier has read the target back: what is left is to remember it.
                    self.record(|record| record.stage(running.other(), target))?;
                    Event::Verified
                }
                Action::AskForInstall => Event::Install,
                Action::Swap => {
                    let staged = |record: Record| record.image(running.other());
                    self.record(|record| record.request(running.other(), staged(record)))?;
                    return Ok(true);
                }
                Action::CheckHealth => Event::Healthy,
                Action::Wait { until } => {
                    *now = until.saturating_sub(1);
                    let trial = machine.state().phase() == Phase::Test;
                    if trial { Event::Healthy } else { Event::Tick }
                }
                Action::Confirm => {
                    self.record(|record| record.confirm(running).unwrap_or(record))?;
                    Event::Confirmed
                }
                Action::Revert => {
                    self.record(|record| record.fail(running).unwrap_or(record))?;
                    return Ok(true);
                }
                Action::Report(outcome) => {
                    println!("        tell the server: LwM2M result {}", outcome.lwm2m_result());
                    return Ok(false);
                }
                Action::Refuse(refusal) => return Err(format!("refused: {refusal:?}").into()),
            };
        }
    }
}

fn main() -> Done<()> {
    // The vendor's side, which `patcher create --sign-key` does.
    let key = Key::new(1);
    let (old, new) = (vec![1; 5_000], vec![2; 6_000]);
    let terms = Terms { counter: 4, hardware_id: b"meter-2".to_vec(), ..Terms::default() };
    let patch = signed(&Recipe::full().encode(&[], &new).bytes(), &key, &terms);
    let id = *Sha256::digest(&new).first_chunk().ok_or("a digest")?;
    let server = Server { event: Event::Offer { id, kind: Kind::Delta }, patch };

    // The factory's.
    let flash = Flash::new();
    let signers = [PublicKey(key.public())];
    let product = Product { flash: &flash, signers, hardware_id: b"meter-2" };
    product.slot(Slot::A).load(&old);
    let len = u32::try_from(old.len())?;
    let digest = Sha256::digest(&old).into();
    let image = ImageRecord { len, version: 0, security_counter: 3, digest };
    product.record(|_| Record::factory(Slot::A, image))?;

    // The device's, start by start.
    let mut now = 0;
    let mut server = Some(&server);
    loop {
        let Image::Slot(running) = product.boot(Reset::Other)? else { return Err("golden".into()) };
        if !product.run(running, server.take(), &mut now)? {
            break;
        }
    }
    let record = product.metadata()?.latest().copied().ok_or("metadata")?;
    assert_eq!(record.active(), Slot::B, "the target has confirmed itself");
    assert_eq!(record.security_counter(), 4, "and the old image may not come back");
    assert_eq!(product.slot(Slot::B).dump(new.len())?, new);
    Ok(())
}

#[test]
fn the_update_ends_confirmed() -> Done<()> {
    main()
}
