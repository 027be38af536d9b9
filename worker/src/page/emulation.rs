//! What a session pretends to be: as plain data, and as the calls that bring it about.

use std::collections::BTreeMap;

use bus_schema::model::create::{
    ColorScheme, Cookie, CreateSession, Geolocation, HttpCredentials, OriginState, SameSite, StorageState,
    Viewport,
};
use serde_json::{Value, json};

use super::user_agent;
use crate::cdp::CallError;

/// Everything that is set before a page's first script runs. A session only ever adds to what its warm
/// browser was given, apart from the viewport, so there are no calls that take anything back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Emulation {
    pub viewport: Viewport,
    pub user_agent: Option<String>,
    pub locale: Option<String>,
    pub timezone: Option<String>,
    pub geolocation: Option<Geolocation>,
    pub color_scheme: Option<ColorScheme>,
    pub permissions: Vec<String>,
    pub http_credentials: Option<HttpCredentials>,
    pub headers: BTreeMap<String, String>,
    pub ignore_https_errors: bool,
    pub init_scripts: Vec<String>,
    pub storage_state: StorageState,
}

impl From<&CreateSession> for Emulation {
    fn from(wish: &CreateSession) -> Self {
        Self {
            viewport: wish.viewport,
            user_agent: wish.user_agent.clone(),
            locale: wish.locale.clone(),
            timezone: wish.timezone.clone(),
            geolocation: wish.geolocation,
            color_scheme: wish.color_scheme,
            permissions: wish.permissions.clone(),
            http_credentials: wish.http_credentials.clone(),
            headers: wish.headers.clone(),
            ignore_https_errors: wish.ignore_https_errors,
            init_scripts: wish.init_scripts.clone(),
            storage_state: wish.storage_state.clone().unwrap_or_default(),
        }
    }
}

/// Why an emulation cannot be applied: the field of the session and what is wrong with it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct ApplyError {
    pub field: &'static str,
    pub reason: CallError,
}

/// One call, and the field of the session that it is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub method: &'static str,
    pub params: Value,
    pub field: &'static str,
}

fn step(field: &'static str, method: &'static str, params: Value) -> Step {
    Step { method, params, field }
}

impl Emulation {
    /// The calls on a page that has `before` applied, or nothing yet.
    pub(super) fn page_steps(&self, before: Option<&Self>, own_user_agent: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        if before.is_none() {
            steps.push(step("viewport", "Emulation.setFocusEmulationEnabled", json!({ "enabled": true })));
        }
        if before.is_none_or(|before| before.viewport != self.viewport) {
            steps.push(step("viewport", "Emulation.setDeviceMetricsOverride", self.metrics()));
        }
        if let Some(position) = self.geolocation.filter(|_| self.differs(before, |of| &of.geolocation)) {
            let params = json!({
                "latitude": position.latitude, "longitude": position.longitude, "accuracy": position.accuracy,
            });
            steps.push(step("geolocation", "Emulation.setGeolocationOverride", params));
        }
        if self.ignore_https_errors && self.differs(before, |of| &of.ignore_https_errors) {
            let params = json!({ "ignore": true });
            steps.push(step("ignore_https_errors", "Security.setIgnoreCertificateErrors", params));
        }
        steps.extend(self.frame_steps(before, own_user_agent));
        steps
    }

    /// The calls on a frame in a process of its own; the rest it has from its page.
    pub(super) fn frame_steps(&self, before: Option<&Self>, own_user_agent: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        let touch = |of: &Self| of.viewport.touch;
        if before.map_or(self.viewport.touch, |before| touch(before) != touch(self)) {
            let params = json!({ "enabled": self.viewport.touch, "maxTouchPoints": 5 });
            steps.push(step("viewport", "Emulation.setTouchEmulationEnabled", params));
        }
        if (self.user_agent.is_some() || self.locale.is_some())
            && (self.differs(before, |of| &of.user_agent) || self.differs(before, |of| &of.locale))
        {
            let agent = self.user_agent.as_deref();
            let params = user_agent::override_params(agent, own_user_agent, self.locale.as_deref());
            steps.push(step("user_agent", "Emulation.setUserAgentOverride", params));
        }
        if let Some(locale) = self.locale.as_ref().filter(|_| self.differs(before, |of| &of.locale)) {
            // Chromium takes the form of ICU.
            let params = json!({ "locale": locale.replace('-', "_") });
            steps.push(step("locale", "Emulation.setLocaleOverride", params));
        }
        if let Some(zone) = self.timezone.as_ref().filter(|_| self.differs(before, |of| &of.timezone)) {
            steps.push(step("timezone", "Emulation.setTimezoneOverride", json!({ "timezoneId": zone })));
        }
        if let Some(scheme) = self.color_scheme.filter(|_| self.differs(before, |of| &of.color_scheme)) {
            let feature = json!({ "name": "prefers-color-scheme", "value": scheme_name(scheme) });
            let params = json!({ "features": [feature] });
            steps.push(step("color_scheme", "Emulation.setEmulatedMedia", params));
        }
        if !self.headers.is_empty() && self.differs(before, |of| &of.headers) {
            steps.push(step("headers", "Network.enable", json!({})));
            let params = json!({ "headers": self.headers });
            steps.push(step("headers", "Network.setExtraHTTPHeaders", params));
        }
        if self.http_credentials.is_some() && self.differs(before, |of| &of.http_credentials) {
            let params = json!({ "handleAuthRequests": true, "patterns": [{ "urlPattern": "*" }] });
            steps.push(step("http_credentials", "Fetch.enable", params));
        }
        if self.differs(before, |of| &of.init_scripts) {
            let known = before.map_or(0, |before| before.init_scripts.len());
            for source in self.init_scripts.iter().skip(known) {
                steps.push(step("init_scripts", ADD_SCRIPT, script_params(source)));
            }
        }
        steps
    }

