//! Whose process is at the other end of a loopback connection.

use tokio::net::TcpStream;

/// Whether this connection comes from a process of `user`. Where the system does not tell, it is let in: the
/// check keeps other local users from using the proxy, it is not what keeps sessions apart.
#[cfg(target_os = "linux")]
pub(super) fn is_allowed(stream: &TcpStream, user: Option<u32>) -> bool {
    let (Some(user), Ok(ours), Ok(theirs)) = (user, stream.local_addr(), stream.peer_addr()) else {
        return true;
    };
    let (std::net::SocketAddr::V4(ours), std::net::SocketAddr::V4(theirs)) = (ours, theirs) else {
        return true;
    };
    diag::owner(theirs, ours).is_none_or(|owner| owner == user)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_allowed(_stream: &TcpStream, _user: Option<u32>) -> bool {
    true
}

/// One question to the kernel's socket table: cheap however many sockets there are, unlike `/proc/net/tcp`.
#[cfg(target_os = "linux")]
mod diag {
    use std::net::SocketAddrV4;
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLM_F_REQUEST: u16 = 1;
    /// The header of a netlink message, and what follows it in a question.
    const HEADER: usize = 16;
    const QUESTION: usize = 56;
    /// Where an answer holds the user: behind the header, 4 bytes, the socket's identity and 3 counters.
    const USER: usize = HEADER + 4 + 48 + 12;

    /// The user who owns the socket `local` that is connected to `remote`.
    pub fn owner(local: SocketAddrV4, remote: SocketAddrV4) -> Option<u32> {
        let netlink = socket(
            AddressFamily::Netlink,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkSockDiag,
        )
        .ok()?;
        send(netlink.as_raw_fd(), &question(local, remote), MsgFlags::empty()).ok()?;
        let mut answer = [0; 512];
        // The kernel has answered by the time it has taken the question.
        let length = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::MSG_DONTWAIT).ok()?;
        let kind = u16::from_ne_bytes([answer[4], answer[5]]);
        let user =
            answer.get(USER..USER + 4).filter(|_| length >= USER + 4 && kind == SOCK_DIAG_BY_FAMILY)?;
        Some(u32::from_ne_bytes([user[0], user[1], user[2], user[3]]))
    }

    /// `struct nlmsghdr` and `struct inet_diag_req_v2`.
    fn question(local: SocketAddrV4, remote: SocketAddrV4) -> Vec<u8> {
        let mut message = Vec::with_capacity(HEADER + QUESTION);
        message.extend_from_slice(&((HEADER + QUESTION) as u32).to_ne_bytes());
        message.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        message.extend_from_slice(&NLM_F_REQUEST.to_ne_bytes());
        // Sequence number and sender.
        message.extend_from_slice(&[0; 8]);
        // Family, protocol, no extensions, padding, all states.
        message.extend_from_slice(&[nix::libc::AF_INET as u8, nix::libc::IPPROTO_TCP as u8, 0, 0]);
        message.extend_from_slice(&u32::MAX.to_ne_bytes());
        message.extend_from_slice(&local.port().to_be_bytes());
        message.extend_from_slice(&remote.port().to_be_bytes());
        for address in [local, remote] {
            message.extend_from_slice(&address.ip().octets());
            message.extend_from_slice(&[0; 12]);
        }
        // Any interface, no cookie.
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&[0xff; 8]);
        message
    }

    #[cfg(test)]
    mod tests {
        use std::net::{SocketAddr, TcpListener, TcpStream};

        #[test]
        fn the_kernel_names_the_owner_of_a_connection() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (SocketAddr::V4(local), SocketAddr::V4(remote)) =
                (client.local_addr().unwrap(), client.peer_addr().unwrap())
            else {
                panic!("v4")
            };
            assert_eq!(super::owner(local, remote), Some(nix::unistd::geteuid().as_raw()));
        }
    }
}
