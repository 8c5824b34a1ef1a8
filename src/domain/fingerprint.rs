//! Hashes that mean the same in every version and on every platform, which no standard hasher promises: they are stored,
//! and compared between documents.
//!
//! FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv), with 64 bits and with 32.

/// The hash of nothing, with 64 bits.
pub(crate) const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;
/// The hash of nothing, with 32 bits.
pub(crate) const EMPTY_32: u32 = 0x811c_9dc5;

/// A hash with more bytes behind those it was made of.
pub(crate) fn on(hash: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The hash of bytes, with 64 bits.
pub(crate) fn of(bytes: impl IntoIterator<Item = u8>) -> u64 {
    on(EMPTY, bytes)
}

/// The hash of several texts, each ended by a byte that UTF-8 never holds.
pub(crate) fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    of(texts.into_iter().flat_map(|text| text.bytes().chain([0xff])))
}

/// A hash of 32 bits with one more byte.
pub(crate) fn on_32(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// The hash of bytes, with 32 bits.
pub(crate) fn of_32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(EMPTY_32, on_32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_hashes_keep_their_meaning() {
        // From the test vectors of the authors.
        assert_eq!([of(*b""), of(*b"foobar")], [0xcbf2_9ce4_8422_2325, 0x8594_4171_f739_67e8]);
        assert_eq!([of_32(*b""), of_32(*b"foobar")], [0x811c_9dc5, 0xbf9c_f968]);
        assert_ne!(of_texts(["ab", "c"]), of_texts(["a", "bc"]));
    }
}
