//! How the encoder's time grows with the size of the images.
//!
//! Images of another size are other images, easier or harder to tell apart. So the same pairs are taken at every size, in as
//! many pieces as that makes: what all pieces take together may grow only as log n does.

use crate::child::Figures;
use crate::inputs::Images;
use core::fmt;
use core::num::NonZeroUsize;

/// What the pieces of one size took.
struct Row {
    /// Least size of a piece, KiB.
    kib: usize,
    pieces: usize,
    /// All pieces together, seconds on CPUs.
    cpu: f64,
    /// The largest piece, MiB at the peak.
    peak: f64,
    /// n log₂ n of all pieces together, n being bytes of a target.
    work: f64,
}

impl Row {
    /// Nanoseconds for each n log₂ n: the same at every size if time grows so.
    fn nanoseconds(&self) -> f64 {
        self.cpu / self.work * 1e9
    }
}

/// A row for each size, smallest first.
pub(crate) struct Growth {
    level: u8,
    rows: Vec<Row>,
}

impl Growth {
    /// Cuts the pairs of the largest of `sizes` (KiB) into pieces of each size and encodes them all, each `repeat` times, of
    /// which the fastest counts: what is slower is the machine.
    pub(crate) fn measure(
        images: &Images,
        sizes: &[usize],
        level: u8,
        threads: NonZeroUsize,
        repeat: usize,
    ) -> Result<Self, String> {
        let mut sizes = sizes.to_vec();
        sizes.sort_unstable();
        let total = sizes.last().copied().unwrap_or_default() << 10;
        let mut rows = Vec::new();
        for kib in sizes {
            let pieces = images.pieces(total, kib << 10)?;
            let mut row = Row { kib, pieces: pieces.len(), cpu: 0.0, peak: 0.0, work: 0.0 };
            for piece in &pieces {
                let mut figures = Figures::of(piece, level, threads)?;
                for _ in 1..repeat {
                    let again = Figures::of(piece, level, threads)?;
                    figures.cpu = figures.cpu.min(again.cpu);
                }
                #[expect(clippy::cast_precision_loss, reason = "figures of three digits")]
                let len = piece.target.len() as f64;
                row.cpu += figures.cpu;
                row.peak = row.peak.max(figures.peak);
                row.work += len * len.log2();
            }
            rows.push(row);
        }
        Ok(Self { level, rows })
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.level;
        writeln!(f, "Level {level}: the same images in pieces; flat bars are n log n")?;
        writeln!(f, "   KiB  pieces       CPU      MiB  ns/(n log2 n)")?;
        for row in &self.rows {
            let Row { kib, pieces, cpu, peak, .. } = row;
            let each = row.nanoseconds();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bar")]
            let bar = "#".repeat((each / 2.0) as usize);
            writeln!(f, "{kib:>6} {pieces:>7} {cpu:>7.2} s {peak:>8.1} {each:>8.1} {bar}")?;
        }
        Ok(())
    }
}
