//! Lines of braille dots, two by four in a cell.

/// The bits of a cell, by column and row of its dots.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// Cells being dotted.
pub(super) struct Dots {
    width: usize,
    cells: Vec<u8>,
}

impl Dots {
    /// Room of so many cells.
    pub(super) fn new(width: usize, height: usize) -> Dots {
        Dots { width, cells: vec![0; width * height] }
    }

    /// A vertical stroke at a column of dots, from one row of dots to another.
    pub(super) fn stroke(&mut self, x: usize, from: usize, to: usize) {
        for y in from.min(to)..=from.max(to) {
            if let Some(cell) = self.cells.get_mut(y / 4 * self.width + x / 2).filter(|_| x / 2 < self.width) {
                *cell |= DOTS[x % 2][y % 4];
            }
        }
    }

    /// A line from one dot to another that is not left of it, without a gap.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let across = to.0.saturating_sub(from.0);
        let slope = (to.1 as f64 - from.1 as f64) / across.max(1) as f64;
        let y = |x: usize| if x == across { to.1 } else { (from.1 as f64 + slope * x as f64).round() as usize };
        let mut before = from.1;
        for x in 0..=across {
            self.stroke(from.0 + x, before, y(x));
            before = y(x);
        }
    }

    /// Column, row and glyph of each cell that has a dot.
    pub(super) fn glyphs(&self) -> impl Iterator<Item = (usize, usize, char)> + '_ {
        let dotted = self.cells.iter().enumerate().filter(|(_, dots)| **dots != 0);
        dotted.filter_map(|(at, dots)| {
            Some((at % self.width, at / self.width, char::from_u32(0x2800 + u32::from(*dots))?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_fill_the_dots_between() {
        let mut dots = Dots::new(2, 1);
        dots.stroke(0, 3, 0);
        dots.stroke(3, 0, 0);
        dots.stroke(9, 0, 0);
        assert_eq!(dots.glyphs().collect::<Vec<_>>(), [(0, 0, '⡇'), (1, 0, '⠈')]);
    }

    proptest::proptest! {
        /// No gap: each column of dots between has one, and it touches the one before.
        #[test]
        fn lines_have_no_gap(x in 0usize..20, across in 0usize..20, from in 0usize..32, to in 0usize..32) {
            let mut dots = Dots::new(20, 8);
            dots.line((x, from), (x + across, to));
            let has = |x: usize, y: usize| dots.cells[y / 4 * 20 + x / 2] & DOTS[x % 2][y % 4] != 0;
            proptest::prop_assert!(has(x, from) && has(x + across, to));
            for at in x..=x + across {
                proptest::prop_assert!((0..32).any(|y| has(at, y)), "column {at}");
            }
            for at in x..x + across {
                let near = |y: usize| (y.saturating_sub(1)..=(y + 1).min(31)).any(|next| has(at + 1, next));
                proptest::prop_assert!((0..32).any(|y| has(at, y) && near(y)), "between {at} and the next");
            }
        }
    }
}
