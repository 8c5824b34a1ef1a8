//! Tables on standard output: columns as wide as their widest cell, by what a terminal shows.

use std::io::{self, Write};

use crate::screen::text::{cut, fit, safe, width};

/// No column but the last is wider, in cells.
const WIDEST: usize = 48;

/// Writes the rows; the last column is not padded.
pub(super) fn write<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let mut widths = [0; N];
    for row in rows {
        for (cell, widest) in row.iter().zip(&mut widths) {
            *widest = width(&safe(cell)).min(WIDEST).max(*widest);
        }
    }
    for row in rows {
        let mut line = String::new();
        for (at, (cell, widest)) in row.iter().zip(widths).enumerate() {
            let cell = safe(cell);
            match at + 1 == N {
                true => line.push_str(&cell),
                false => line.push_str(&format!("{}  ", fit(&cut(&cell, widest), widest))),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
