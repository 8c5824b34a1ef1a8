//! Servers on this machine's loopback: one that answers as told over HTTP, one that pushes prices over a socket.
