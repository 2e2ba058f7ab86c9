//! Models of sixteen symbols (§4.6).

/// Words of a model.
pub(crate) const WORDS: usize = 17;

const STEP: u16 = 24;
const MOST: u16 = 2048;

/// The shares of the symbols by two models, and their total. The other model knows symbols by what they are with the turn added.
pub(crate) fn shares(own: &[u16], other: &[u16], turn: usize) -> ([u32; 16], u32) {
    let share = |s: usize| 2 * u32::from(own[s]) + u32::from(other[(s + turn) & 15]) + 8;
    let total = 2 * u32::from(own[16]) + u32::from(other[16]) + 128;
    (core::array::from_fn(share), total)
}

/// Counts a symbol in a model.
pub(crate) fn count(model: &mut [u16], symbol: usize) {
    model[symbol] += STEP;
    model[16] += STEP;
    if model[16] > MOST {
        let (counts, sum) = model.split_at_mut(16);
        counts.iter_mut().for_each(|count| *count /= 2);
        sum[0] = counts.iter().sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_total() {
        let mut own = [0; WORDS];
        let mut other = [0; WORDS];
        for symbol in [3, 3, 9] {
            count(&mut own, symbol);
            count(&mut other, (symbol + 5) & 15);
        }
        let (shares, total) = shares(&own, &other, 5);
        assert_eq!(shares.iter().sum::<u32>(), total);
        assert_eq!((shares[3], shares[9], shares[0]), (2 * 48 + 48 + 8, 2 * 24 + 24 + 8, 8));
    }

    #[test]
    fn a_full_model_is_halved() {
        let mut model = [0; WORDS];
        count(&mut model, 1);
        model[0] = 1;
        model[16] = 25;
        for _ in 0..84 {
            count(&mut model, 2);
        }
        assert_eq!((model[2], model[16]), (2016, 2041));
        count(&mut model, 2);
        assert_eq!(model[..3], [0, 12, 1020]);
        assert_eq!(model[16], 1032);
    }
}
