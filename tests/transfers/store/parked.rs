//! What is parked, and what happens to it between two looks.

use cos_ftp_server::store::{
    MultipartUpload, NewerUpload, Operation, OwnUploadState, ParkedUpload, Result,
};

use super::ScriptedStore;

/// Changes what a look at a parked upload tells: it, and the newer ones of its name.
pub(crate) type Look = fn(&mut ParkedUpload, &mut Vec<NewerUpload>);

impl ScriptedStore {
    /// Changes what the look number `nth` at a parked upload tells, counted from 1.
    pub(crate) fn change_look(&self, nth: usize, look: Look) {
        self.lock().looks.push((nth, look));
    }

    /// Another one has asked for what is parked, which is gone.
    pub(crate) fn forget_parked(&self) {
        self.lock().parked.clear();
    }

    /// Drops an upload, as another server does.
    pub(crate) fn drop_upload(&self, upload: &MultipartUpload) {
        self.lock().uploads.remove(&upload.upload_id);
    }

    /// Removes a file, as a rename does.
    pub(crate) fn remove(&self, path: &str) {
        self.lock().files.remove(path);
    }

    /// What became of it, as the store tells.
    pub(super) fn parked_state(&self, upload: &MultipartUpload) -> Result<OwnUploadState> {
        let mut state = self.enter(Operation::ListParts, upload.path.as_str())?;
        let is_there = state.uploads.contains_key(&upload.upload_id);
        Ok(match state.parked.get(&upload.upload_id) {
            Some(Some(_)) if !is_there => {
                state.parked.remove(&upload.upload_id);
                OwnUploadState::Gone
            }
            Some(Some(parked)) => {
                let (mut parked, mut newer) = (parked.clone(), Vec::new());
                let nth = state.count(Operation::ListParts);
                let looks = state.looks.iter().filter(|(at, _)| *at == nth);
                looks.for_each(|(_, look)| look(&mut parked, &mut newer));
                OwnUploadState::Waits(parked, newer)
            }
            Some(None) => OwnUploadState::Taken,
            None => OwnUploadState::Dropped,
        })
    }
}
