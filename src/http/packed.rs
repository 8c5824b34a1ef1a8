//! Bodies that are packed, whatever their headers say of it: servers name gzip `x-gzip`, send it without a word, or
//! announce it and send plain text. So gzip is known by its first bytes; the other packings are the client's matter.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::HttpError;

/// What is asked for, as `Accept-Encoding`.
pub(super) const ACCEPTED: &str = "gzip, br, zstd";
/// How gzip begins (RFC 1952, 2.3.1), with its one method.
const GZIP: &[u8] = &[0x1f, 0x8b, 8];
/// A file that was packed by hand may be packed once more by the server.
const LAYERS: usize = 2;
/// Bytes unpacked at once.
const STEP: usize = 64 << 10;

/// The body as it was before it was packed, at most `cap` bytes of it: as far as it goes, and what keeps it from being
/// whole.
pub(super) fn unpack(mut body: Vec<u8>, cap: u64) -> (Vec<u8>, Result<(), HttpError>) {
    for _ in 0..LAYERS {
        if !body.starts_with(GZIP) {
            break;
        }
        let (unpacked, ended) = gunzip(&body, cap);
        body = unpacked;
        if ended.is_err() {
            return (body, ended);
        }
    }
    (body, Ok(()))
}

fn gunzip(packed: &[u8], cap: u64) -> (Vec<u8>, Result<(), HttpError>) {
    let mut decoder = MultiGzDecoder::new(packed);
    let (mut out, mut step) = (Vec::new(), vec![0; STEP]);
    loop {
        match decoder.read(&mut step) {
            Ok(0) => return (out, Ok(())),
            Ok(count) if (out.len() + count) as u64 > cap => return (out, Err(HttpError::TooLarge(cap))),
            Ok(count) => out.extend_from_slice(step.get(..count).unwrap_or_default()),
            // Some servers fill a body up behind its end, or get its checksum wrong.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput && !out.is_empty() => return (out, Ok(())),
            Err(_) => return (out, Err(HttpError::Broken)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked_and_nothing_else() {
        let text = b"<rss version=\"2.0\"/>".repeat(100);
        let torn = gzip(&text)[..gzip(&text).len() - 9].to_vec();
        for (name, given, expected, ended) in [
            ("plain", text.clone(), text.clone(), Ok(())),
            ("empty", Vec::new(), Vec::new(), Ok(())),
            ("packed", gzip(&text), text.clone(), Ok(())),
            ("packed twice", gzip(&gzip(&text)), text.clone(), Ok(())),
            ("two members", [gzip(b"a"), gzip(b"b")].concat(), b"ab".to_vec(), Ok(())),
            ("zeros behind", [gzip(&text), vec![0; 20]].concat(), text.clone(), Ok(())),
            ("a bomb", gzip(&vec![b'x'; 4 << 20]), Vec::new(), Err(HttpError::TooLarge(1 << 20))),
        ] {
            let (body, outcome) = unpack(given, 1 << 20);
            assert_eq!(outcome, ended, "{name}");
            assert!(body == expected || ended.is_err(), "{name}");
        }
        let (body, outcome) = unpack(torn, 1 << 20);
        assert_eq!(outcome, Err(HttpError::Broken));
        assert!(text.starts_with(&body), "its beginning");
    }

    proptest! {
        #[test]
        fn never_more_than_the_cap(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), cap in 0_u64..300) {
            bytes.splice(0..0, GZIP.iter().copied());
            prop_assert!(unpack(bytes, cap).0.len() as u64 <= cap);
            prop_assert!(unpack(gzip(&[b'x'; 350]), cap).0.len() as u64 <= cap);
        }
    }
}
