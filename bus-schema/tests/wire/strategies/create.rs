use std::collections::BTreeMap;

use bus_schema::{
    Class,
    model::create::{
        BrowserKind, ColorScheme, Cookie, CreateSession, DialogTimeout, Geolocation, HttpCredentials,
        IdleTimeout, Isolation, KeepAlive, MaxLifetime, OnBrowserCrash, OnDisconnect, OnWorkerLoss,
        OriginState, PatchSession, Policy, Profile, Proxy, QueueTimeout, SameSite, StorageItem, StorageState,
        Viewport,
    },
};
use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
};

use super::{line, number, one_of, pool, positive, region, text, texts, url};

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[A-Za-z0-9_./-]{1,20}", line(), 0..4)
}

fn viewport() -> impl Strategy<Value = Viewport> {
    (1..=4_096u32, 1..=4_096u32, 1..=256u32, any::<bool>(), any::<bool>()).prop_map(
        |(width, height, scale, mobile, touch)| Viewport {
            width,
            height,
            scale: f64::from(scale) / 64.0,
            mobile,
            touch,
        },
    )
}

fn geolocation() -> impl Strategy<Value = Geolocation> {
    (positive(90), positive(180), positive(1_000), any::<bool>()).prop_map(
        |(latitude, longitude, accuracy, south)| Geolocation {
            latitude: if south { -latitude } else { latitude },
            longitude,
            accuracy,
        },
    )
}

fn http_credentials() -> impl Strategy<Value = HttpCredentials> {
    (text(), text(), of(text())).prop_map(|(username, password, origin)| HttpCredentials {
        username,
        password,
        origin,
    })
}

fn hosts() -> impl Strategy<Value = Vec<String>> {
    vec(r"(\*?\.)?[a-z0-9]{1,8}(\.[a-z]{1,3})?|<local>|\*|\[::1\]", 0..4)
}

fn proxy() -> impl Strategy<Value = Proxy> {
    ("(http|https|socks5)://[a-z]{1,8}:[1-9][0-9]{0,3}", of(text()), of(text()), hosts())
        .prop_map(|(server, username, password, bypass)| Proxy { server, username, password, bypass })
}

pub fn cookie() -> impl Strategy<Value = Cookie> {
    (
        (text(), text(), of(url()), of(text())),
        (of(number()), any::<bool>(), any::<bool>(), of(text())),
        of(one_of(&[SameSite::Strict, SameSite::Lax, SameSite::None])),
        (of(text()), text()),
    )
        .prop_map(|((name, value, url, path), (expires, http_only, secure, key), same_site, domains)| {
            let (domain, fallback) = domains;
            // One of the two is required.
            let domain = if url.is_none() { Some(domain.unwrap_or(fallback)) } else { domain };
            Cookie {
                name,
                value,
                url,
                domain,
                path,
                expires,
                http_only,
                secure,
                same_site,
                partition_key: key,
            }
        })
}

pub fn storage_state() -> impl Strategy<Value = StorageState> {
    let item = (text(), text()).prop_map(|(name, value)| StorageItem { name, value });
    let origin = ("https://[a-z]{1,8}\\.test", vec(item, 0..3))
        .prop_map(|(origin, local_storage)| OriginState { origin, local_storage });
    (vec(cookie(), 0..3), vec(origin, 0..3)).prop_map(|(cookies, origins)| StorageState { cookies, origins })
}

/// What of a session is where it runs.
fn place() -> impl Strategy<Value = CreateSession> {
    (
        (of(line()), labels(), of(url())),
        one_of(&[BrowserKind::HeadlessShell, BrowserKind::Chrome]),
        one_of(&[Isolation::Process, Isolation::Context]),
        (of(pool()), of(region()), one_of(&Class::ALL)),
        (viewport(), of(line()), of("[a-zA-Z-]{0,35}"), of(line())),
    )
        .prop_map(|((name, labels, url), browser, isolation, (pool, region, priority), page)| {
            let (viewport, user_agent, locale, timezone) = page;
            CreateSession {
                name,
                labels,
                url,
                browser,
                isolation,
                pool,
                region,
                priority,
                viewport,
                user_agent,
                locale,
                timezone,
                ..CreateSession::default()
            }
        })
}

