//! How many colours a terminal has, and the nearest of them to a colour of 24 bits.

use ratatui::style::Color;

/// How many colours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// No colours, only attributes such as bold.
    None,
    /// The terminal's named colours.
    Sixteen,
    /// 256: a cube of six by six by six, and 24 greys.
    Indexed,
    /// 24 bits.
    #[default]
    True,
}

/// The sixteen colours as xterm has them; terminals differ, so they only serve to find the nearest name.
const NAMED: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The steps of the cube, and where it begins among the 256.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
const CUBE_START: usize = 16;
const GREYS_START: usize = 232;

impl Depth {
    /// The nearest colour that there is. Colours by name or number are the terminal's own already.
    pub fn fit(self, color: Color) -> Color {
        let Color::Rgb(red, green, blue) = color else { return color };
        match self {
            Depth::True => color,
            Depth::Indexed => nearest([red, green, blue], indexed()),
            Depth::Sixteen => nearest([red, green, blue], NAMED.into_iter()),
            Depth::None => Color::Reset,
        }
    }
}

/// The colours from 16 to 255: those below are each terminal's own.
fn indexed() -> impl Iterator<Item = (Color, [u8; 3])> {
    let cube = (0..216).map(|at| (CUBE_START + at, [CUBE[at / 36], CUBE[at / 6 % 6], CUBE[at % 6]]));
    let greys = (0..24).map(|at| (GREYS_START + at, [(8 + at * 10) as u8; 3]));
    cube.chain(greys).map(|(index, rgb)| (Color::Indexed(index as u8), rgb))
}

fn nearest(wanted: [u8; 3], colors: impl Iterator<Item = (Color, [u8; 3])>) -> Color {
    colors.min_by_key(|(_, rgb)| distance(wanted, *rgb)).map_or(Color::Reset, |(color, _)| color)
}

/// Squared, with the weights of how bright the eye sees each.
fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    let square = |at: usize| u32::from(a[at].abs_diff(b[at])).pow(2);
    2 * square(0) + 4 * square(1) + 3 * square(2)
}

/// A share of the way from one colour to another; the other one where they are not known as numbers.
pub(super) fn blend(from: Color, to: Color, share: f64) -> Color {
    let (Color::Rgb(r0, g0, b0), Color::Rgb(r1, g1, b1)) = (from, to) else { return to };
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8;
    Color::Rgb(mix(r0, r1), mix(g0, g1), mix(b0, b1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_colour_is_found() {
        for (depth, rgb, expected) in [
            (Depth::True, (1, 2, 3), Color::Rgb(1, 2, 3)),
            (Depth::Indexed, (255, 0, 0), Color::Indexed(196)),
            (Depth::Indexed, (0x2b, 0x33, 0x42), Color::Indexed(237)),
            (Depth::Indexed, (95, 135, 175), Color::Indexed(67)),
            (Depth::Sixteen, (250, 250, 250), Color::White),
            (Depth::Sixteen, (200, 10, 10), Color::Red),
            (Depth::None, (200, 10, 10), Color::Reset),
        ] {
            let (red, green, blue) = rgb;
            assert_eq!(depth.fit(Color::Rgb(red, green, blue)), expected, "{depth:?} {rgb:?}");
        }
        assert_eq!(Depth::Sixteen.fit(Color::LightBlue), Color::LightBlue);
    }

    #[test]
    fn colours_blend() {
        let (black, white) = (Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255));
        assert_eq!(blend(black, white, 0.5), Color::Rgb(128, 128, 128));
        assert_eq!(blend(Color::Gray, white, 0.5), white);
    }
}
