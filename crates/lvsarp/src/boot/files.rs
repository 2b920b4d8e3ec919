//! What a root directory holds that a loader may read, as plain data.

use std::cmp::Ordering;

/// The directories, the first the strongest: a file hides those of the same name in the directories after it.
pub const DIRECTORIES: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// The file that stands outside the directories.
pub const SYSCTL_CONF: &str = "/etc/sysctl.conf";

/// The files of a root directory.
///
/// [`Files::read`] reads them; [`with_file`](Files::with_file) asks what would be if one were another.
#[derive(Debug, Clone, Default)]
pub struct Files {
    pub(crate) entries: Vec<Entry>,
    /// Directories that are another one by another name, as positions in [`DIRECTORIES`].
    pub(crate) same: Vec<(usize, usize)>,
    /// Those of [`DIRECTORIES`] that are there but are no directory.
    pub(crate) broken: Vec<usize>,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path inside the root, such as `/etc/sysctl.d/90-x.conf`. Any bytes but NUL.
    pub path: Vec<u8>,
    /// Where it points, as it is written, if it is a symbolic link.
    pub link: Option<Vec<u8>>,
    /// What is there.
    pub content: Content,
}

/// What is at the end of a name, links followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A regular file's bytes.
    Text(Vec<u8>),
    /// `/dev/null`: a mask.
    Null,
    /// A link to what is not there.
    Dangling,
    /// A directory.
    Directory,
    /// A FIFO, a socket or a device. A program that opens it may wait for ever; it was not read here.
    NotRegular,
    /// A file of more than 1 MiB, which was not read.
    TooLarge,
    /// It could not be read; the errno says why.
    Unreadable(i32),
}

impl Entry {
    /// The last part of its path.
    pub fn name(&self) -> &[u8] {
        &self.path[self.split()..]
    }

    /// Its path without the name and the slash before it.
    pub fn directory(&self) -> &[u8] {
        &self.path[..self.split().saturating_sub(1)]
    }

    /// Its bytes, if it is a regular file.
    pub fn text(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    fn split(&self) -> usize {
        self.path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1)
    }
}

impl Files {
    /// All names, in the order of [`DIRECTORIES`] and of their bytes; `/etc/sysctl.conf` and any other are last.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The name at a path. Where a directory is another one by a second name, as `/lib` on most systems, both paths find it.
    pub fn entry(&self, path: &[u8]) -> Option<&Entry> {
        if let Some(real) = self.real(path) {
            return self.entry(&real);
        }
        self.position(path).ok().map(|at| &self.entries[at])
    }

    /// The same files, but with a regular file of this content at a path; with none, without what is at that path.
    pub fn with_file(mut self, path: &[u8], content: Option<&[u8]>) -> Files {
        match (self.position(path), content) {
            (Ok(at), Some(text)) => {
                self.entries[at] = Entry { path: path.to_vec(), link: None, content: Content::Text(text.to_vec()) };
            }
            (Err(at), Some(text)) => {
                let content = Content::Text(text.to_vec());
                self.entries.insert(at, Entry { path: path.to_vec(), link: None, content });
            }
            (Ok(at), None) => {
                self.entries.remove(at);
            }
            (Err(_), None) => {}
        }
        self
    }

    /// The same path by the name under which its directory was read, where that is another.
    pub(crate) fn real(&self, path: &[u8]) -> Option<Vec<u8>> {
        let (alias, real) = self.same.iter().find(|(alias, _)| *alias == rank(path))?;
        Some([DIRECTORIES[*real].as_bytes(), path.get(DIRECTORIES[*alias].len()..)?].concat())
    }

    fn position(&self, path: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| order(&entry.path, path))
    }
}

/// The order of [`Files::entries`].
pub(crate) fn order(left: &[u8], right: &[u8]) -> Ordering {
    rank(left).cmp(&rank(right)).then_with(|| left.cmp(right))
}

/// Which of [`DIRECTORIES`] a path is in; one more for all others.
pub(crate) fn rank(path: &[u8]) -> usize {
    let inside = |directory: &&str| match path.strip_prefix(directory.as_bytes()) {
        Some([b'/', name @ ..]) => !name.contains(&b'/'),
        _ => false,
    };
    DIRECTORIES.iter().position(inside).unwrap_or(DIRECTORIES.len())
}