    /// The calls on a worker; time zone and locale it has from its process.
    pub(super) fn worker_steps(&self, own_user_agent: &str) -> Vec<Step> {
        let in_workers = |step: &Step| matches!(step.field, "user_agent" | "headers" | "http_credentials");
        self.frame_steps(None, own_user_agent).into_iter().filter(in_workers).collect()
    }

    /// The calls on the browser for the session's browser context.
    pub(super) fn browser_steps(
        &self,
        before: Option<&Self>,
        context: Option<&str>,
    ) -> Result<Vec<Step>, ApplyError> {
        let mut steps = Vec::new();
        if !self.permissions.is_empty() && self.differs(before, |of| &of.permissions) {
            let mut granted = Vec::new();
            for name in &self.permissions {
                granted.push(permission(name).ok_or_else(|| ApplyError {
                    field: "permissions",
                    reason: CallError::Decode(format!("there is no permission {name:?}")),
                })?);
            }
            if context.is_some() {
                // There the browser's clipboard is not the session's; see `Clipboard`. What is not named is denied.
                granted.retain(|name| !name.starts_with("clipboard"));
            }
            let params = in_context(json!({ "permissions": granted }), context);
            steps.push(step("permissions", "Browser.grantPermissions", params));
        }
        let cookies = &self.storage_state.cookies;
        if !cookies.is_empty() && self.differs(before, |of| &of.storage_state.cookies) {
            let cookies: Vec<Value> = cookies.iter().map(cookie_param).collect();
            let params = in_context(json!({ "cookies": cookies }), context);
            steps.push(step("storage_state", "Storage.setCookies", params));
        }
        Ok(steps)
    }

    fn differs<T: PartialEq>(&self, before: Option<&Self>, part: impl Fn(&Self) -> &T) -> bool {
        before.is_none_or(|before| part(before) != part(self))
    }

    fn metrics(&self) -> Value {
        let Viewport { width, height, scale, mobile, .. } = self.viewport;
        let (kind, angle) =
            if mobile && width > height { ("landscapePrimary", 90) } else { ("portraitPrimary", 0) };
        let mut params = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile,
            "screenWidth": width, "screenHeight": height,
        });
        if mobile {
            params["screenOrientation"] = json!({ "type": kind, "angle": angle });
        }
        params
    }
}

pub(super) const ADD_SCRIPT: &str = "Page.addScriptToEvaluateOnNewDocument";

pub(super) fn script_params(source: &str) -> Value {
    json!({ "source": source, "runImmediately": true })
}

/// A script that fills one origin's local storage the first time a document of it is there. What the page
/// itself has written meanwhile stays.
pub(super) fn storage_script(origin: &OriginState) -> Option<(String, String)> {
    let name = url::Url::parse(&origin.origin).ok()?.origin().ascii_serialization();
    let items: BTreeMap<&str, &str> =
        origin.local_storage.iter().map(|item| (item.name.as_str(), item.value.as_str())).collect();
    let (wanted, items) = (json!(name), json!(items));
    let script = format!(
        "(() => {{ if (location.origin !== {wanted}) return; \
         const items = {items}; \
         for (const name in items) if (localStorage.getItem(name) === null) localStorage.setItem(name, items[name]); \
         }})()"
    );
    Some((name, script))
}

fn in_context(mut params: Value, context: Option<&str>) -> Value {
    if let Some(context) = context {
        params["browserContextId"] = context.into();
    }
    params
}

