//! What a client asks of a new session.

use super::{
    enums::{Enumerated, optional_number},
    field::{enum_or_default, finite, optional, optional_enum, optional_id, present, required_finite},
    v1,
};
use crate::{
    error::Error,
    model::create::{
        CreateSession, DialogTimeout, Geolocation, HttpCredentials, IdleTimeout, KeepAlive, MaxLifetime,
        PatchSession, Policy, Profile, Proxy, QueueTimeout, Viewport,
    },
};

impl From<&CreateSession> for v1::CreateSession {
    fn from(c: &CreateSession) -> Self {
        Self {
            name: c.name.clone(),
            labels: c.labels.clone(),
            url: c.url.clone(),
            browser: c.browser.number(),
            isolation: c.isolation.number(),
            pool: c.pool.as_ref().map(ToString::to_string),
            region: c.region.as_ref().map(ToString::to_string),
            priority: c.priority.number(),
            viewport: Some((&c.viewport).into()),
            user_agent: c.user_agent.clone(),
            locale: c.locale.clone(),
            timezone: c.timezone.clone(),
            geolocation: c.geolocation.as_ref().map(Into::into),
            color_scheme: optional_number(c.color_scheme),
            permissions: c.permissions.clone(),
            http_credentials: c.http_credentials.as_ref().map(Into::into),
            headers: c.headers.clone(),
            ignore_https_errors: c.ignore_https_errors,
            proxy: c.proxy.as_ref().map(Into::into),
            storage_state: c.storage_state.as_ref().map(Into::into),
            init_scripts: c.init_scripts.clone(),
            args: c.args.clone(),
            profile: c.profile.as_ref().map(Into::into),
            idle_timeout_s: Some(c.idle_timeout_s.0),
            max_lifetime_s: Some(c.max_lifetime_s.0),
            queue_timeout_s: Some(c.queue_timeout_s.0),
            on_disconnect: c.on_disconnect.number(),
            keep_alive_s: Some(c.keep_alive_s.0),
            on_worker_loss: c.on_worker_loss.number(),
            on_browser_crash: c.on_browser_crash.number(),
            dialog_timeout_s: Some(c.dialog_timeout_s.0),
            recording: c.recording,
            policy: c.policy.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::CreateSession> for CreateSession {
    type Error = Error;

    fn try_from(c: v1::CreateSession) -> Result<Self, Error> {
        Ok(Self {
            name: c.name,
            labels: c.labels,
            url: c.url,
            browser: enum_or_default("browser", c.browser)?,
            isolation: enum_or_default("isolation", c.isolation)?,
            pool: optional_id("pool", c.pool)?,
            region: optional_id("region", c.region)?,
            priority: enum_or_default("priority", c.priority)?,
            viewport: optional("viewport", c.viewport)?.unwrap_or_default(),
            user_agent: c.user_agent,
            locale: c.locale,
            timezone: c.timezone,
            geolocation: optional("geolocation", c.geolocation)?,
            color_scheme: optional_enum("color_scheme", c.color_scheme)?,
            permissions: c.permissions,
            http_credentials: optional("http_credentials", c.http_credentials)?,
            headers: c.headers,
            ignore_https_errors: c.ignore_https_errors,
            proxy: optional("proxy", c.proxy)?,
            storage_state: optional("storage_state", c.storage_state)?,
            init_scripts: c.init_scripts,
            args: c.args,
            profile: optional("profile", c.profile)?,
            idle_timeout_s: c.idle_timeout_s.map(IdleTimeout).unwrap_or_default(),
            max_lifetime_s: c.max_lifetime_s.map(MaxLifetime).unwrap_or_default(),
            queue_timeout_s: c.queue_timeout_s.map(QueueTimeout).unwrap_or_default(),
            on_disconnect: enum_or_default("on_disconnect", c.on_disconnect)?,
            keep_alive_s: c.keep_alive_s.map(KeepAlive).unwrap_or_default(),
            on_worker_loss: enum_or_default("on_worker_loss", c.on_worker_loss)?,
            on_browser_crash: enum_or_default("on_browser_crash", c.on_browser_crash)?,
            dialog_timeout_s: c.dialog_timeout_s.map(DialogTimeout).unwrap_or_default(),
            recording: c.recording,
            policy: c.policy.map(Into::into),
        })
    }
}

impl From<&PatchSession> for v1::PatchSession {
    fn from(p: &PatchSession) -> Self {
        Self {
            name: p.name.clone(),
            labels: p.labels.as_ref().map(|l| v1::Labels { entries: l.clone() }),
            idle_timeout_s: p.idle_timeout_s,
            max_lifetime_s: p.max_lifetime_s,
        }
    }
}

impl From<v1::PatchSession> for PatchSession {
    fn from(p: v1::PatchSession) -> Self {
        Self {
            name: p.name,
            labels: p.labels.map(|l| l.entries),
            idle_timeout_s: p.idle_timeout_s,
            max_lifetime_s: p.max_lifetime_s,
        }
    }
}

impl From<&Viewport> for v1::Viewport {
    fn from(v: &Viewport) -> Self {
        Self {
            width: Some(v.width),
            height: Some(v.height),
            scale: Some(v.scale),
            mobile: v.mobile,
            touch: v.touch,
        }
    }
}

impl TryFrom<v1::Viewport> for Viewport {
    type Error = Error;

    fn try_from(v: v1::Viewport) -> Result<Self, Error> {
        Ok(Self {
            width: present("width", v.width)?,
            height: present("height", v.height)?,
            scale: finite("scale", v.scale.unwrap_or(1.0))?,
            mobile: v.mobile,
            touch: v.touch,
        })
    }
}

impl From<&Geolocation> for v1::Geolocation {
    fn from(g: &Geolocation) -> Self {
        Self { latitude: Some(g.latitude), longitude: Some(g.longitude), accuracy: g.accuracy }
    }
}

impl TryFrom<v1::Geolocation> for Geolocation {
    type Error = Error;

    fn try_from(g: v1::Geolocation) -> Result<Self, Error> {
        Ok(Self {
            latitude: required_finite("latitude", g.latitude)?,
            longitude: required_finite("longitude", g.longitude)?,
            accuracy: finite("accuracy", g.accuracy)?,
        })
    }
}

impl From<&HttpCredentials> for v1::HttpCredentials {
    fn from(c: &HttpCredentials) -> Self {
        Self {
            username: Some(c.username.clone()),
            password: Some(c.password.clone()),
            origin: c.origin.clone(),
        }
    }
}

impl TryFrom<v1::HttpCredentials> for HttpCredentials {
    type Error = Error;

    fn try_from(c: v1::HttpCredentials) -> Result<Self, Error> {
        Ok(Self {
            username: present("username", c.username)?,
            password: present("password", c.password)?,
            origin: c.origin,
        })
    }
}

impl From<&Proxy> for v1::Proxy {
    fn from(p: &Proxy) -> Self {
        Self {
            server: Some(p.server.clone()),
            username: p.username.clone(),
            password: p.password.clone(),
            bypass: p.bypass.clone(),
        }
    }
}

impl TryFrom<v1::Proxy> for Proxy {
    type Error = Error;

    fn try_from(p: v1::Proxy) -> Result<Self, Error> {
        Ok(Self {
            server: present("server", p.server)?,
            username: p.username,
            password: p.password,
            bypass: p.bypass,
        })
    }
}

impl From<&Profile> for v1::Profile {
    fn from(p: &Profile) -> Self {
        Self { name: Some(p.name.clone()), save: p.save }
    }
}

impl TryFrom<v1::Profile> for Profile {
    type Error = Error;

    fn try_from(p: v1::Profile) -> Result<Self, Error> {
        Ok(Self { name: present("name", p.name)?, save: p.save })
    }
}

impl From<&Policy> for v1::Policy {
    fn from(p: &Policy) -> Self {
        Self { allow: p.allow.clone(), block: p.block.clone() }
    }
}

impl From<v1::Policy> for Policy {
    fn from(p: v1::Policy) -> Self {
        Self { allow: p.allow, block: p.block }
    }
}
