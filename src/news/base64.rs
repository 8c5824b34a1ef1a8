//! Base64 (RFC 4648), in which Atom carries what is neither text nor markup.

/// The text that was encoded; empty when it is none.
pub fn text(encoded: &str) -> String {
    String::from_utf8(bytes(encoded)).unwrap_or_default()
}

/// Whatever is no digit of it (line ends, the padding) is skipped, and bits left at the end are none.
fn bytes(encoded: &str) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (Vec::with_capacity(encoded.len() / 4 * 3), 0_u32, 0_u32);
    for digit in encoded.bytes().filter_map(digit) {
        bits = (bits << 6 | u32::from(digit)) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(((bits >> held) & 0xff) as u8);
        }
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (given, expected) in
            [("", ""), ("TmV3cw==", "News"), (" TmV3\n cw ", "News"), ("w6nDqQ", "éé"), ("/w==", ""), ("*", "")]
        {
            assert_eq!(text(given), expected, "{given}");
        }
    }
}
