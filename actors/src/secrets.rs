//! The installation's one secret, a key file in the data directory, and what is derived from it:
//! sealed values in the database, and checks on things handed out and taken back.

use std::{
    fs::OpenOptions,
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

/// What the passwords of trunks are sealed for.
pub const TRUNK_PASSWORD: &str = "trunk-password";

/// Name of the key file below the data directory.
pub const FILE: &str = "secret.key";

/// Bytes of the key.
const KEY: usize = 32;

/// Something could not be sealed or opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not sealed by this key for this purpose, or changed since.
    #[error("the sealed value cannot be opened with this installation's key")]
    Foreign,
    /// The system gave no randomness.
    #[error("the system gave no randomness")]
    Randomness,
}

/// The installation's key. Cheap to clone; never shown.
#[derive(Clone)]
pub struct Secrets(Arc<[u8; KEY]>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Reads the key file, or makes it (mode 0600) at the first start.
    ///
    /// # Errors
    /// When the file can be neither read nor made, or does not hold 32 bytes.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(data_dir)?;
        let path = data_dir.join(FILE);
        match Self::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(&path),
            outcome => outcome,
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut key = Vec::with_capacity(KEY + 1);
        std::fs::File::open(path)?
            .take(KEY as u64 + 1)
            .read_to_end(&mut key)?;
        let key: [u8; KEY] = key.try_into().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} does not hold a key of {KEY} bytes", path.display()),
            )
        })?;
        Ok(Self(Arc::new(key)))
    }

    /// Writes a new key beside its place and links it there, so that nobody ever sees half a key and
    /// of two starting at once only one makes it.
    fn make(path: &Path) -> io::Result<Self> {
        let key = random::<KEY>().map_err(io::Error::other)?;
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        match linked {
            Ok(()) => Ok(Self(Arc::new(key))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(error),
        }
    }

    /// An HMAC-SHA256 over these parts, under a key of this purpose only.
    pub fn check(&self, purpose: &str, parts: &[&str]) -> [u8; KEY] {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        self.check_bytes(purpose, &parts)
    }

    /// As [`Secrets::check`], over bytes. Each part's length is part of it.
    pub fn check_bytes(&self, purpose: &str, parts: &[&[u8]]) -> [u8; KEY] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose));
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        array(context.sign().as_ref())
    }

    /// Seals a value (AES-256-GCM) for this purpose: nonce, then ciphertext and tag.
    ///
    /// # Errors
    /// [`SealError::Randomness`].
    pub fn seal(&self, purpose: &str, value: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce = random::<NONCE_LEN>().map_err(|_| SealError::Randomness)?;
        let mut sealed = value.to_vec();
        self.cipher(purpose)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| SealError::Foreign)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Secrets::seal`] gave for the same purpose.
    ///
    /// # Errors
    /// [`SealError::Foreign`].
    pub fn unseal(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, body) = sealed
            .split_at_checked(NONCE_LEN)
            .ok_or(SealError::Foreign)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Foreign)?;
        let mut body = body.to_vec();
        let opened = self
            .cipher(purpose)?
            .open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body)
            .map_err(|_| SealError::Foreign)?;
        Ok(opened.to_vec())
    }

    fn cipher(&self, purpose: &str) -> Result<LessSafeKey, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, &self.derive(purpose));
        key.map(LessSafeKey::new).map_err(|_| SealError::Foreign)
    }

    /// One key a purpose, so that none can stand in for another.
    fn derive(&self, purpose: &str) -> [u8; KEY] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        array(hmac::sign(&key, purpose.as_bytes()).as_ref())
    }

    /// Over a key that comes from elsewhere.
    pub fn from_key(key: [u8; KEY]) -> Self {
        Self(Arc::new(key))
    }
}

/// Fresh random bytes.
///
/// # Errors
/// When the system has none.
pub fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| SealError::Randomness)?;
    Ok(bytes)
}

/// The 32 bytes of a SHA-256 value.
fn array(bytes: &[u8]) -> [u8; KEY] {
    let mut out = [0; KEY];
    out.copy_from_slice(&bytes[..KEY]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_for_one_purpose() {
        let secrets = Secrets::from_key([7; KEY]);
        let sealed = secrets.seal("trunk", b"hunter2").unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(secrets.unseal("trunk", &sealed).unwrap(), b"hunter2");
        assert_eq!(secrets.unseal("other", &sealed), Err(SealError::Foreign));
        assert_eq!(secrets.unseal("trunk", b"short"), Err(SealError::Foreign));
        assert_ne!(sealed, secrets.seal("trunk", b"hunter2").unwrap());
    }

    #[test]
    fn checks_tell_the_parts_apart() {
        let secrets = Secrets::from_key([7; KEY]);
        assert_ne!(
            secrets.check("x", &["ab", "c"]),
            secrets.check("x", &["a", "bc"])
        );
        assert_ne!(secrets.check("x", &["a"]), secrets.check("y", &["a"]));
    }

    #[test]
    fn keeps_one_key_in_the_data_directory() {
        let dir = std::env::temp_dir().join(format!("strowger-secrets-{}", std::process::id()));
        let first = Secrets::open(&dir).unwrap();
        let second = Secrets::open(&dir).unwrap();
        assert_eq!(first.0, second.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(dir.join(FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(dir.join(FILE), b"short").unwrap();
        assert!(Secrets::open(&dir).is_err());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
