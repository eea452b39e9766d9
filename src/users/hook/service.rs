//! `auth_url`: an HTTP service that gets the question by POST and answers it.

use std::time::Instant;

use ureq::Agent;

use super::answer::HookAnswer;
use super::fault::HookFault;
use super::question::HookQuestion;
use crate::limits;

/// Asks the service at `url`. Each question has a connection of its own: services are restarted,
/// and a password is sent once.
pub(super) fn ask(
    url: &str,
    question: &HookQuestion<'_>,
    deadline: Instant,
) -> Result<HookAnswer, HookFault> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(HookFault::Late);
    }
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(left))
        .http_status_as_error(false)
        .max_redirects(0)
        // The password goes where the configuration says and nowhere else.
        .proxy(None)
        .user_agent("cos-ftp-server")
        .build()
        .into();
    let sent = agent.post(url).content_type("application/json").send(&question.json[..]);
    let mut answer = sent.map_err(|error| fault(&error))?;
    match answer.status().as_u16() {
        200 => {}
        401 | 403 => return Ok(HookAnswer::Wrong),
        status => return Err(HookFault::Status(status)),
    }
    let body = answer.body_mut().with_config().limit(limits::HOOK_ANSWER_BYTES as u64);
    let bytes = body.read_to_vec().map_err(|error| fault(&error))?;
    HookAnswer::parse(&bytes)
}

fn fault(error: &ureq::Error) -> HookFault {
    log::debug!("auth_url: {error}");
    match error {
        ureq::Error::Timeout(_) => HookFault::Late,
        ureq::Error::BodyExceedsLimit(_) => HookFault::Confused,
        _ => HookFault::Unreachable,
    }
}
