//! Tokens, cookies and links: who the caller is. Everything under `/v1` asks here first.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bus_schema::{Error, Tenant, model::time::Timestamp};
use hkdf::Hkdf;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::link::{Link, Links};
use crate::{
    config::{Limits, Secret, TenantConfig},
    protocol::rest::error::Problem,
};

/// The cookie that a token is traded for. What is in it follows from the token and the fleet's secret, so it ends with
/// either, every edge knows it, and it is of no use as a token.
pub const COOKIE: &str = "rookery";

/// Names what the key is for, so that no two uses of the fleet's secret share one.
const PURPOSE: &[u8] = b"rookery cookies v1";

/// Whom a request speaks for.
#[derive(Clone, Debug)]
pub struct Caller {
    who: Arc<Who>,
    /// What it may do is only what this link is for.
    link: Option<Arc<Link>>,
    login: Login,
}

/// How a caller has said who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// None is needed here.
    None,
    Cookie,
    Token,
    Link,
}

#[derive(Debug)]
struct Who {
    tenant: Tenant,
    limits: Limits,
    operator: bool,
}

impl Caller {
    fn new(who: Who, login: Login) -> Self {
        Self { who: Arc::new(who), link: None, login }
    }

    pub fn tenant(&self) -> &Tenant {
        &self.who.tenant
    }

    pub fn limits(&self) -> Limits {
        self.who.limits
    }

    /// The link that it came by.
    pub fn link(&self) -> Option<&Link> {
        self.link.as_deref()
    }

    pub fn login(&self) -> Login {
        self.login
    }

    pub fn operates(&self) -> bool {
        self.who.operator
    }

    /// Fails unless the caller may act on the fleet as a whole.
    pub fn must_operate(&self) -> Result<(), Error> {
        if self.operates() {
            return Ok(());
        }
        Err(Error::forbidden("only a tenant with `operator = true` may act on the fleet"))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only if a route was put beside the layer: then nobody is anybody.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::unauthenticated("no token").into())
    }
}

/// All tokens, as hashes of one length, so that comparing tells nothing about them.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    known: Vec<Known>,
    /// Who speaks without a token, where that is allowed.
    anonymous: Option<Caller>,
    links: Links,
    cookies: Hkdf<Sha256>,
}

/// A token, and whom it is of.
struct Known {
    token: [u8; 32],
    cookie: [u8; 32],
    caller: Caller,
}

impl Tokens {
    pub fn new(tenants: &[TenantConfig], secret: &Secret) -> Self {
        let cookies = Hkdf::<Sha256>::new(Some(PURPOSE), secret.expose().as_bytes());
        let alone = tenants.len() <= 1;
        let mut known = Vec::new();
        let mut anonymous = None;
        for t in tenants {
            let who = Who { tenant: t.name.clone(), limits: t.limits, operator: t.operator || alone };
            let caller = Caller::new(who, Login::None);
            if t.tokens.is_empty() {
                anonymous = Some(caller.clone());
            }
            known.extend(t.tokens.iter().map(|s| Known {
                token: hash(s.expose()),
                cookie: hash(&cookie_of(&cookies, s.expose())),
                caller: caller.clone(),
            }));
        }
        if tenants.is_empty() {
            let who = Who { tenant: Tenant::default(), limits: Limits::default(), operator: true };
            anonymous = Some(Caller::new(who, Login::None));
        }
        Self(Arc::new(Inner { known, anonymous, links: Links::new(secret), cookies }))
    }

    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// The cookie for a token that is known; none where no token is needed.
    pub fn cookie(&self, token: &str) -> Result<Option<String>, Error> {
        if self.0.anonymous.is_some() {
            return Ok(None);
        }
        self.find(Login::Token, token)?;
        Ok(Some(cookie_of(&self.0.cookies, token)))
    }

