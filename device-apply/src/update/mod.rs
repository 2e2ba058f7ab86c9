//! How far an update is, and what to do next: a pure state machine, kept in flash.
//!
//! [`step`] maps state, time and event to the next state and an [`Action`]; its table is docs/state-machine.md. [`Machine`] writes
//! each state down before its action is done, so that after a cut the same action comes again. No action is harmed by being
//! done twice.
//!
//! ```text
//!         offer           received        verified             install, start          healthy          confirmed
//!  Idle ────────▶ Download ──────▶ Verify ───────▶ SwapPending ──────────────▶ Test ──────────▶ Confirm ────────▶ Idle
//!    ▲             ▲ │ ▲             │                  │                       │ unhealthy        │
//!    │   back-off, └─┘ └─────────────┘ start            │ refused, rejected     ▼                  │ reverted
//!    └── spent, untrusted, cancel ──────────────────────┴────────────────── Rollback ◀────────────┘
//! ```
//!
//! ```
//! use device_apply::journal::Journal;
//! use device_apply::update::{Action, Event, Kind, Machine, Phase, Policy, Started};
//! use flash_model::{FlashModel, Stm32L4};
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! let journal = Journal::open(flash.slot(0xF_E000..0xF_F000))?;
//! let mut machine = Machine::new(journal, Policy::default());
//!
//! // The server offers a patch to the image whose digest begins so.
//! let offer = Event::Offer { id: [7; 8], kind: Kind::Delta };
//! assert_eq!(machine.handle(1_000, offer)?, Action::Fetch { kind: Kind::Delta });
//! assert_eq!(machine.handle(1_060, Event::Received)?, Action::Verify);
//! assert_eq!(machine.handle(1_070, Event::Verified)?, Action::AskForInstall);
//! assert_eq!(machine.handle(1_080, Event::Install)?, Action::Swap);
//!
//! // After the reset the target runs on trial, until it has been healthy for a while.
//! assert_eq!(machine.handle(1_090, Event::Started(Started::Trial))?, Action::CheckHealth);
//! assert_eq!(machine.handle(1_095, Event::Healthy)?, Action::Wait { until: 1_390 });
//! assert_eq!(machine.handle(1_390, Event::Healthy)?, Action::Confirm);
//! machine.handle(1_391, Event::Confirmed)?;
//! assert_eq!(machine.state().phase(), Phase::Idle);
//! assert_eq!(machine.state().outcome().lwm2m_result(), 1); // updated successfully
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod clock;
mod event;
mod layout;
mod machine;
mod outcome;
mod policy;
mod state;
mod step;

pub use event::{Action, Event, Failure, Kind, Refusal, Started};
pub use machine::Machine;
pub use outcome::Outcome;
pub use policy::Policy;
pub use state::{ID_BYTES, Phase, State};
pub use step::step;
