//! Images to measure with: real ones one behind another, and such as tempt a matcher into quadratic time.

use corpora::{Cache, Manifest, Pair, Split};

/// Two images to measure.
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) base: Vec<u8>,
    pub(crate) target: Vec<u8>,
    /// Thumb code at a known address; else the encoder finds out.
    pub(crate) code: bool,
}

/// Every pair of the corpora with its images, training split first.
pub(crate) struct Images {
    manifest: Manifest,
    cache: Cache,
}

impl Images {
    pub(crate) fn open() -> Result<Self, String> {
        let manifest = Manifest::load().map_err(|error| error.to_string())?;
        let cache = Cache::locate().map_err(|error| error.to_string())?;
        Ok(Self { manifest, cache })
    }

    fn pairs(&self) -> impl Iterator<Item = &Pair> {
        let of = |train: bool| {
            self.manifest.pairs().filter(move |pair| (pair.split == Split::Train) == train)
        };
        of(true).chain(of(false))
    }

    fn read(&self, pair: &Pair) -> Result<(Vec<u8>, Vec<u8>), String> {
        self.cache.pair(pair).map_err(|error| error.to_string())
    }

    /// Real pairs one behind another, cut at `len` bytes.
    pub(crate) fn concatenated(&self, len: usize) -> Result<Input, String> {
        let mut input = self.pieces(len, len)?.swap_remove(0);
        input.base.truncate(len);
        input.target.truncate(len);
        Ok(input)
    }

    /// The pairs whose images hold `total` bytes together, one behind another in pieces of at least `len` bytes: whole
    /// pairs, of which the last piece may have fewer.
    pub(crate) fn pieces(&self, total: usize, len: usize) -> Result<Vec<Input>, String> {
        let empty = || Input {
            name: format!("images {} KiB", len >> 10),
            base: Vec::new(),
            target: Vec::new(),
            code: true,
        };
        let mut pieces = vec![];
        let mut piece = empty();
        let (mut held, mut all) = (0, 0);
        for pair in self.pairs() {
            if all >= total {
                break;
            }
            let (base, target) = self.read(pair)?;
            let both = base.len().min(target.len());
            (held, all) = (held + both, all + both);
            piece.base.extend(base);
            piece.target.extend(target);
            if held >= len || all >= total {
                pieces.push(core::mem::replace(&mut piece, empty()));
                held = 0;
            }
        }
        if held > 0 {
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// One pair of the corpora, by its series.
    fn series(&self, series: &str) -> Result<Option<Input>, String> {
        let Some(pair) = self.manifest.pairs().find(|pair| pair.base.series == series) else {
            return Ok(None);
        };
        let (base, target) = self.read(pair)?;
        let name = format!("{series} {}", pair.target.version);
        Ok(Some(Input { name, base, target, code: false }))
    }

    /// What is measured at every level: two pairs, adversaries, and images of so many KiB.
    pub(crate) fn inputs(&self, sizes: &[usize]) -> Result<Vec<Input>, String> {
        let mut inputs = Vec::new();
        for series in ["particle-b5som-part1", "pybricks-primehub"] {
            inputs.extend(self.series(series)?);
        }
        let images = self.concatenated(512 << 10)?;
        inputs.extend(adversarial(&images.target, &images.target[..256 << 10]));
        for kib in sizes {
            inputs.push(self.concatenated(kib << 10)?);
        }
        Ok(inputs)
    }
}

/// Bytes that nothing predicts.
fn noise(len: usize, mut x: u64) -> Vec<u8> {
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    core::iter::repeat_with(|| next().to_le_bytes()).flatten().take(len).collect()
}

/// Inputs that tempt a matcher into quadratic time.
fn adversarial(image: &[u8], small: &[u8]) -> Vec<Input> {
    const LEN: usize = 2 << 20;
    let named = |name: &str, base: Vec<u8>, target: Vec<u8>| Input {
        name: name.to_owned(),
        base,
        target,
        code: false,
    };
    let cycle = |bytes: &[u8]| bytes.iter().copied().cycle().take(LEN).collect::<Vec<u8>>();
    let random = noise(LEN, 1);
    let words = "the device reads base and patch and writes target to flash ";
    let text = |seed: u64| -> Vec<u8> {
        let words: Vec<&str> = words.split_inclusive(' ').collect();
        let picks = noise(LEN / 4, seed);
        picks
            .iter()
            .flat_map(|&pick| words[usize::from(pick) % words.len()].bytes())
            .take(LEN)
            .collect()
    };
    let table: Vec<u8> = (0..LEN).map(|i| if i % 64 == 0 { random[i / 4096] } else { 0 }).collect();
    let mut rows = table.clone();
    rows.iter_mut().step_by(1021).for_each(|byte| *byte ^= 1);
    vec![
        named("random, unrelated", random.clone(), noise(LEN, 2)),
        named("random, the same", random.clone(), random.clone()),
        named("0xFF onto 0xFF", vec![0xFF; LEN], vec![0xFF; LEN]),
        named("0xFF onto random", random.clone(), vec![0xFF; LEN]),
        named("period 251 onto random", random.clone(), cycle(&random[..251])),
        named("period 100,003 onto random", noise(LEN, 3), cycle(&random[..100_003])),
        named("period 4096 onto period 4099", cycle(&random[..4099]), cycle(&random[..4096])),
        named("text onto text", text(4), text(5)),
        named("table with changed rows", table, rows),
        named("image onto 0xFF", vec![0xFF; LEN], small.to_vec()),
        named("image onto itself four times", cycle(image), image.to_vec()),
        named("tiny onto image", image.to_vec(), small[..100].to_vec()),
    ]
}
