//! Opening a socket, and what is wrong with one, by the type of its error.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::UrlError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::domain::price::SocketError;
use crate::http::{HttpError, tls};

/// For the name, the connection, TLS and the upgrade together.
pub(super) const OPENING: Duration = Duration::from_secs(10);
/// Bytes in one message: the largest honest one is of a few hundred.
pub(super) const MESSAGE_CAP: usize = 1 << 20;
/// What is read in one go, in bytes. Pieces of a message are put together without a pause until the runtime's budget of reads
/// is used up, so that a peer that sends empty pieces without end holds the worker for as long as this many bytes allow.
pub(super) const READ_AT_ONCE: usize = 4 << 10;

/// What can open a socket: the network, or a test.
pub(crate) trait Dial: Send + Sync + 'static {
    /// What an open connection reads and writes.
    type Io: AsyncRead + AsyncWrite + Unpin + Send;

    /// Opens a connection and goes through the upgrade to a socket.
    fn dial(&self, request: Request) -> impl Future<Output = Result<WebSocketStream<Self::Io>, Error>> + Send;
}

/// The real network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network;

impl Dial for Network {
    type Io = MaybeTlsStream<TcpStream>;

    async fn dial(&self, request: Request) -> Result<WebSocketStream<Self::Io>, Error> {
        let address = address(request.uri()).ok_or(Error::Url(UrlError::UnsupportedUrlScheme))?;
        // Apart from the connection: only so is it known which of the two failed.
        let found: Vec<_> = tokio::net::lookup_host(address).await.map_err(|_| Error::from(NameNotFound))?.collect();
        let stream = TcpStream::connect(&*found).await?;
        stream.set_nodelay(true)?;
        client_async_tls_with_config(request, stream, Some(limits()), None).await.map(|(stream, _)| stream)
    }
}

/// Host and port; an IPv6 address is in brackets.
fn address(uri: &Uri) -> Option<String> {
    let port = uri.port_u16().or(match uri.scheme_str()? {
        "wss" => Some(443),
        "ws" => Some(80),
        _ => None,
    })?;
    Some(format!("{}:{port}", uri.host()?))
}

pub(super) fn limits() -> WebSocketConfig {
    let caps = WebSocketConfig::default().max_message_size(Some(MESSAGE_CAP)).max_frame_size(Some(MESSAGE_CAP));
    caps.read_buffer_size(READ_AT_ONCE)
}

/// No address was found for a name.
#[derive(Debug)]
struct NameNotFound;

impl fmt::Display for NameNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address was found for the name")
    }
}

impl std::error::Error for NameNotFound {}

impl From<NameNotFound> for Error {
    fn from(error: NameNotFound) -> Error {
        Error::Io(io::Error::other(error))
    }
}

/// What is wrong with a connection.
pub(super) fn explain(error: &Error) -> SocketError {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => SocketError::Closed,
        Error::Io(error) => explain_io(error),
        Error::Tls(_) => SocketError::Tls(HttpError::Tls),
        Error::Capacity(_) => SocketError::TooLarge,
        Error::Url(_) | Error::HttpFormat(_) => SocketError::Address,
        Error::Http(response) => SocketError::Status(response.status().as_u16()),
        Error::Protocol(_) | Error::Utf8(_) | Error::AttackAttempt | Error::WriteBufferFull(_) => SocketError::Protocol,
    }
}

fn explain_io(error: &io::Error) -> SocketError {
    if error.get_ref().is_some_and(|error| error.is::<NameNotFound>()) {
        return SocketError::Name;
    }
    match (tls(error), error.kind()) {
        (Some(error), _) => SocketError::Tls(error),
        (None, io::ErrorKind::UnexpectedEof) => SocketError::Broken,
        (None, io::ErrorKind::ConnectionRefused) => SocketError::Connect,
        (None, _) => SocketError::Io,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    use super::*;

    #[tokio::test]
    async fn what_keeps_a_socket_from_opening_is_known_by_type() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        // A label of a name has at most 63 bytes: no resolver has to be asked.
        let unknown = format!("{}.example", "a".repeat(64));
        for (url, expected) in [
            (format!("ws://{unknown}"), SocketError::Name),
            (format!("ws://{free}"), SocketError::Connect),
            (format!("wss://{open}"), SocketError::Broken),
            (format!("ftp://{open}"), SocketError::Address),
        ] {
            let request = url.clone().into_client_request().unwrap();
            let (dialled, ()) = tokio::join!(Network.dial(request), async {
                if url.starts_with("wss") {
                    drop(listener.accept().await);
                }
            });
            assert_eq!(explain(&dialled.map(drop).unwrap_err()), expected, "{url}");
        }
    }

    #[test]
    fn a_certificate_is_told_from_other_trouble() {
        let error = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = Error::Io(io::Error::new(io::ErrorKind::InvalidData, error));
        let expected = "its certificate is not one that this machine trusts";
        assert_eq!(explain(&error).to_string(), expected);
    }

    #[test]
    fn an_address_has_its_port() {
        let address = |uri: &'static str| address(&Uri::from_static(uri));
        assert_eq!(address("wss://a.example/ws").as_deref(), Some("a.example:443"));
        assert_eq!(address("ws://[::1]:8080/").as_deref(), Some("[::1]:8080"));
        assert_eq!(address("https://a.example/"), None);
    }
}