/// What of a session is how its browser looks to sites.
fn guise() -> impl Strategy<Value = CreateSession> {
    (
        (of(geolocation()), texts(), of(http_credentials())),
        of(one_of(&[ColorScheme::Light, ColorScheme::Dark, ColorScheme::NoPreference])),
        (btree_map("[a-zA-Z-]{1,12}", line(), 0..4), any::<bool>(), of(proxy())),
        (
            of(storage_state()),
            texts(),
            vec(one_of(&["--mute-audio", "--lang=de"]).prop_map(str::to_owned), 0..3),
        ),
        of(("[A-Za-z0-9_-]{1,64}", any::<bool>()).prop_map(|(name, save)| Profile { name, save })),
    )
        .prop_map(|(origin, color_scheme, net, scripts, profile)| CreateSession {
            geolocation: origin.0,
            permissions: origin.1,
            http_credentials: origin.2,
            color_scheme,
            headers: net.0,
            ignore_https_errors: net.1,
            proxy: net.2,
            storage_state: scripts.0,
            init_scripts: scripts.1,
            args: scripts.2,
            profile,
            ..CreateSession::default()
        })
}

/// What of a session is when it ends.
fn terms() -> impl Strategy<Value = CreateSession> {
    (
        (1..=86_400u32, 1..=604_800u32, 1..=3_600u32, 0..=3_600u32, 0..=600u32),
        one_of(&[OnDisconnect::Keep, OnDisconnect::Close]),
        one_of(&[OnWorkerLoss::Recover, OnWorkerLoss::Fail]),
        one_of(&[OnBrowserCrash::Recover, OnBrowserCrash::End]),
        of((hosts(), hosts()).prop_map(|(allow, block)| Policy { allow, block })),
        any::<bool>(),
    )
        .prop_map(|(s, on_disconnect, on_worker_loss, on_browser_crash, policy, recording)| {
            CreateSession {
                idle_timeout_s: IdleTimeout(s.0),
                max_lifetime_s: MaxLifetime(s.1),
                queue_timeout_s: QueueTimeout(s.2),
                keep_alive_s: KeepAlive(s.3),
                dialog_timeout_s: DialogTimeout(s.4),
                on_disconnect,
                on_worker_loss,
                on_browser_crash,
                policy,
                recording,
                ..CreateSession::default()
            }
        })
}

pub fn create_session() -> impl Strategy<Value = CreateSession> {
    // No `..` here: a new field must be given a strategy.
    (place(), guise(), terms()).prop_map(|(p, g, t)| CreateSession {
        name: p.name,
        labels: p.labels,
        url: p.url,
        browser: p.browser,
        isolation: p.isolation,
        pool: p.pool,
        region: p.region,
        priority: p.priority,
        viewport: p.viewport,
        user_agent: p.user_agent,
        locale: p.locale,
        timezone: p.timezone,
        geolocation: g.geolocation,
        color_scheme: g.color_scheme,
        permissions: g.permissions,
        http_credentials: g.http_credentials,
        headers: g.headers,
        ignore_https_errors: g.ignore_https_errors,
        proxy: g.proxy,
        storage_state: g.storage_state,
        init_scripts: g.init_scripts,
        args: g.args,
        profile: g.profile,
        idle_timeout_s: t.idle_timeout_s,
        max_lifetime_s: t.max_lifetime_s,
        queue_timeout_s: t.queue_timeout_s,
        on_disconnect: t.on_disconnect,
        keep_alive_s: t.keep_alive_s,
        on_worker_loss: t.on_worker_loss,
        on_browser_crash: t.on_browser_crash,
        dialog_timeout_s: t.dialog_timeout_s,
        recording: t.recording,
        policy: t.policy,
    })
}

pub fn patch_session() -> impl Strategy<Value = PatchSession> {
    (of(line()), of(labels()), of(1..=86_400u32), of(1..=604_800u32)).prop_map(
        |(name, labels, idle_timeout_s, max_lifetime_s)| PatchSession {
            name,
            labels,
            idle_timeout_s,
            max_lifetime_s,
        },
    )
}