    /// Who speaks. A token where none is needed is ignored.
    pub fn identify(&self, headers: &HeaderMap, uri: &Uri) -> Result<Caller, Error> {
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(link) = parameter(uri, "link")
        {
            return self.by_link(&link, uri.path());
        }
        if let Some(anonymous) = &self.0.anonymous {
            return Ok(anonymous.clone());
        }
        let (how, text) = match presented(headers, uri)? {
            Some(token) => (Login::Token, token),
            None => match cookie(headers) {
                Some(cookie) => (Login::Cookie, cookie),
                None => {
                    return Err(Error::unauthenticated(
                        "a token is needed: `Authorization: Bearer …`, or `?token=` where no header can be sent",
                    ));
                }
            },
        };
        self.find(how, &text)
    }

    fn find(&self, login: Login, text: &str) -> Result<Caller, Error> {
        let given = hash(text);
        let mut found = None;
        // Looks at all of them, so that the time taken does not tell which one came close.
        for known in &self.0.known {
            let expected = if login == Login::Cookie { known.cookie } else { known.token };
            if bool::from(expected.ct_eq(&given)) {
                found = Some(&known.caller);
            }
        }
        let what = if login == Login::Cookie { "login" } else { "token" };
        let caller = found.ok_or_else(|| Error::unauthenticated(format!("this {what} is not known")))?;
        Ok(Caller { login, ..caller.clone() })
    }

    fn by_link(&self, text: &str, path: &str) -> Result<Caller, Error> {
        let link = self.0.links.read(text, path, Timestamp::now())?;
        let mut tenants = self.0.known.iter().map(|known| &known.caller).chain(&self.0.anonymous);
        let Some(of) = tenants.find(|caller| *caller.tenant() == link.tenant) else {
            return Err(Error::unauthenticated("this link is of a tenant that is not known any more"));
        };
        let who = Who { tenant: link.tenant.clone(), limits: of.limits(), operator: false };
        Ok(Caller { who: Arc::new(who), link: Some(Arc::new(link)), login: Login::Link })
    }
}

fn cookie_of(key: &Hkdf<Sha256>, token: &str) -> String {
    let mut bytes = [0; 32];
    // So few bytes HKDF never refuses.
    let _ = key.expand(token.as_bytes(), &mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

fn parameter(uri: &Uri, wanted: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn presented(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, Error> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| Error::unauthenticated("an unreadable `Authorization`"))?;
        return match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Ok(Some(token.trim().to_owned()))
            }
            Some(_) | None => Err(Error::unauthenticated("`Authorization` must be `Bearer` and a token")),
        };
    }
    Ok(parameter(uri, "token"))
}

