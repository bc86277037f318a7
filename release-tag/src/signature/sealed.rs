//! Private keys as cosign seals them: JSON in PEM, with a key that scrypt derives from a password and `NaCl`'s
//! secret box around PKCS#8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use serde::Deserialize;

/// The kinds of PEM that cosign has written so far.
const LABELS: [&str; 2] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];
/// No more memory than this is spent on a password, in bytes; cosign's own keys want 64 MiB.
const MOST_MEMORY: u64 = 1 << 30;

#[derive(Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Kdf {
    name: String,
    params: Cost,
    salt: String,
}

#[derive(Deserialize)]
struct Cost {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// The sealed key in the PEM `text`; none if it is no such PEM.
pub fn find(text: &str) -> Option<Vec<u8>> {
    LABELS.iter().find_map(|label| {
        let rest = text.split_once(&format!("-----BEGIN {label}-----"))?.1;
        let body = rest.split_once(&format!("-----END {label}-----"))?.0;
        STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
    })
}

/// The PKCS#8 in `sealed`; none if `password` is not its password, or it is damaged.
pub fn open(sealed: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    let sealed: Sealed = serde_json::from_slice(sealed).ok()?;
    let Cost { n, r, p } = sealed.kdf.params;
    let is_known = sealed.kdf.name == "scrypt" && sealed.cipher.name == "nacl/secretbox";
    let memory = n.checked_mul(128)?.checked_mul(u64::from(r))?;
    if !is_known || !n.is_power_of_two() || memory > MOST_MEMORY || p > 16 {
        return None;
    }
    let log_n = u8::try_from(n.trailing_zeros()).ok()?;
    let params = scrypt::Params::new(log_n, r, p, scrypt::Params::RECOMMENDED_LEN).ok()?;
    let mut key = Key::default();
    scrypt::scrypt(password, &STANDARD.decode(sealed.kdf.salt).ok()?, &params, &mut key).ok()?;
    let nonce = STANDARD.decode(sealed.cipher.nonce).ok().filter(|nonce| nonce.len() == 24)?;
    let text = STANDARD.decode(sealed.ciphertext).ok()?;
    XSalsa20Poly1305::new(&key).decrypt(Nonce::from_slice(&nonce), &text[..]).ok()
}
