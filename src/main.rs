//! Arguments in, exit status out; everything else is the library's.

use std::process::ExitCode;

/// Stories come and go for days: what the system's allocator keeps of the freed ones between others grows (DESIGN.md).
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    newstape::commands::run()
}
