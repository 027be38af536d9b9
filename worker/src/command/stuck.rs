//! Pages that a script of theirs holds up.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::cdp::Cdp;
use crate::page::Tabs;

/// How long a page may take to a sign of life before its script is ended.
const SIGN_OF_LIFE: Duration = Duration::from_millis(300);

/// How long a script may take to end that was told to.
const END: Duration = Duration::from_secs(2);

/// Ends a script that never returns, so that the page can be used again or left. Only if it holds the page up: one that
/// merely waits does no harm, and ending it would hit the next one instead.
///
/// A page MUST be freed before it is left: once the browser is about to show the next document it passes nothing on
/// to the page any more, this least of all, and the next document waits for the script as well.
pub(super) async fn free(cdp: &Cdp, tabs: &Tabs, n: u32) {
    // What is asked of a page that is being left waits for the next one.
    tabs.stay(n).await;
    // A page that shows a dialog stands still too, and goes on when it is answered. One that crashed has no script.
    let may_be_stuck = || tabs.tab(Some(n)).is_ok_and(|tab| tab.dialog.is_none() && !tab.crashed);
    if !may_be_stuck() {
        return;
    }
    let probe = json!({ "expression": "0", "returnByValue": true });
    let lives = timeout(SIGN_OF_LIFE, cdp.call_answer("Runtime.evaluate", &probe)).await.is_ok();
    if !lives && may_be_stuck() {
        let end = cdp.call_answer("Runtime.terminateExecution", &Value::Null);
        // The answer comes when the script has ended; what happens if it does not is not for this to wait for.
        let _ = timeout(END, end).await;
    }
}
