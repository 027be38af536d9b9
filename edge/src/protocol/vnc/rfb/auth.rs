//! VNC authentication: a challenge enciphered with the password.

use des::{
    Des,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};

pub const CHALLENGE_BYTES: usize = 16;

pub type Challenge = [u8; CHALLENGE_BYTES];

/// What a client answers who knows the password. Only its first eight bytes count.
pub fn response(password: &str, challenge: &Challenge) -> Challenge {
    let mut key = [0; 8];
    // The bits of each byte are turned round: a slip of the first implementation that became the protocol.
    key.iter_mut().zip(password.bytes()).for_each(|(k, byte)| *k = byte.reverse_bits());
    let cipher = Des::new(&key.into());
    let mut answer = *challenge;
    for block in answer.as_chunks_mut::<8>().0 {
        let mut array = Array::from(*block);
        cipher.encrypt_block(&mut array);
        *block = array.into();
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_other_implementations() {
        // By OpenSSL: des-ecb of the challenge under the key with its bits turned round.
        let challenge: Challenge = std::array::from_fn(|i| i as u8);
        let hex = |bytes: Challenge| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(response("password", &challenge)), "b866924125c8eebb9debc1db61c538e2");
        assert_eq!(hex(response("abc", &challenge)), "9c22b4f2088c3465a1562c4b9d6edb04");
        assert_eq!(response("password-and-more", &challenge), response("password", &challenge));
    }
}
