//! What an archive says about a member besides its name and content.

/// Whose it is, who may do what with it, and when it was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// The permissions, with the bits for other users' rights and the sticky one.
    pub mode: u32,
    /// The number of the user.
    pub user: u64,
    /// The number of the group.
    pub group: u64,
    /// When its content was last changed, in whole seconds since 1970; 0 if that was before.
    pub mtime: u64,
    /// The two numbers of a device.
    pub device: Option<[u64; 2]>,
    /// Its extended attributes as one value: equal where they are.
    pub attributes: Vec<u8>,
}