/// Layer: lets nobody through who is not known, or whose link is not for this, and tells handlers who calls.
pub async fn check(State(tokens): State<Tokens>, mut request: Request, next: Next) -> Response {
    match tokens.identify(request.headers(), request.uri()) {
        Ok(caller)
            if caller.link().is_some_and(|link| !link.allows(request.method(), request.uri().path())) =>
        {
            Problem(Error::forbidden("a link is not for this: it shows one session, to whom it was given"))
                .into_response()
        }
        Ok(caller) => {
            tracing::Span::current().record("tenant", tracing::field::display(caller.tenant()));
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => Problem(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware, routing::get};
    use tower::ServiceExt;

    use super::*;
    use crate::config::Secret;

    async fn ask(tokens: &Tokens, uri: &str, authorization: Option<&str>) -> (u16, String) {
        let app = Router::new()
            .route("/", get(|caller: Caller| async move { caller.tenant().to_string() }))
            .layer(middleware::from_fn_with_state(tokens.clone(), check));
        let mut request = Request::builder().uri(uri);
        if let Some(a) = authorization {
            request = request.header("authorization", a);
        }
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn two() -> Tokens {
        let tenant =
            |name: &str, token: &str| TenantConfig::new(Tenant::new(name).unwrap(), vec![Secret::new(token)]);
        Tokens::new(&[tenant("acme", "acme-token"), tenant("bolt", "bolt-token")], &Secret::new("fleet"))
    }

    #[tokio::test]
    async fn the_token_names_the_tenant() {
        let t = two();
        assert_eq!(ask(&t, "/", Some("Bearer acme-token")).await, (200, "acme".into()));
        assert_eq!(ask(&t, "/", Some("bearer bolt-token")).await, (200, "bolt".into()));
        assert_eq!(ask(&t, "/?a=1&token=bolt-token", None).await, (200, "bolt".into()));
    }

    #[tokio::test]
    async fn without_a_known_token_nobody_gets_in() {
        let t = two();
        for (uri, authorization) in [
            ("/", None),
            ("/", Some("Bearer ")),
            ("/", Some("Bearer acme-toke")),
            ("/", Some("Basic acme-token")),
            ("/", Some("acme-token")),
            ("/?token=", None),
            // A wrong header is not mended by a right parameter.
            ("/?token=acme-token", Some("Bearer nope")),
        ] {
            assert_eq!(ask(&t, uri, authorization).await.0, 401, "{uri} {authorization:?}");
        }
    }

    #[tokio::test]
    async fn without_tenants_it_is_the_default_one() {
        assert_eq!(ask(&Tokens::new(&[], &Secret::new("fleet")), "/", None).await, (200, "default".into()));
    }

    #[test]
    fn a_cookie_stands_for_its_token_and_is_none() {
        let (tokens, uri) = (two(), Uri::from_static("/"));
        let value = tokens.cookie("bolt-token").unwrap().unwrap();
        assert!(tokens.cookie("bolt-toke").is_err());
        let with = |text: &str| HeaderMap::from_iter([(header::COOKIE, text.parse().unwrap())]);
        let caller = tokens.identify(&with(&format!("a=b; rookery={value}; c=d")), &uri).unwrap();
        assert_eq!((caller.tenant().as_str(), caller.login()), ("bolt", Login::Cookie));
        for forged in
            [format!("rookery={value}0"), "rookery=bolt-token".into(), "rookery=".into(), "x".into()]
        {
            assert!(tokens.identify(&with(&forged), &uri).is_err(), "{forged}");
        }
        let as_token = Uri::try_from(format!("/?token={value}")).unwrap();
        assert!(tokens.identify(&HeaderMap::new(), &as_token).is_err());
        let another = Tokens::new(&[], &Secret::new("fleet"));
        assert_eq!(another.cookie("anything").unwrap(), None, "where none is needed there is none");
    }

    #[tokio::test]
    async fn a_link_opens_what_it_is_for_and_nothing_else() {
        use crate::security::link::Access;
        let id = bus_schema::SessionId::random(bus_schema::Region::default());
        let link = |tenant: &str, expires_at| Link {
            tenant: Tenant::new(tenant).unwrap(),
            session: id.clone(),
            access: Access::View,
            expires_at,
        };
        let soon = Timestamp::now().plus(std::time::Duration::from_secs(60));
        let open = Tokens::new(&[], &Secret::new("fleet"));
        for (tokens, tenant) in [(two(), "acme"), (open, "default")] {
            let app = Router::new()
                .fallback(|caller: Caller| async move { format!("{} {:?}", caller.tenant(), caller.login()) })
                .layer(middleware::from_fn_with_state(tokens.clone(), check));
            let ask = async |path: String| {
                let request = Request::builder().uri(path).body(Body::empty()).unwrap();
                app.clone().oneshot(request).await.unwrap().status().as_u16()
            };
            let text = tokens.links().sign(&link(tenant, soon));
            assert_eq!(ask(format!("/v1/sessions/{id}/ws?link={text}")).await, 200);
            assert_eq!(ask(format!("/v1/sessions/{id}/cdp?link={text}")).await, 403);
            assert_eq!(ask(format!("/v1/sessions?link={text}")).await, 401, "it names no session");
            let late = tokens.links().sign(&link(tenant, Timestamp(1)));
            assert_eq!(ask(format!("/v1/sessions/{id}/ws?link={late}")).await, 401);
            let gone = tokens.links().sign(&link("nobody", soon));
            assert_eq!(ask(format!("/v1/sessions/{id}/ws?link={gone}")).await, 401);
        }
    }
}
