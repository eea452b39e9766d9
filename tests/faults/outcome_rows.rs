use std::time::Duration;

use crate::faults::commands::Command;
use crate::support::injector::{Fault, Request};

/// What fails, and how its command ends: rows of the table.
pub(super) const REQUESTS: &[(Command, Request)] = &[
    (Command::StoreSmall, Request::ListObjects),
    (Command::StoreSmall, Request::PutObject),
    (Command::StoreInParts, Request::CreateMultipartUpload),
    (Command::StoreInParts, Request::UploadPart),
    (Command::StoreInParts, Request::CompleteMultipartUpload),
    (Command::StoreTagged, Request::PutObjectTagging),
    (Command::AbortInParts, Request::AbortMultipartUpload),
    (Command::Park, Request::ListObjects),
    (Command::Park, Request::CreateMultipartUpload),
    (Command::Park, Request::UploadPart),
    (Command::GoOn, Request::ListMultipartUploads),
    (Command::GoOn, Request::ListParts),
    (Command::GoOn, Request::UploadPart),
    (Command::GoOn, Request::CompleteMultipartUpload),
    (Command::StoreUnique, Request::HeadObject),
    (Command::StoreUnique, Request::ListObjects),
    (Command::StoreUnique, Request::PutObject),
    (Command::AppendToSmall, Request::HeadObject),
    (Command::AppendToSmall, Request::GetObjectAcl),
    (Command::AppendToSmall, Request::GetObject),
    (Command::AppendToTagged, Request::GetObjectTagging),
    (Command::AppendToLarge, Request::HeadObject),
    (Command::AppendToLarge, Request::UploadPartCopy),
    (Command::Resume, Request::HeadObject),
    (Command::Resume, Request::UploadPartCopy),
    (Command::RetrieveSmall, Request::GetObject),
    (Command::RetrieveLarge, Request::GetObject),
    (Command::List, Request::ListObjects),
    (Command::ListTimes, Request::HeadObject),
    (Command::Size, Request::HeadObject),
    (Command::ChangeDirectory, Request::HeadObject),
    (Command::ChangeDirectory, Request::ListObjects),
    (Command::SetTime, Request::HeadObject),
    (Command::SetTime, Request::GetObjectAcl),
    (Command::SetTime, Request::CopyObject),
    (Command::Delete, Request::HeadObject),
    (Command::Delete, Request::DeleteObject),
    (Command::DeleteLast, Request::ListObjects),
    (Command::DeleteLast, Request::PutObject),
    (Command::MakeDirectory, Request::HeadObject),
    (Command::MakeDirectory, Request::ListObjects),
    (Command::MakeDirectory, Request::PutObject),
    (Command::RemoveDirectory, Request::ListObjects),
    (Command::RemoveDirectory, Request::HeadObject),
    (Command::RemoveDirectory, Request::DeleteObject),
    (Command::RenameFrom, Request::HeadObject),
    (Command::RenameTo, Request::HeadObject),
    (Command::RenameTo, Request::ListObjects),
    (Command::RenameTo, Request::GetObjectAcl),
    (Command::RenameTo, Request::CopyObject),
    (Command::RenameTo, Request::DeleteObject),
    (Command::RenameDirectory, Request::HeadObject),
    (Command::RenameDirectory, Request::ListObjects),
    (Command::RenameDirectory, Request::PutObject),
    (Command::RenameDirectory, Request::GetObjectAcl),
    (Command::RenameDirectory, Request::CopyObject),
    (Command::RenameDirectory, Request::DeleteObject),
];

/// Requests that are sent by the very code of another row.
pub(super) const ALIKE: &[(Command, Request)] = &[
    // The gateway's answer to Complete over an earlier object has no ETag: it is looked up, as one
    // that was lost.
    (Command::StoreInParts, Request::HeadObject),
    (Command::StoreInParts, Request::ListObjects),
    (Command::StoreTagged, Request::HeadObject),
    (Command::StoreTagged, Request::ListObjects),
    (Command::StoreTagged, Request::CreateMultipartUpload),
    (Command::StoreTagged, Request::UploadPart),
    (Command::StoreTagged, Request::CompleteMultipartUpload),
    (Command::AbortInParts, Request::ListObjects),
    (Command::ListTimes, Request::ListObjects),
    (Command::AbortInParts, Request::CreateMultipartUpload),
    (Command::AbortInParts, Request::UploadPart),
    (Command::AppendToSmall, Request::ListObjects),
    (Command::AppendToTagged, Request::GetObjectAcl),
    (Command::AppendToLarge, Request::GetObjectAcl),
    (Command::Resume, Request::GetObjectAcl),
    (Command::AppendToLarge, Request::ListObjects),
    (Command::Resume, Request::ListObjects),
    (Command::AppendToSmall, Request::PutObject),
    (Command::AppendToTagged, Request::ListObjects),
    (Command::AppendToTagged, Request::HeadObject),
    (Command::AppendToTagged, Request::GetObject),
    (Command::AppendToTagged, Request::PutObject),
    (Command::AppendToLarge, Request::CreateMultipartUpload),
    (Command::AppendToLarge, Request::UploadPart),
    (Command::AppendToLarge, Request::CompleteMultipartUpload),
    (Command::Resume, Request::CreateMultipartUpload),
    (Command::Resume, Request::UploadPart),
    (Command::Resume, Request::CompleteMultipartUpload),
    (Command::GoOn, Request::HeadObject),
    (Command::GoOn, Request::ListObjects),
    (Command::DeleteLast, Request::HeadObject),
    (Command::DeleteLast, Request::DeleteObject),
];

