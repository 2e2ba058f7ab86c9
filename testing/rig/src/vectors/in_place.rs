//! Patches that are applied in place: some that decode, some that are refused.

use patcher_core::container::in_place::{Form, InPlace};
use patcher_core::stream::Question;
use patcher_core::{DecodeError, Header, HeaderError};

use super::book::{Base, Book, Label, Offer};
use crate::decode::Refusal;
use crate::firmware::{self, ADDRESS};
use crate::forge::forge;
use crate::plan::{Patch, Recipe};

pub(super) fn write(book: &mut Book) {
    let (base, target) = firmware::pair(25, 40);
    let base = book.image("in-place", base);
    valid(book, &base, &target);
    invalid(book, &base, &target);
}

/// A slot for both images.
fn slot(form: Form, reserve_pages: u16, base: &[u8], target: &[u8]) -> InPlace {
    let pages = |len: usize| u16::try_from(len.div_ceil(256)).unwrap_or(u16::MAX);
    let moved = if form == Form::Slide { reserve_pages } else { 0 };
    let slot_pages = (pages(base.len()) + moved).max(pages(target.len()));
    InPlace { page_log2: 8, slot_pages, form, reserve_pages, resets: false, check: 0 }
}

fn valid(book: &mut Book, base: &Base, target: &[u8]) {
    let thumb = Recipe::plain().addressed(2, (base.bytes.len(), ADDRESS), (target.len(), ADDRESS));
    let mut vector = |name, about, recipe: Recipe| {
        let patch = recipe.encode(&base.bytes, target).bytes();
        book.valid(Label::new(name, "2.2", about), Some(base), target, patch);
    };
    let place = |form, reserve| slot(form, reserve, &base.bytes, target);
    vector(
        "in-place-slide",
        "the base moves up by four pages, epochs of two",
        thumb.with_marks(9, false).in_place(place(Form::Slide, 4)),
    );
    let resets = InPlace { resets: true, ..place(Form::Scratch, 3) };
    vector(
        "in-place-scratch",
        "base pages go to a scratch of three, marks reset the model",
        thumb.with_marks(8, true).in_place(resets),
    );
    vector(
        "in-place-one-epoch",
        "slack for all of the target: nothing is gone",
        thumb.in_place(place(Form::Slide, 20)),
    );
    vector(
        "in-place-one-page",
        "a page of slack and epochs of a page: nothing behind is left",
        Recipe::plain().with_marks(8, false).in_place(place(Form::Slide, 1)),
    );
}

fn invalid(book: &mut Book, base: &Base, target: &[u8]) {
    let plain = Recipe::plain().with_marks(9, false);
    let place = slot(Form::Slide, 2, &base.bytes, target);
    let sound = plain.in_place(place).encode(&base.bytes, target);
    let mut vector = |name, about, patch, refusal| {
        let label = Label::new(name, "2.2", about);
        book.invalid(label, Some(base), patch, refusal, Offer::default());
    };
    let lies = [
        (
            "slot-without-slack",
            "no room for the moved base",
            InPlace { slot_pages: place.slot_pages - 1, ..place },
        ),
        ("slot-of-tiny-pages", "pages of 64 bytes", InPlace { page_log2: 6, ..place }),
        ("slot-of-large-pages", "marks within pages", InPlace { page_log2: 10, ..place }),
        (
            "slot-without-reserve",
            "a base that moves by nothing",
            InPlace { reserve_pages: 0, ..place },
        ),
    ];
    for (name, about, lie) in lies {
        let header = Header { in_place: Some(lie), ..sound.header };
        let patch = Patch { header, body: sound.body.clone() }.bytes();
        vector(name, about, patch, Refusal::Header(HeaderError::InPlace));
    }
    let mut reserved = sound.bytes();
    // Version, flags, memory, map entries, two lengths of two bytes, base length, epoch.
    let form = 3 + 1 + 2 + 2 + 1 + 1;
    assert_eq!(reserved[form], place.page_log2, "the form is where it is thought to be");
    reserved[form] |= 0x80;
    vector(
        "slot-reserved",
        "a form that is reserved",
        reserved,
        Refusal::Header(HeaderError::Reserved),
    );
    let mut damaged = sound.bytes();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    vector(
        "in-place-damaged",
        "a bit of the body is another",
        damaged,
        Refusal::Body(DecodeError::Check),
    );
    let own = sound.header;
    let mut gone = |name, about, answer: &mut dyn FnMut(u32, Question<'_>) -> u32| {
        // Epochs of four pages, of which two can be read back: in the first one, base bytes below 512 are gone.
        let mut header = own;
        (header.epoch_log2, header.body_len) = (10, 0);
        let (body, end) = forge(&header, &base.bytes, target, answer);
        assert_eq!(end, Err(DecodeError::BaseGone), "{name}");
        let patch = Patch { header, body: [body, vec![0; 8]].concat() };
        let patch = patch.sealed(&base.bytes, target).bytes();
        vector(name, about, patch, Refusal::Body(DecodeError::BaseGone));
    };
    gone("diff-of-gone-base", "a diff with the last byte that is gone", &mut |_, q| match q {
        Question::BaseJump { .. } => 511,
        _ => 0,
    });
    gone("copy-of-gone-base", "a copy that begins with the last byte that is gone", &mut |_, q| {
        match q {
            Question::ExtraLength { .. } => 100,
            Question::IsCopy | Question::FromBase => 1,
            Question::BaseDistance { .. } => 511,
            Question::CopyLength => 30,
            _ => 0,
        }
    });
}
