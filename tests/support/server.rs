//! A server on this machine's loopback: answers over HTTP as it is told, and pushes prices over a socket as Coinbase
//! does. Synchronous, a thread for each connection.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::LIMIT;

/// Where the socket is; everything else is asked over HTTP.
const SOCKET: &str = "/socket";
/// How soon a new price goes out.
const SOON: Duration = Duration::from_millis(50);

pub(crate) struct Server {
    address: SocketAddr,
    desk: Arc<Desk>,
}

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<String, Page>,
    /// How often each path was asked for.
    asked: BTreeMap<String, usize>,
    /// The last trade of each product, with its number.
    trades: BTreeMap<String, (u64, Value)>,
    closed: bool,
}

#[derive(Clone)]
struct Page {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { address: listener.local_addr().unwrap(), desk: Arc::default() };
        let desk = Arc::clone(&server.desk);
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if desk.lock().closed {
                    return;
                }
                let desk = Arc::clone(&desk);
                // A client that leaves in the middle is its own affair.
                std::thread::spawn(move || desk.serve(stream));
            }
        });
        server
    }

    /// `http://127.0.0.1:PORT` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}{SOCKET}", self.address)
    }

    /// What a path answers from now on.
    pub(crate) fn put(&self, path: &str, status: u16, kind: &'static str, body: impl Into<Vec<u8>>) {
        self.desk.lock().pages.insert(path.to_owned(), Page { status, kind, body: body.into() });
    }

    /// A trade: pushed to whoever listens to that product, now and later.
    pub(crate) fn trade(&self, product: &str, price: &str, open: &str, time: &str) {
        let mut state = self.desk.lock();
        let number = state.trades.get(product).map_or(1, |(number, _)| number + 1);
        let ticker = json!({
            "type": "ticker", "product_id": product, "price": price, "open_24h": open, "time": time, "trade_id": number,
        });
        state.trades.insert(product.to_owned(), (number, ticker));
    }

    /// Waits until a path has been asked for so many times more.
    #[track_caller]
    pub(crate) fn wait_until_asked(&self, path: &str, more: usize) {
        let count = |state: &State| state.asked.get(path).copied().unwrap_or(0);
        let state = self.desk.lock();
        let wanted = count(&state) + more;
        let waited = self.desk.changed.wait_timeout_while(state, LIMIT, |state| count(state) < wanted);
        assert!(!waited.unwrap().1.timed_out(), "{path} was not asked for {more} times more within {LIMIT:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.desk.lock().closed = true;
        // Wakes the thread that accepts.
        TcpStream::connect(self.address).ok();
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut head = [0; 512];
        let length = stream.peek(&mut head).ok()?;
        if head[..length].starts_with(format!("GET {SOCKET}").as_bytes()) {
            return self.push(tungstenite::accept(stream).ok()?);
        }
        self.answer(stream)
    }

    fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let mut lines = BufReader::new(&stream).lines();
        let first = lines.next()?.ok()?;
        lines.map_while(Result::ok).find(String::is_empty)?;
        let target = first.split(' ').nth(1)?;
        let path = target.split('?').next()?;
        let page = {
            let mut state = self.lock();
            *state.asked.entry(path.to_owned()).or_default() += 1;
            state.pages.get(path).cloned()
        };
        self.changed.notify_all();
        let page = page.unwrap_or(Page { status: 404, kind: "text/plain", body: b"not here".to_vec() });
        let Page { status, kind, body } = page;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} as told\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).ok()
    }

    /// Pushes trades of what is subscribed to, and a heartbeat beside each, until the client leaves.
    fn push(&self, mut socket: WebSocket<TcpStream>) -> Option<()> {
        socket.get_mut().set_read_timeout(Some(SOON)).ok()?;
        let mut wanted = BTreeSet::new();
        let mut sent: BTreeMap<String, u64> = BTreeMap::new();
        while !self.lock().closed {
            match socket.read() {
                Ok(Message::Text(text)) => subscribe(&mut wanted, &serde_json::from_str(&text).ok()?)?,
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return None,
            }
            let trades = self.lock().trades.clone();
            for (product, (number, ticker)) in trades.iter().filter(|(product, _)| wanted.contains(*product)) {
                let heartbeat = json!({"type": "heartbeat", "product_id": product});
                socket.write(Message::text(heartbeat.to_string())).ok()?;
                if sent.insert(product.clone(), *number) != Some(*number) {
                    socket.write(Message::text(ticker.to_string())).ok()?;
                }
            }
            socket.flush().ok()?;
        }
        Some(())
    }
}

fn subscribe(wanted: &mut BTreeSet<String>, message: &Value) -> Option<()> {
    let products = message["product_ids"].as_array()?.iter().filter_map(|id| id.as_str().map(str::to_owned));
    match message["type"].as_str()? {
        "subscribe" => wanted.extend(products),
        _ => products.for_each(|product| {
            wanted.remove(&product);
        }),
    }
    Some(())
}