/// Columns of the table.
pub(super) const FAULTS: &[(&str, Fault)] = &[
    ("500 before the body", Fault::RefuseEarly(500, "InternalError")),
    ("503", Fault::Refuse(503, "SlowDown")),
    ("400 timeout", Fault::Refuse(400, "RequestTimeout")),
    ("403", Fault::Refuse(403, "AccessDenied")),
    ("403 before the body", Fault::RefuseEarly(403, "AccessDenied")),
    ("404 upload", Fault::Refuse(404, "NoSuchUpload")),
    ("409", Fault::Refuse(409, "PathConflict")),
    ("reset", Fault::ResetBeforeReply),
    ("reset in body", Fault::ResetInRequest(100)),
    ("reset in answer", Fault::ResetInAnswer(50)),
    ("silence", Fault::Stall),
    ("latency", Fault::Latency(Duration::from_millis(300))),
    ("slow line", Fault::Bandwidth(8 << 20)),
    ("flip up", Fault::FlipInRequest(1000)),
    ("flip down", Fault::FlipInAnswer(1000)),
    ("200 with error", Fault::ErrorIn200("InternalError")),
    ("answer lost", Fault::LoseAnswer),
    ("stale", Fault::Stale),
];

/// Why a fault cannot strike a request, by the letter that stands in the cell.
pub(super) const REASONS: &[(&str, &str)] = &[
    ("a", "the request has no body"),
    ("b", "the answer has no body, so no error can be named in it nor broken"),
    ("c", "the request names no upload"),
    ("d", "the request changes nothing"),
    ("e", "the body is XML, and refused or understood as a whole"),
    ("f", "what is asked for is the body itself"),
];

/// The letter of the reason why `fault` cannot strike `request`.
pub(super) fn reason_against(
    command: Command,
    request: Request,
    fault: Fault,
) -> Option<&'static str> {
    use Request as R;
    let is_marker =
        matches!(command, Command::MakeDirectory | Command::RenameDirectory | Command::DeleteLast);
    let is_xml = matches!(request, R::CompleteMultipartUpload | R::PutObjectTagging);
    let has_body = is_xml || (!is_marker && matches!(request, R::PutObject | R::UploadPart));
    let is_answered_by_body = !matches!(
        request,
        R::PutObject | R::UploadPart | R::HeadObject | R::DeleteObject | R::AbortMultipartUpload
    );
    let is_of_upload = matches!(
        request,
        R::UploadPart
            | R::UploadPartCopy
            | R::CompleteMultipartUpload
            | R::AbortMultipartUpload
            | R::ListParts
    );
    let only_reads = matches!(
        request,
        R::GetObject
            | R::GetObjectAcl
            | R::GetObjectTagging
            | R::HeadObject
            | R::ListMultipartUploads
            | R::ListObjects
            | R::ListParts
    );
    match fault {
        Fault::RefuseEarly(..) | Fault::ResetInRequest(_) | Fault::FlipInRequest(_)
            if !has_body =>
        {
            Some("a")
        }
        Fault::FlipInRequest(_) if is_xml => Some("e"),
        Fault::ResetInAnswer(_) | Fault::FlipInAnswer(_) if !is_answered_by_body => Some("b"),
        Fault::FlipInAnswer(_) if request != R::GetObject => Some("e"),
        Fault::ErrorIn200(_) | Fault::Refuse(400, _) if request == R::HeadObject => Some("b"),
        Fault::ErrorIn200(_) if request == R::GetObject => Some("f"),
        Fault::Refuse(404, _) if !is_of_upload => Some("c"),
        Fault::Refuse(409, _) if only_reads => Some("d"),
        _ => None,
    }
}
