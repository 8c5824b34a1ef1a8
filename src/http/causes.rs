//! Why a request failed, by the types in an error's chain of causes. Their words are for people, and change with each
//! version of a library.

use std::error::Error;
use std::io;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use rustls::CertificateError;
use tokio_tungstenite::tungstenite::http::Uri;
use tower_service::Service;

use super::client::{IDLE_TIMEOUT, PrivateAddress};
use super::{HttpError, unusable};
use crate::domain::http_error::CertificateFault;

/// What a proxy's tunnel fails with. hyper-util exports the type only as the error of this service.
type TunnelError = <Tunnel<HttpConnector> as Service<Uri>>::Error;

/// reqwest's error as one of ours: its own text carries the address and a chain of causes.
pub(super) fn explain(error: &reqwest::Error) -> HttpError {
    if error.is_builder() {
        return unusable("it is not a usable address");
    }
    let phase = Phase { is_lookup: error.is_dns(), is_connect: error.is_connect(), is_timeout: error.is_timeout() };
    by_cause(error, phase)
}

/// How far a request came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phase {
    pub is_lookup: bool,
    pub is_connect: bool,
    pub is_timeout: bool,
}

pub(super) fn by_cause(error: &(dyn Error + 'static), phase: Phase) -> HttpError {
    if find::<PrivateAddress>(error).is_some() {
        HttpError::Forbidden
    } else if matches!(find::<TunnelError>(error), Some(TunnelError::ProxyAuthRequired)) {
        HttpError::ProxyLogin
    } else if let Some(error) = tls(error) {
        error
    } else if phase.is_lookup {
        HttpError::Name
    } else {
        match (chain(error).filter_map(|error| error.downcast_ref()).last().map(io::Error::kind), phase) {
            (Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), _) => HttpError::NoAnswer,
            // TCP itself does not end early while it connects: the handshake on top of it did.
            (Some(io::ErrorKind::UnexpectedEof), Phase { is_connect: true, .. }) => HttpError::Tls,
            (_, Phase { is_connect: true, .. }) => HttpError::Connect,
            (_, Phase { is_timeout: true, .. }) => HttpError::Timeout(IDLE_TIMEOUT),
            _ => HttpError::NoAnswer,
        }
    }
}

/// What TLS found wrong, if it did.
pub fn tls(error: &(dyn Error + 'static)) -> Option<HttpError> {
    Some(match find::<rustls::Error>(error)? {
        rustls::Error::InvalidCertificate(error) => HttpError::Certificate(fault(error)),
        _ => HttpError::Tls,
    })
}

fn fault(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::OtherName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        _ => CertificateFault::Untrusted,
    }
}

/// The first error of a type in a chain of causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// An error and its causes.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// An I/O error gives the cause of what it wraps as its own: it is asked for what it wraps.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_known_by_the_type_of_its_cause() {
        let certificate = |error| io::Error::other(io::Error::other(rustls::Error::InvalidCertificate(error)));
        let other_name = CertificateError::NotValidForNameContext {
            expected: "a.example".try_into().unwrap(),
            presented: vec!["DnsName(\"b.example\")".into()],
        };
        let io = |kind: io::ErrorKind| io::Error::other(io::Error::from(kind));
        let (lookup, connect) = (Phase { is_lookup: true, is_connect: true, ..CONNECT }, CONNECT);
        for (error, phase, expected) in [
            (certificate(other_name), connect, HttpError::Certificate(CertificateFault::OtherName)),
            (certificate(CertificateError::Expired), connect, HttpError::Certificate(CertificateFault::Expired)),
            (
                certificate(CertificateError::NotValidYet),
                connect,
                HttpError::Certificate(CertificateFault::NotYetValid),
            ),
            (
                certificate(CertificateError::UnknownIssuer),
                connect,
                HttpError::Certificate(CertificateFault::Untrusted),
            ),
            (io::Error::other(rustls::Error::HandshakeNotComplete), connect, HttpError::Tls),
            (io::Error::other(PrivateAddress), lookup, HttpError::Forbidden),
            (io::Error::other("certificate, tls, proxy auth"), lookup, HttpError::Name),
            (io::Error::other("dns, certificate, tls"), connect, HttpError::Connect),
            (io(io::ErrorKind::UnexpectedEof), connect, HttpError::Tls),
            (io(io::ErrorKind::UnexpectedEof), Phase::default(), HttpError::NoAnswer),
            (io(io::ErrorKind::ConnectionRefused), connect, HttpError::Connect),
            (io(io::ErrorKind::ConnectionReset), connect, HttpError::NoAnswer),
            (io(io::ErrorKind::TimedOut), TIMEOUT, HttpError::Timeout(IDLE_TIMEOUT)),
        ] {
            assert_eq!(by_cause(&error, phase), expected, "{error:?}");
        }
    }

    const CONNECT: Phase = Phase { is_lookup: false, is_connect: true, is_timeout: false };
    const TIMEOUT: Phase = Phase { is_lookup: false, is_connect: false, is_timeout: true };
}