fn scheme_name(scheme: ColorScheme) -> &'static str {
    match scheme {
        ColorScheme::Light => "light",
        ColorScheme::Dark => "dark",
        ColorScheme::NoPreference => "no-preference",
    }
}

/// A cookie as `Storage.setCookies` takes it.
pub(crate) fn cookie_param(cookie: &Cookie) -> Value {
    let mut param = json!({
        "name": cookie.name, "value": cookie.value, "httpOnly": cookie.http_only, "secure": cookie.secure,
    });
    let texts = [("url", &cookie.url), ("domain", &cookie.domain), ("path", &cookie.path)];
    for (field, text) in texts {
        if let Some(text) = text {
            param[field] = text.as_str().into();
        }
    }
    if let Some(expires) = cookie.expires.filter(|expires| *expires >= 0.0) {
        param["expires"] = expires.into();
    }
    if let Some(same_site) = cookie.same_site {
        param["sameSite"] = match same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
            SameSite::None => "None",
        }
        .into();
    }
    if let Some(site) = &cookie.partition_key {
        param["partitionKey"] = json!({ "topLevelSite": site, "hasCrossSiteAncestor": false });
    }
    param
}

/// Permissions as the web platform and Playwright name them, and as Chromium does.
fn permission(name: &str) -> Option<&'static str> {
    Some(match name {
        "geolocation" => "geolocation",
        "midi" => "midi",
        "midi-sysex" => "midiSysex",
        "notifications" => "notifications",
        "camera" => "videoCapture",
        "microphone" => "audioCapture",
        "background-sync" => "backgroundSync",
        "ambient-light-sensor" | "accelerometer" | "gyroscope" | "magnetometer" => "sensors",
        "clipboard-read" => "clipboardReadWrite",
        "clipboard-write" => "clipboardSanitizedWrite",
        "payment-handler" => "paymentHandler",
        "storage-access" => "storageAccess",
        "local-fonts" => "localFonts",
        "window-management" => "windowManagement",
        "idle-detection" => "idleDetection",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn methods(steps: &[Step]) -> Vec<&str> {
        steps.iter().map(|step| step.method).collect()
    }

    #[test]
    fn a_plain_session_on_a_warm_page_needs_no_call_at_all() {
        let plain = Emulation::default();
        assert_eq!(plain.page_steps(Some(&plain), "own"), []);
        assert_eq!(plain.browser_steps(Some(&plain), None).unwrap(), []);
    }

    #[test]
    fn only_what_differs_is_applied() {
        let warm = Emulation::default();
        let session = Emulation {
            timezone: Some("Europe/Berlin".into()),
            locale: Some("de-DE".into()),
            ..Emulation::default()
        };
        let expected = [
            "Emulation.setUserAgentOverride",
            "Emulation.setLocaleOverride",
            "Emulation.setTimezoneOverride",
        ];
        assert_eq!(methods(&session.page_steps(Some(&warm), "own")), expected);
        let mut moved = session.clone();
        moved.viewport.width = 800;
        assert_eq!(methods(&moved.page_steps(Some(&session), "own")), ["Emulation.setDeviceMetricsOverride"]);
    }

    #[test]
    fn an_unknown_permission_is_named() {
        let wish = Emulation { permissions: vec!["telepathy".into()], ..Emulation::default() };
        let error = wish.browser_steps(None, None).unwrap_err();
        assert_eq!(error.field, "permissions");
        assert!(error.to_string().contains("telepathy"));
    }

    #[test]
    fn the_clipboard_of_a_shared_browser_is_granted_to_nobody() {
        let permissions = ["clipboard-read", "geolocation", "clipboard-write"].map(str::to_owned).to_vec();
        let wish = Emulation { permissions, ..Emulation::default() };
        let granted = |context| wish.browser_steps(None, context).unwrap()[0].params["permissions"].clone();
        assert_eq!(granted(Some("c")), json!(["geolocation"]));
        assert_eq!(
            granted(None),
            json!(["clipboardReadWrite", "geolocation", "clipboardSanitizedWrite"]),
            "a browser of one's own has a clipboard of one's own"
        );
    }

    #[test]
    fn storage_is_written_as_data_and_never_as_code() {
        let origin: OriginState = serde_json::from_value(json!({
            "origin": "https://example.com/",
            "localStorage": [{ "name": "</script>", "value": "\"); alert(1); (\"" }],
        }))
        .unwrap();
        let (name, script) = storage_script(&origin).unwrap();
        assert_eq!(name, "https://example.com");
        assert!(script.contains(r#""\"); alert(1); (\"""#), "{script}");
    }
}
