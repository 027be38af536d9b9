//! Running commands.

use std::time::Duration;

use bus_schema::{
    ConnId, Error, SessionId, Tenant,
    model::{
        command::{CommandRequest, CommandResult},
        rpc::{Attachment, Rpc, Run},
    },
};
use tokio::time::Instant;

use super::Gateway;
use crate::metrics::metrics;

impl Gateway {
    /// Runs a validated command and waits for its answer. Bytes that JSON should not carry come beside the result.
    pub async fn run(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        request: CommandRequest,
    ) -> Result<(CommandResult, Option<Attachment>), Error> {
        self.run_by(tenant, id, request, None).await
    }

    /// The same by a connection, which may hold control.
    pub async fn run_by(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        request: CommandRequest,
        conn: Option<ConnId>,
    ) -> Result<(CommandResult, Option<Attachment>), Error> {
        // Held while a session starts or recovers, so there must be an end to how many.
        let Ok(_permit) = self.inner.held.try_acquire() else {
            let error = Error::resource_exhausted("this gateway has too many commands under way");
            return Err(error.retry_after(Duration::from_secs(1)).not_started());
        };
        let started = Instant::now();
        let action = request.command.action();
        let timeout = request.timeout();
        // The owner says what a command waited for when its time was over: it is given a little longer to say so.
        let until = started + timeout + Run::TIMEOUT;
        let run = Run { request, deadline: self.bus().now().plus(timeout), conn };
        let answer = self.bus().owners().call(tenant, id, run, until).await;
        let code = answer.as_ref().map_or_else(|e| e.code.as_str(), |_| "ok");
        metrics().command(action, code, started.elapsed());
        answer
    }
}
