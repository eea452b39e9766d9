/// How a run went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) commands: usize,
    /// Commands that failed, as they had to or might.
    pub(crate) refused: usize,
    /// Uploads that their client broke off.
    pub(crate) interrupted: usize,
    /// Uploads that were parked and gone on with.
    pub(crate) resumed: usize,
}

impl Figures {
    pub(crate) fn add(&mut self, more: Self) {
        self.commands += more.commands;
        self.refused += more.refused;
        self.interrupted += more.interrupted;
        self.resumed += more.resumed;
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: u16,
    pub(crate) reply: String,
    pub(crate) data: Vec<u8>,
}

impl End {
    pub(crate) fn of(reply: String) -> Self {
        let code = reply[..3].parse().expect("a code");
        Self { code, reply, data: Vec::new() }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.code < 400
    }
}
