//! The guard around reading: a panic on someone's document must cost that document, not the program, and must not
//! be printed over the screen.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: Cell<u64> = const { Cell::new(0) };
}

/// True while this thread works behind the guard. The program's panic hook asks this first, and prints nothing then:
/// the panic is caught and reported as a sentence.
pub fn is_catching() -> bool {
    CATCHING.with(Cell::get)
}

/// How many panics this thread has caught here. There should be none: what makes other people's code panic is known,
/// and is kept away from it.
pub fn caught() -> u64 {
    CAUGHT.with(Cell::get)
}

/// Does the work; None when it panicked.
pub fn catch_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    let _flag = Flag(CATCHING.replace(true));
    // The work owns or only reads what it is given, and what it made is thrown away: nothing half-done can be seen.
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    CAUGHT.set(CAUGHT.get() + u64::from(done.is_none()));
    done
}

/// Puts the flag back, also when unwinding.
struct Flag(bool);

impl Drop for Flag {
    fn drop(&mut self) {
        CATCHING.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_flag_put_back() {
        assert!(!is_catching());
        assert_eq!(catch_panic(is_catching), Some(true));
        assert_eq!(catch_panic(|| -> u8 { std::panic::resume_unwind(Box::new("quiet")) }), None);
        assert!(!is_catching());
        assert_eq!(caught(), 1);
    }
}
