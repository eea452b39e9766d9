//! Directories are made, removed and renamed.

use super::Session;
use crate::soak::draw::Draw;
use crate::soak::model::Content;

impl Session<'_> {
    pub(super) fn make_directory(&mut self, draw: &Draw) {
        let end = self.ask(&format!("MKD {}", self.path(&draw.name)));
        let is_there = self.model.has_directory(&draw.name);
        assert!(!is_there || !end.is_good(), "{}", self.told(&end));
        assert!(is_there || end.is_good() || !self.must_succeed(draw), "{}", self.told(&end));
        self.model.look_for_markers(self.bucket);
        let is_made = self.model.markers.contains(&draw.name);
        assert!(is_there || is_made || !end.is_good(), "{}", self.told(&end));
        self.count(&end);
    }

    pub(super) fn remove_directory(&mut self, draw: &Draw) {
        let end = self.ask(&format!("RMD {}", self.path(&draw.name)));
        let is_empty =
            self.model.has_directory(&draw.name) && self.model.within(&draw.name).is_empty();
        assert!(is_empty || !end.is_good(), "{}", self.told(&end));
        assert!(!is_empty || end.is_good() || !self.must_succeed(draw), "{}", self.told(&end));
        self.model.look_for_markers(self.bucket);
        let is_left = self.model.markers.contains(&draw.name);
        assert!(!is_left || !end.is_good(), "{}", self.told(&end));
        self.count(&end);
    }

    pub(super) fn rename_directory(&mut self, draw: &Draw) {
        let (from, to) = (&draw.name, &draw.other);
        let names = self.model.within(from);
        let can_be =
            self.model.has_directory(from) && (!self.model.has_directory(to) || from == to);
        let first = self.ask(&format!("RNFR {}", self.path(from)));
        if !first.is_good() {
            let is_there = self.model.has_directory(from);
            return assert!(!is_there || !self.must_succeed(draw), "{}", self.told(&first));
        }
        let end = self.ask(&format!("RNTO {}", self.path(to)));
        if from == to || !can_be {
            let must = can_be && self.must_succeed(draw);
            assert!(end.is_good() || !must, "{}", self.told(&end));
            assert!(can_be || !end.is_good(), "{}", self.told(&end));
            return self.count(&end);
        }
        let moved: Vec<(String, Content, String)> = names
            .into_iter()
            .map(|name| {
                let target = format!("{to}{}", &name[from.len()..]);
                (name.clone(), self.model.get(&name), target)
            })
            .collect();
        let changes: Vec<(&str, Content)> = moved
            .iter()
            .flat_map(|(name, held, target)| {
                [(name.as_str(), None), (target.as_str(), held.clone())]
            })
            .collect();
        self.settle(draw, &end, &changes);
        for (name, held, target) in &moved {
            let is_left = self.model.get(name) == *held || self.model.get(target) == *held;
            assert!(is_left, "neither name has it: {}", self.told(&end));
        }
    }
}
