//! The client's side of SOCKS 5 (RFC 1928, 1929): enough to reach a name through it.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Failure;

/// Asks the proxy at the other end of `stream` for a connection; names are resolved there.
pub(super) async fn connect(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    credentials: Option<&(String, String)>,
    host: &str,
    port: u16,
) -> Result<(), Failure> {
    greet(stream, credentials).await?;
    let Ok(length) = u8::try_from(host.len()) else { return Err(Failure::NameNotResolved) };
    // Version 5, connect, reserved, a name.
    let mut request = vec![5, 1, 0, 3, length];
    request.extend_from_slice(host.as_bytes());
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await.map_err(broken)?;
    let [_, reply, _, kind] = read(stream).await?;
    match reply {
        0 => {}
        3 | 4 => return Err(Failure::Unreachable),
        5 => return Err(Failure::Refused),
        6 => return Err(Failure::TimedOut),
        other => return Err(Failure::Upstream(format!("socks reply {other}"))),
    }
    // The address it bound follows, which nobody needs.
    let address = match kind {
        1 => 4,
        4 => 16,
        3 => {
            let [length] = read(stream).await?;
            usize::from(length)
        }
        other => return Err(Failure::Upstream(format!("socks address of kind {other}"))),
    };
    let mut bound = vec![0; address + 2];
    stream.read_exact(&mut bound).await.map_err(broken)?;
    Ok(())
}

async fn greet(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    credentials: Option<&(String, String)>,
) -> Result<(), Failure> {
    let greeting: &[u8] = if credentials.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    stream.write_all(greeting).await.map_err(broken)?;
    match (read(stream).await?, credentials) {
        ([5, 0], _) => Ok(()),
        ([5, 2], Some((name, password))) => {
            let mut login = vec![1];
            for part in [name, password] {
                let length = u8::try_from(part.len()).map_err(|_| Failure::UpstreamCredentials)?;
                login.push(length);
                login.extend_from_slice(part.as_bytes());
            }
            stream.write_all(&login).await.map_err(broken)?;
            let [_, status] = read(stream).await?;
            if status == 0 { Ok(()) } else { Err(Failure::UpstreamCredentials) }
        }
        ([5, _], _) => Err(Failure::UpstreamCredentials),
        _ => Err(Failure::Upstream("it does not speak socks5".into())),
    }
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(broken)?;
    Ok(bytes)
}

fn broken(_: std::io::Error) -> Failure {
    Failure::Upstream("it closed the connection".into())
}
