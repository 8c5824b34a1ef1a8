//! Listens to one source: one loop for all sockets.

#[derive(Debug)]
pub struct Network;
