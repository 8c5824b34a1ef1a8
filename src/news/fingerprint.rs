//! A hash that means the same in every version and on every platform, which no standard hasher promises: it is stored.

/// FNV-1a (Fowler, Noll, Vo) with 64 bits.
pub fn of(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Of several texts, each ended by a byte that UTF-8 never holds.
pub fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    of(texts.into_iter().flat_map(|text| text.bytes().chain([0xff])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_hashes_keep_their_meaning() {
        // From the test vectors of the authors.
        assert_eq!(of(*b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of(*b"foobar"), 0x8594_4171_f739_67e8);
        assert_ne!(of_texts(["ab", "c"]), of_texts(["a", "bc"]));
    }
}
